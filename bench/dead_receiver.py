#!/usr/bin/env python3
"""What a receiver that is no more costs the lanes: dead_receiver.py [--rounds N] [--duration D].

Measures throughput with `ouzel bench` in turn: with a sink whose receiver takes every request and
never answers, with one whose port is closed, and with no sink. Prints the engine's CPU seconds for
a million events and its events a second, medians of the rounds, and their ratios to those without.
"""
import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUZEL = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build")) / "ouzel"
FIGURES = ("CPU-s per million events", "throughput, all on disk")
PIPELINE = """\
name: bench
schema:
  key: device_id
  time: ts
  fields:
    temperature: {type: number}
    humidity: {type: number}
    pressure: {type: number}
    vibration: {type: number}
features:
  - {of: [temperature, humidity, pressure, vibration], take: [mean, std, zscore], last: 64}
model: detector
time: {max_late: 100d}
"""
SINK = """\
sinks:
  - {{name: dead, http: {{url: "http://127.0.0.1:{port}/", retries: 1000}}, when: all}}
"""


def measure(folder, sinks, duration):
    """The FIGURES."""
    pipeline, figures = folder / "bench.yaml", folder / "figures.json"
    pipeline.write_text(PIPELINE + sinks)
    subprocess.run([OUZEL, "bench", "--pipeline", pipeline, "--only", "throughput", "--duration",
                    duration, "--dir", folder / "scratch", "--json", figures], check=True,
                   stdout=subprocess.DEVNULL)
    found = json.loads(figures.read_text())
    values = {one["name"]: one["value"] for one in found["figures"]}
    return [values[name] for name in FIGURES]


def rotated(names, by):
    by %= len(names)
    return names[by:] + names[:by]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration", default="10s")
    options = parser.parse_args()
    # The backlog of one takes what it is sent and says nothing; the other refuses.
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hangs, \
            socket.socket() as closed, tempfile.TemporaryDirectory(prefix="ouzel-dead-") as folder:
        closed.bind(("127.0.0.1", 0))
        cases = {"none": "", "hangs": SINK.format(port=hangs.getsockname()[1]),
                 "refuses": SINK.format(port=closed.getsockname()[1])}
        found = {name: [] for name in cases}
        for number in range(options.rounds):
            for name in rotated(list(cases), number):   # no case is always the first
                found[name].append(measure(pathlib.Path(folder), cases[name], options.duration))
        hangs.settimeout(1)
        hangs.accept()   # The sink was there, and tried.
    middle = {name: [statistics.median(one) for one in zip(*values)]
              for name, values in found.items()}
    cpu_without, rate_without = middle["none"]
    for name, (cpu, rate) in middle.items():
        print(f"{name:8} {cpu:.2f} CPU-s per million, {cpu / cpu_without:.2f} times "
              f"({' '.join(f'{one:.2f}' for one, _ in found[name])}); "
              f"{rate:.0f} ev/s, {rate / rate_without:.2f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
