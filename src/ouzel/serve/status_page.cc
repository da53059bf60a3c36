#include "ouzel/serve/status_page.h"

#include <string_view>

namespace ouzel {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ouzel</title>
<link rel="stylesheet" href="/status.css">
</head>
<body>
<header><h1>ouzel</h1><p id="about">connecting …</p></header>
<main>
<section id="figures" aria-label="Figures"></section>
<h2>Partitions</h2>
<table><thead><tr><th>partition<th>state<th class="n">accepted<th class="n">scored
<th class="n">rejected<th class="n">in flight<th class="n">keys</tr></thead>
<tbody id="lanes"></tbody></table>
<h2>Latest anomalies</h2>
<table><thead><tr><th>time<th>key<th class="n">score<th>route<th>because of</tr></thead>
<tbody id="anomalies"></tbody></table>
<p><a href="/metrics">metrics</a> · <a href="/readyz?verbose">health</a> ·
<a href="/api/v1/status">status</a> · <a href="/api/v1/outcomes">outcomes</a> ·
<a href="/api/v1/pipeline">pipeline</a></p>
</main>
<script src="/status.js"></script>
</body>
</html>
)html";

constexpr std::string_view kStyle = R"css(:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; }
header { display: flex; align-items: baseline; gap: 1rem; }
h1 { margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
#about { color: GrayText; }
#figures { display: grid; gap: .75rem; margin-top: 1rem;
           grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); }
#figures div { border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
               border-radius: .5rem; padding: .5rem .75rem; }
#figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
#figures span { color: GrayText; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .75rem .2rem 0; }
th { color: GrayText; font-weight: normal; }
.n { text-align: right; }
.stopped { color: #c22; font-weight: bold; }
)css";

constexpr std::string_view kScript = R"js('use strict';
const of = id => document.getElementById(id);
const whole = n => Math.round(n).toLocaleString('en');
const ms = n => n.toPrecision(2) + ' ms';
let before = null;

function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text;
  if (name) td.className = name;
}
function rows(id, list, fill) {
  const body = document.createElement('tbody');
  body.id = id;
  for (const one of list) fill(body.insertRow(), one);
  of(id).replaceWith(body);
}
function figures(list) {
  of('figures').replaceChildren(...list.map(([name, text]) => {
    const box = document.createElement('div');
    const value = document.createElement('b');
    const label = document.createElement('span');
    value.textContent = text;
    label.textContent = name;
    box.append(value, label);
    return box;
  }));
}
function show(now) {
  const passed = before ? now.uptime_s - before.uptime_s : 0;
  const rate = passed > 0 ? (now.accepted - before.accepted) / passed : 0;
  before = now;
  of('about').textContent = now.pipeline + ' · ' + now.model.name + ' v' + now.model.version +
      ' · up ' + whole(now.uptime_s) + ' s';
  figures([['events/s', whole(rate)], ['accepted', whole(now.accepted)],
           ['scored', whole(now.scored)], ['rejected', whole(now.rejected)],
           ['in flight', whole(now.in_flight)], ['duplicates', whole(now.duplicates)],
           ['alerts', whole(now.alerts)], ['keys', whole(now.keys)],
           ['latency p50', ms(now.latency_ms.p50)], ['latency p99', ms(now.latency_ms.p99)]]);
  rows('lanes', now.lanes, (row, lane) => {
    cell(row, lane.partition);
    cell(row, lane.why ? lane.state + ': ' + lane.why : lane.state, lane.state);
    for (const name of ['accepted', 'scored', 'rejected', 'in_flight', 'keys']) {
      cell(row, whole(lane[name]), 'n');
    }
  });
}
function showAnomalies(page) {
  rows('anomalies', page.outcomes.reverse(), (row, {data}) => {
    cell(row, data.event.time);
    cell(row, data.event.key);
    cell(row, data.score.toFixed(3), 'n');
    cell(row, data.route);
    cell(row, (data.reasons || []).map(reason => reason.feature).join(', '));
  });
}
async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path + ': ' + answer.status);
  return answer.json();
}
async function poll() {
  try {
    show(await ask('/api/v1/status'));
    showAnomalies(await ask('/api/v1/outcomes?label=anomaly&limit=12'));
  } catch (error) {
    before = null;
    of('about').textContent = 'no answer: ' + error.message;
  }
  setTimeout(poll, document.hidden ? 10000 : 1000);
}
poll();
)js";

http::Handler serve(std::string_view type, std::string_view content) {
  return [type, content](const http::Request&, http::Responder responder) {
    http::Response out{.content_type = std::string(type), .body = std::string(content)};
    out.headers.emplace_back("Content-Security-Policy",
                             "default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    out.headers.emplace_back("Referrer-Policy", "no-referrer");
    out.headers.emplace_back("Cache-Control", "no-cache");
    responder.send(std::move(out));
  };
}

}  // namespace

void add_status_page(http::Router& router) {
  router.add({.path = "/", .handler = serve("text/html; charset=utf-8", kPage)});
  router.add({.path = "/status.css", .handler = serve("text/css; charset=utf-8", kStyle)});
  router.add({.path = "/status.js", .handler = serve("text/javascript; charset=utf-8", kScript)});
}

}  // namespace ouzel
