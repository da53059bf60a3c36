"""Vectors that others wrote, sent over HTTP. Each class writes its page of docs/conformance if
OUZEL_WRITE_DOCS is set; otherwise it fails where the page no longer holds."""
import json
import os
import pathlib
import re
import unittest

import scenarios
from engine import ROOT, Engine
from place import InScratch

SHARED = pathlib.Path(os.environ.get("OUZEL_SHARED", ROOT.parent / "shared")) / "conformance"
PAGES = ROOT / "docs" / "conformance"
PIPELINE = """
name: vectors
source: {http: {}}
schema:
  key: ce.id
  fields:
    x: {type: number, required: false}
features:
  - {of: x, take: [mean], last: 4}
model: detector
limits: {depth: 512}
"""
HOW = ("\n`OUZEL_WRITE_DOCS=1 tests/e2e/run.py Conformance` writes this page; without "
       "the variable the\nsame tests fail where it no longer holds.\n")


class Vectors(InScratch):
    folder_of_vectors = ""

    def setUp(self):
        super().setUp()
        self.vectors = SHARED / self.folder_of_vectors
        if not self.vectors.is_dir():
            self.skipTest(f"no vectors in {self.vectors}; OUZEL_SHARED names the folder above")
        self.engine = Engine(self.write("pipeline.yaml", PIPELINE), self.folder / "data")
        self.addCleanup(self.engine.kill)
        self.connection = self.engine.connect()

    def post(self, body, headers):
        """accepted, or why not."""
        status, text, _ = self.connection.ask("POST", "/events", body, headers)
        if status == 202:
            return "accepted"
        self.assertEqual(status, 400, text)
        return json.loads(text)["refused"][0]["reason"]

    def shown(self, count):
        """{id: event} as tap shows them."""
        events = map(json.loads, self.engine.settled("events", count))
        return {event["id"]: event for event in events}

    def judge_page(self, name, text):
        path = PAGES / name
        if os.environ.get("OUZEL_WRITE_DOCS"):
            path.write_text(text)
        self.assertEqual(path.read_text() if path.exists() else "", text,
                         f"{path.relative_to(ROOT)}: write it anew and judge the difference")


class JsonConformance(Vectors):
    """JSONTestSuite: as a plain payload, and as the data of a CloudEvent in binary mode."""
    folder_of_vectors = "json"

    def verdicts(self, path, number):
        body = path.read_bytes()
        plain = self.post(body, {"Content-Type": "application/json",
                                 "Idempotency-Key": f"plain-{number}"})
        binary = self.post(body, {"Content-Type": "application/json", "ce-specversion": "1.0",
                                  "ce-type": "t", "ce-source": "/s", "ce-id": f"binary-{number}"})
        if body:   # In binary mode an empty body is an event without data.
            self.assertEqual(plain, binary, path.name)
        return plain

    def test_vectors(self):
        rows, counts = {}, {}
        for number, path in enumerate(sorted(self.vectors.glob("test_*/*.json"))):
            verdict = self.verdicts(path, number)
            self.assertIn(verdict, ("accepted", "malformed"), path.name)
            kind = path.name[0] if path.parent.name == "test_parsing" else "transform"
            if kind in "yn":
                self.assertEqual(verdict, "accepted" if kind == "y" else "malformed", path.name)
            rows.setdefault(kind, []).append((path.stem, verdict))
            counts.setdefault(kind, {"accepted": 0, "malformed": 0})[verdict] += 1
        self.assertEqual(sum(len(some) for some in rows.values()), 318 + 22)
        text = ("# JSON: verdicts\nEvery document of JSONTestSuite, sent to `POST /events` as a "
                "payload and as the data of a CloudEvent in\nbinary mode; both are told the same."
                + HOW + "\n| documents | number | accepted | refused as malformed |\n"
                "|---|---:|---:|---:|\n")
        names = {"y": "that a parser must accept", "n": "that a parser must refuse",
                 "i": "on which a parser may decide", "transform": "on which parsers disagree"}
        for kind, name in names.items():
            made = counts[kind]
            text += (f"| {name} | {len(rows[kind])} | {made['accepted']} | "
                     f"{made['malformed']} |\n")
        for kind in ("i", "transform"):
            text += f"\n## {names[kind].capitalize()}\n| document | verdict |\n|---|---|\n"
            text += "".join(f"| {name} | {verdict} |\n" for name, verdict in rows[kind])
        text += ("\nAn accepted document that is no object, or has a member twice that the schema "
                 "reads, becomes an outcome\nwith status `rejected`, reason `schema`.\n")
        self.judge_page("json.md", text)


def parse_request(text):
    """Header fields and body of a request as the feature prints it."""
    margin = re.match(r" *", text).group()
    lines = [line.removeprefix(margin) for line in text.split("\n")]
    blank = lines.index("")
    headers = dict(line.split(": ", 1) for line in lines[1:blank])
    for name in ("Host", "Content-Length"):   # Those of the printed form.
        headers.pop(name)
    return headers, "\n".join(lines[blank + 1:]).encode()


def yaml_events(text):
    """Events of a conformance file: two levels of `name: value`, and blocks behind `|`."""
    for document in re.split(r"^---$", text, flags=re.M):
        event, data = {}, None
        for name, value, block in re.findall(
                r'^ *([A-Za-z0-9]+) ?:(?: *([^|\n]*)| \|\n((?:    .*\n?|  .*\n?)+))$',
                document, re.M):
            value = block.strip() + "\n" if block else value.strip('"')
            if name == "Data":
                data = value
            elif name not in ("Mode", "ContextAttributes", "Extensions", "TransportExtensions",
                              "agent"):
                event[name] = value.rstrip("\n")
        if "id" in event:
            yield event, data


class CloudEventsConformance(Vectors):
    folder_of_vectors = "cloudevents"

    def check(self, event, wanted, data):
        got = {name: value for name, value in event.items()
               if name not in ("data", "ouzelposition")}
        self.assertEqual(got, wanted)
        self.assertEqual(event.get("data"), data)

    def test_vectors(self):
        table = []
        for feature in sorted(self.vectors.glob("features/*.feature")):
            for scenario in scenarios.read(feature.read_text()):
                verdict = "passed (tests/kafka)"
                if feature.name.startswith("http"):
                    headers, body = parse_request(scenario.message)
                    marked = f"{len(table)}"
                    headers = {k: marked if k == "ce-id" else v for k, v in headers.items()}
                    body = body.replace(b"1234-1234-1234", marked.encode())
                    self.assertEqual(self.post(body, headers), "accepted",
                                     scenario.name)
                    self.check(self.shown(len(table) + 1)[marked],
                               {**scenario.wanted, "id": marked}, scenario.data)
                    verdict = "passed"
                table.append((feature.stem, scenario.name, verdict))
        self.assertEqual(len(table), 7)
        files = sorted(self.vectors.glob("yaml/**/*.yaml"))
        for file in files:
            for number, (event, data) in enumerate(yaml_events(file.read_text())):
                self.both_modes(event, data, f"{file.stem}-{number}")
                table.append((file.stem, f"event {number + 1}, binary and structured", "passed"))
        self.assertGreater(len(table), 12)
        text = ("# CloudEvents: verdicts\nThe scenarios and sample events of the CloudEvents "
                "conformance suite, sent to `POST /events`; what `ouzel tap\nevents` shows has the "
                "same attributes and data." + HOW + "\n| file | scenario | verdict |\n"
                "|---|---|---|\n")
        text += "".join(f"| {file} | {name} | {verdict} |\n" for file, name, verdict in table)
        self.judge_page("cloudevents.md", text)

    def both_modes(self, event, data, marked):
        """A sample event with an id of its own, in both modes."""
        kind = event.get("datacontenttype", "application/json")
        is_json = kind.startswith("application/json")
        body = data.encode()
        for mode in ("binary", "structured"):
            sent = {**event, "id": f"{mode}-{marked}"}
            if mode == "binary":
                headers = {"ce-" + name: percent_encoded(value) for name, value in sent.items()
                           if name != "datacontenttype"}
                self.assertEqual(self.post(body, {**headers, "Content-Type": kind}), "accepted")
                sent["datacontenttype"] = kind
            else:
                whole = {**sent, "data": json.loads(data) if is_json else data}
                self.assertEqual(self.post(json.dumps(whole).encode(),
                                           {"Content-Type": "application/cloudevents+json"}),
                                 "accepted")
            self.count = getattr(self, "count", 4) + 1
            self.check(self.shown(self.count)[sent["id"]], sent,
                       json.loads(data) if is_json else data)


def percent_encoded(text):
    return "".join(c if "!" <= c <= "~" and c not in '"%' else
                   "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)


def is_uri_reference(text):
    """The rule of the door: no byte that RFC 3986 has no place for, and % with two digits."""
    return bool(text) and not re.search(r'[\x00-\x20\x7f"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})', text)


class StringsConformance(Vectors):
    """The big list of naughty strings as ids, keys, sources, attribute values and names."""
    folder_of_vectors = "strings"

    def structured(self, event):
        return self.post(json.dumps(event).encode(),
                         {"Content-Type": "application/cloudevents+json"})

    def test_vectors(self):
        strings = json.loads((self.vectors / "blns.json").read_text())
        self.assertEqual(len(strings), 515)
        counts = {}

        def judged(where, wanted, got, string):
            self.assertEqual(got, "accepted" if wanted else "envelope", (where, string))
            row = counts.setdefault(where, {"accepted": 0, "envelope": 0})
            row[got] += 1
        base = {"specversion": "1.0", "type": "t", "source": "/s"}
        wanted = {}
        for number, string in enumerate(strings):
            name = f"n{number}"
            for where, event, fits in (
                    ("source", {**base, "id": name, "source": string}, is_uri_reference(string)),
                    ("id, which is the key", {**base, "id": f"{name} {string}"}, True),
                    ("attribute value", {**base, "id": name + "v", "plant": string}, True),
                    ("attribute name", {**base, "id": name + "a", string: "v"},
                     bool(re.fullmatch("[a-z0-9]+", string))),
                    ("name and text in the data", {**base, "id": name + "d",
                                                   "data": {string: string}}, True)):
                judged(where, fits, self.structured(event), string)
                if fits:
                    wanted[event["id"]] = event
            event = {**base, "id": f"{name} binary {string}", "plant": string}
            headers = {"ce-" + key: percent_encoded(value) for key, value in event.items()}
            judged("binary mode", True, self.post(b"", headers), string)
            wanted[event["id"]] = event
        got = self.shown(len(wanted))
        for identity, event in wanted.items():
            shown = {k: v for k, v in got[identity].items() if k != "ouzelposition"}
            self.assertEqual(shown, event)
        keys = {json.loads(line)["data"]["event"]["key"]
                for line in self.engine.settled("outcomes", len(wanted))}
        self.assertEqual(keys, set(wanted))
        text = ("# Strings that break software: verdicts\nThe 515 strings of the big list of "
                "naughty strings, in every place of an event. An accepted one is shown\nby `tap` "
                "just as it was sent." + HOW + "\n| place | accepted | refused by the rules of "
                "CloudEvents |\n|---|---:|---:|\n")
        text += "".join(f"| {where} | {row['accepted']} | {row['envelope']} |\n"
                        for where, row in counts.items())
        self.judge_page("strings.md", text)



def load_tests(loader, _, __):
    """Vectors itself is no test."""
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in
                              (JsonConformance, CloudEventsConformance, StringsConformance))
