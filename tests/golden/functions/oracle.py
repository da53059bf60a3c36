#!/usr/bin/env python3
"""Works the features of this case out anew, from the whole past of each key, and compares them with
expect.ndjson. Exit 1 with the first difference."""
import datetime
import json
import math
import pathlib
import struct
import sys
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
WORDS = ["idle", "run", "clean"]
PANE_NS = 120_000_000_000 // 16


def nearest_float(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def nanoseconds(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(time.timestamp() * 1000) * 1_000_000


def trend(points):
    """rate, slope; points in the order of acceptance."""
    if len({time for time, _ in points}) < 2:
        return None, None
    oldest = min(points, key=lambda p: p[0])
    newest = max(reversed(points), key=lambda p: p[0])
    rate = (newest[1] - oldest[1]) / ((newest[0] - oldest[0]) * 1e-9)
    times = [(time - points[0][0]) * 1e-9 for time, _ in points]
    mean_time, mean = sum(times) / len(times), sum(x for _, x in points) / len(points)
    squares = sum((t - mean_time) ** 2 for t in times)
    products = sum((t - mean_time) * (p[1] - mean) for t, p in zip(times, points))
    return rate, products / squares


def window_features(points, name, tenths):
    values = sorted(x for _, x in points)
    rate, slope = trend(points)
    return {f"x_range_{name}": values[-1] - values[0] if values else None,
            f"x_rate_{name}": rate, f"x_slope_{name}": slope,
            f"x_q{10 * tenths}_{name}":
                values[math.ceil(len(values) * tenths / 10) - 1] if values else None,
            f"x_distinct_{name}": len(set(values))}


def since(past, time, has):
    times = [event["ns"] for event in past if has(event)]
    return (time - max(times)) / 1e9 if times else None


def features(past, event):
    """Of `event`; past: the key's earlier events, in the order of acceptance."""
    ns, x, y, mode = event["ns"], event.get("x"), event["y"], event.get("mode")
    upto = past + [event]
    points = [(e["ns"], nearest_float(e["x"])) for e in upto if "x" in e]
    # A value older than the window when it came was never in it.
    newest, within = None, []
    for e in upto:
        newest = max(newest or e["ns"], e["ns"])
        if e["ns"] // PANE_NS >= newest // PANE_NS - 16:
            within.append(e)
    within = [e for e in within if e["ns"] // PANE_NS >= newest // PANE_NS - 16]
    out = window_features(points[-8:], "8", 9)
    out["x_since"] = since(past, ns, lambda e: "x" in e)
    out |= window_features([(e["ns"], nearest_float(e["x"])) for e in within if "x" in e], "2m", 5)
    earlier = [e["x"] for e in past if "x" in e]
    out["x_lag2"] = earlier[-2] if len(earlier) > 1 else None
    out["mode_distinct_4"] = len(set([e["mode"] for e in upto if "mode" in e][-4:]))
    out["mode_distinct_2m"] = len({e["mode"] for e in within if "mode" in e})
    out["mode_since"] = since(past, ns, lambda e: "mode" in e)
    out["mode_ordinal"] = WORDS.index(mode) if mode else None
    out |= {f"mode_is_{word}": int(mode == word) for word in WORDS}
    out["since"] = since(past, ns, lambda e: True)
    local = datetime.datetime.fromtimestamp(ns / 1e9, zoneinfo.ZoneInfo("Europe/Berlin"))
    out["hour"], out["weekday"] = local.hour, local.weekday()
    out["ratio_x_y"] = x / y if x is not None and y != 0 else None
    out["difference_y_x_q90_8"] = None if out["x_q90_8"] is None else y - out["x_q90_8"]
    return out


def same(a, b):
    return a is b is None or (None not in (a, b) and math.isclose(a, b, rel_tol=1e-9,
                                                                  abs_tol=1e-12))


def main():
    expected = {}
    for line in (HERE / "expect.ndjson").read_text().splitlines():
        data = json.loads(line)["data"]
        expected[data["event"]["id"]] = data["features"]
    past = {}
    for line in (HERE / "input.ndjson").read_text().splitlines():
        event = json.loads(line)
        mine = {"ns": nanoseconds(event["time"]), **event["data"]}
        before = past.setdefault(mine["device_id"], [])
        wanted, got = features(before, mine), expected[event["id"]]
        before.append(mine)
        if wanted.keys() != got.keys():
            sys.exit(f"names: expected {sorted(wanted)}, got {sorted(got)}")
        for name, value in wanted.items():
            if not same(value, got[name]):
                sys.exit(f"event {event['id']}, {name}: expected {value}, got {got[name]}")


if __name__ == "__main__":
    main()
