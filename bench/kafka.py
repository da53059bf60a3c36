#!/usr/bin/env python3
"""Measures one worker on a real broker of its own: kafka.py [--events N] [--json FILE].

Throughput: a topic is filled first, then a worker catches up; broker and worker share this machine,
and each one's CPU seconds are told apart. Latency: what `ouzel bench` says at 5,000 events a
second, open loop, from when an event is due to a reader of committed outcomes.
Needs what `scripts/setup kafka` installs; exit 69 where it is absent.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "kafka"))
import broker  # noqa: E402

OUZEL = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build")) / "ouzel"
PARTITIONS, DEVICES = 4, 1000
LATENCY_RATE, LATENCY_S = 5000, 12
WAIT_S = 180
TICKS = os.sysconf("SC_CLK_TCK")
PIPELINE = """\
name: bench
source: {{kafka: {{topic: {topic}, guarantee: {guarantee}, outcomes: {topic}-outcomes,
                  rejects: {topic}-rejects, journal: {topic}-journal,
                  models: {topic}-models, group: {topic}}}}}
schema:
  key: device_id
  time: {time}
  fields:
    temperature: {{type: number}}
    humidity: {{type: number}}
    pressure: {{type: number}}
    vibration: {{type: number}}
features:
  - {{of: [temperature, humidity, pressure, vibration], take: [mean, std, zscore], last: 64}}
time: {{max_late: 100d}}
serve: {{listen: "127.0.0.1:0"}}
kafka: {{bootstrap.servers: "{bootstrap}"}}
"""


def event(number, at):
    return json.dumps({"device_id": f"device-{number % DEVICES:04d}", "ts": at,
                       "temperature": 20 + number % 17 * 0.25, "humidity": 40 + number % 11 * 0.5,
                       "pressure": 2 + number % 13 * 0.125,
                       "vibration": 1 + number % 7 * 0.5, "site": "hall-3/line-12"}).encode()


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Worker:
    def __init__(self, folder, cluster, topic, guarantee, event_time="ts"):
        for name, partitions in ((topic, PARTITIONS), (f"{topic}-outcomes", PARTITIONS),
                                 (f"{topic}-rejects", PARTITIONS), (f"{topic}-journal", 1),
                                 (f"{topic}-models", 1)):
            cluster.create_topic(name, partitions=partitions)
        self.pipeline, self.log = folder / f"{topic}.yaml", folder / f"{topic}.log"
        self.pipeline.write_text(PIPELINE.format(topic=topic, guarantee=guarantee, time=event_time,
                                                 bootstrap=cluster.bootstrap))
        self.data = folder / f"{topic}-data"

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(OUZEL), "run", str(self.pipeline), "--data-dir", str(self.data)],
                stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            text = self.log.read_text(errors="replace")
            if "listening on http://" in text:
                said = text.split("listening on http://")[1]
                self.url = "http://" + said.split('"')[0].split()[0]
                return self
            time.sleep(0.01)
        raise SystemExit("bench: the worker does not listen:\n" + self.log.read_text())

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(40) != 0:
            raise SystemExit("bench: the worker failed:\n" + self.log.read_text())

    def done(self):
        with urllib.request.urlopen(self.url + "/api/v1/status") as answer:
            return sum(lane["scored"] + lane["rejected"] for lane in json.load(answer)["lanes"])


def throughput(folder, cluster, guarantee, count):
    import confluent_kafka
    topic = f"fill-{guarantee.replace('_', '-')}"
    with_worker = Worker(folder, cluster, topic, guarantee)
    producer = confluent_kafka.Producer({
        "bootstrap.servers": cluster.bootstrap, "partitioner": "murmur2_random", "linger.ms": 20,
        "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000})
    for number in range(count):
        stamp = f"2026-03-01T{number // 3_600_000 % 24:02d}:{number // 60_000 % 60:02d}:" \
                f"{number // 1000 % 60:02d}Z"
        producer.produce(topic, key=b"device-%04d" % (number % DEVICES),
                         value=event(number, stamp))
        if number % 10_000 == 0:
            producer.poll(0)
    if producer.flush(60):
        raise SystemExit("bench: the topic could not be filled")
    with with_worker as worker:
        end = time.monotonic() + WAIT_S
        while (first := worker.done()) == 0 and time.monotonic() < end:
            time.sleep(0.02)
        began, own, theirs = time.monotonic(), cpu_s(worker.process.pid), cluster.cpu_s()
        while (done := worker.done()) < count:
            if time.monotonic() > end:
                raise SystemExit(f"bench: {done} of {count} outcomes in {WAIT_S} s")
            time.sleep(0.05)
        took, million = time.monotonic() - began, (done - first) / 1e6
        return {"rate": (done - first) / took,
                "cpu": (cpu_s(worker.process.pid) - own) / million,
                "broker": (cluster.cpu_s() - theirs) / million}


def latency(folder, cluster, guarantee):
    topic = f"late-{guarantee.replace('_', '-')}"
    figures = folder / "figures.json"
    with Worker(folder, cluster, topic, guarantee, event_time="ce.time") as worker:
        subprocess.run([OUZEL, "bench", "--pipeline", worker.pipeline, "--only", "latency",
                        "--duration", f"{LATENCY_S}s", "--devices", str(DEVICES), "--json",
                        figures], check=True, stdout=subprocess.DEVNULL)
    found = {figure["name"]: figure["value"]
             for figure in json.loads(figures.read_text())["figures"]}
    return {name: found[f"event to outcome {name}, {LATENCY_RATE} ev/s"]
            for name in ("p50", "p99")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_500_000)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    try:
        python = broker.clients_python()
        broker.require()
    except broker.Unavailable as error:
        print(f"bench: Kafka is not measured: {error}", file=sys.stderr)
        return 69
    if "OUZEL_BENCH_KAFKA" not in os.environ:   # once more, with the interpreter of the clients
        environment = {**os.environ, "OUZEL_BENCH_KAFKA": "1"}
        return subprocess.run([python, __file__, *sys.argv[1:]], env=environment,
                              check=False).returncode
    out = {}
    with tempfile.TemporaryDirectory() as folder, broker.Cluster(throughput=True) as cluster:
        for guarantee in ("at_least_once", "exactly_once"):
            out[guarantee] = {
                **throughput(pathlib.Path(folder), cluster, guarantee, options.events),
                **latency(pathlib.Path(folder), cluster, guarantee)}
    text = json.dumps(out, indent=1)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
