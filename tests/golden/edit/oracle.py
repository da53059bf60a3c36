#!/usr/bin/env python3
"""Works the thresholds and features of this case out anew, event by event, and compares them with
expect.ndjson. Exit 1 with the first difference."""
import csv
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The first event of each plan: its threshold, its table, and whether its features are the first.
PLANS = [(0, 0.9, "loads.csv", True), (90, 0.4, "loads.csv", True),
         (150, 0.4, "edit_2/loads.csv", True), (200, 0.4, "edit_2/loads.csv", False)]


def nearest_float(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def loads(name):
    with open(HERE / name, newline="") as file:
        return {row["device"]: float(row["load"]) for row in csv.DictReader(file)}


def last_loads(past, plan, tables):
    """A state that went on holds what the table said then; one that was made anew, what it says
    now. A device without a row has no load."""
    found = [tables[plan[2] if not plan[3] else then[2]].get(event["device"])
             for event, then in past]
    return [load for load in found if load is not None][-4:]


def features(past, plan, tables):
    xs = [nearest_float(event["x"]) for event, _ in past]
    window = last_loads(past, plan, tables)
    out = {"load_last_4": window[-1] if window else None,
           "load_mean_4": sum(window) / len(window) if window else None}
    if plan[3]:
        return {"x_count_50": len(xs[-50:]), "x_mean_50": sum(xs[-50:]) / len(xs[-50:]), **out}
    return {"x_count_60": len(xs[-60:]), "x_max_60": max(xs[-60:]), **out}


def main():
    tables = {plan[2]: loads(plan[2]) for plan in PLANS}
    lines = (HERE / "expect.ndjson").read_text().splitlines()
    expected = {int(one["event"]["id"]): one for one in (json.loads(l)["data"] for l in lines)}
    past = {}
    for number, line in enumerate((HERE / "input.ndjson").read_text().splitlines()):
        event = json.loads(line)["data"]
        plan = [plan for plan in PLANS if plan[0] <= number][-1]
        own = past.setdefault(event["device"], [])
        own.append((event, plan))
        got = expected[number]
        if got["threshold"] != plan[1]:
            sys.exit(f"event {number}: threshold {got['threshold']}, expected {plan[1]}")
        for name, value in features(own, plan, tables).items():
            has = got["features"].get(name)
            same = has is None if value is None else (
                has is not None and abs(has - value) <= 1e-6 * max(1, abs(value)))
            if not same:
                sys.exit(f"event {number}: {name} is {has}, expected {value}")


if __name__ == "__main__":
    main()
