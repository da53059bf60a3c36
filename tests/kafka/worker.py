"""A worker of the pipeline under test: a process that is killed, paused and started again."""
import json
import os
import random
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import broker

BUILD = broker.pathlib.Path(os.environ.get("OUZEL_BUILD", broker.ROOT / "build"))
STOP_S = 40
LISTENING = re.compile(rb"listening on http://127\.0\.0\.1:(\d+)")

# What feeder.py writes and judge.py works out; the whole state of a key shows in each outcome.
PIPELINE = """\
name: crash
source:
  kafka:
    topic: {topic}
    group: {name}
    outcomes: {name}-outcomes
    rejects: {name}-rejects
    journal: {name}-journal
    models: {name}-models
    snapshots: {snapshots}
schema:
  key: device
  time: ts
  fields:
    u: {{type: number, min: 0}}
    n: {{type: number, min: 0}}
    v: {{type: number, min: -1000, max: 1000}}
time: {{max_future: 5m, max_late: 60s}}
features:
  - {{of: [n, v], take: [count, sum, last, delta, min, max, mean, std, ewma, zscore], last: 8}}
  - {{of: v, take: [count, sum, min, max], over: 20s}}
model: detector
decide: {{include_features: true}}
limits: {{keys: 10000, snapshot_bytes: 64KiB}}
kafka:
  bootstrap.servers: {bootstrap}
{kafka}"""

# A plan of two files: the pipeline and loads.csv beside it.
WITH_TABLE = """\
name: {name}
source:
  kafka: {{topic: {name}-events, snapshots: {snapshots}}}
schema:
  key: device
  time: ts
  fields: {{v: number}}
enrich: [{{table: loads.csv, key: device, add: [load]}}]
features:
  - {{ratio: [v, load]}}
decide: {{threshold: {threshold}, review: 0.1, include_features: true}}
limits: {{partitions: {partitions}}}
kafka: {{bootstrap.servers: "{bootstrap}"}}
"""


def program(hooks=False):
    return BUILD / ("ouzel_hooks" if hooks else "ouzel")


def pipeline_text(name, topic, bootstrap, snapshots, **kafka):
    """`name`: of the group and of the topics it writes; `kafka`: further settings of librdkafka,
    with _ for the dots."""
    lines = "".join(f"  {key.replace('_', '.')}: {value}\n" for key, value in kafka.items())
    return PIPELINE.format(name=name, topic=topic, bootstrap=bootstrap, snapshots=snapshots,
                           kafka=lines)


def ready(url):
    """(status, text) of /readyz?verbose."""
    try:
        with urllib.request.urlopen(url + "/readyz?verbose", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def in_force(url):
    """(plan, threshold) that it decides by; None: it does not say."""
    try:
        with urllib.request.urlopen(url + "/api/v1/pipeline", timeout=5) as answer:
            found = json.load(answer)
        return found["plan"], found["threshold"]
    except (OSError, TypeError):
        return None


class Worker:
    """Lives over one data directory; whoever makes one calls `end`."""

    def __init__(self, folder, number, pipeline, hooks=False):
        self.pipeline, self.hooks = pipeline, hooks
        self.data_dir = folder / f"data-{number}"
        self.log_path = folder / f"worker-{number}.log"
        self.process = None
        self.paused = False

    def start(self, environment=None):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("OUZEL_")}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program(self.hooks), "run", self.pipeline, "--data-dir", self.data_dir,
                 "--listen", "127.0.0.1:0", "--log-format", "json"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**clean, **(environment or {})})
        self.paused = False
        return self

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.paused = True
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.paused = False
        self.signal(signal.SIGCONT)

    def stop(self):
        """Its exit code; None if it had to be killed."""
        self.signal(signal.SIGTERM)
        if self.paused:
            self.resume()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def end(self):
        if self.alive:
            self.kill()

    @property
    def url(self):
        """Of this life's API; None while it has none."""
        found = LISTENING.findall(self.log_path.read_bytes())
        return f"http://127.0.0.1:{found[-1].decode()}" if found else None

    def says(self):
        """What it thinks of itself: /readyz, and the end of its log."""
        try:
            state = ready(self.url)[1] if self.alive and self.url else "no process, or no door"
        except OSError as error:
            state = f"no answer: {error}"
        return f"{self.log_path.name}:\n{state}\n{self.log_tail()}"

    def log_tail(self, lines=15):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
