"""A campaign: one topic under load, two workers and what is done to them, and the count in the end.

A mode is a class with `disturb`, which does one thing to workers, brokers or connections; `run`
calls it until there were as many as wanted, lets everything come to rest and judges.
"""
import pathlib
import random
import re
import shutil
import tempfile
import time
from collections import Counter

import clients
import feeder
import judge
import worker

PARTITIONS = 4
SESSION_MS = 3000
REST_S = 120
ANSWER_S = 60
SANITIZER = re.compile(r"^.*(?:Sanitizer: |runtime error: ).*$", re.M)


class Campaign:
    """Owns its folder, its workers and its feeder; a context manager. `cluster` must outlive it,
    and hold no topics of this name."""
    nodes = 1             # of the cluster
    workers_count = 2
    hooks = False
    door = "port"         # of the brokers, for the workers
    rate = 400            # events a second
    kafka = {}            # more settings for the workers
    must_count = ()       # of `figures`: without them nothing was tested
    tell = None           # called with a line after each disturbance

    def __init__(self, cluster, name, seed, counts, environment=None):
        self.cluster, self.name, self.counts = cluster, name, counts
        self.random = random.Random(seed)
        self.environment = environment or {}
        self.figures = Counter()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ouzel-kafka-crash-"))
        self.topic = f"{name}-events"
        self.workers = [worker.Worker(self.folder, number, self.pipeline(name), self.hooks)
                        for number in range(self.workers_count)]
        self.feeder = None
        self.slowest_ms = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.feeder is not None:
            self.feeder.stopping.set()
        for one in self.workers:
            one.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def line(self):
        done = ", ".join(f"{count} {name}" for name, count in self.figures.items())
        return f"{done}, slowest outcome {self.slowest_ms} ms"

    def pipeline(self, name, door=None):
        path = self.folder / f"{name}.yaml"
        settings = {"session_timeout_ms": SESSION_MS, "heartbeat_interval_ms": 500, **self.kafka}
        path.write_text(worker.pipeline_text(
            name, self.topic, self.cluster.addresses(door or self.door),
            self.folder / f"{name}-snapshots",
            **{key: value for key, value in settings.items() if value is not None}))
        return path

    def outputs(self, name):
        return [f"{name}-{kind}" for kind in ("outcomes", "rejects", "journal", "models")]

    def begin(self):
        clients.create_topics(self.cluster.bootstrap, self.topic, *self.outputs(self.name),
                              partitions=PARTITIONS)
        for one in self.workers:
            self.start(one)
        self.feeder = feeder.Feeder(self.cluster.bootstrap, self.topic, self.rate,
                                    self.random.randrange(1 << 30))
        self.wait_for_outcomes()

    def start(self, one):
        """Begins one life of a worker."""
        one.start(self.environment)

    def disturb(self):
        """Does one thing that must change nothing; counts it in `figures`."""
        raise NotImplementedError

    def mend(self):
        """Ends whatever `disturb` did."""
        for one in self.workers:
            if one.alive and one.paused:
                one.resume()
            if not one.alive:
                one.start()

    def watch(self):
        """A worker whom nobody killed lives."""
        for one in self.workers:
            if not one.alive and one.process.returncode != -9:
                raise RuntimeError(f"a worker ended with {one.process.returncode}:\n"
                                   f"{one.log_tail()}")

    def committed(self):
        return clients.committed(self.cluster.bootstrap, self.name, self.topic, PARTITIONS)

    def wait_for_outcomes(self, within_s=ANSWER_S):
        """Until the group gets on."""
        before = self.committed()
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.committed() != before:
                return
            time.sleep(0.1)
        self.fail_loudly(f"no outcome in {within_s} s")

    def rest(self, group, within_s=REST_S):
        """Until every record has its outcome: the offsets are at the end of the topic."""
        ends = clients.ends(self.cluster.bootstrap, self.topic)
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = clients.committed(self.cluster.bootstrap, group, self.topic, PARTITIONS)
            if all(found.get(number, (0, ""))[0] == ends[number] for number in ends):
                return
            time.sleep(0.2)
        self.fail_loudly(f"no rest within {within_s} s: {found}, ends {ends}")

    def fail_loudly(self, why):
        logs = "\n".join(one.says() for one in self.workers)
        self.counts.cry("LOST", why)
        raise TimeoutError(f"{why}\n{logs}")

    def run(self, times):
        """{name: count} of what was done. The counts are in `counts`."""
        self.begin()
        for _ in range(times):
            self.disturb()
            self.watch()
            if self.tell:
                self.tell(self.line())
        self.mend()
        self.feeder.stop()
        self.rest(self.name)
        self.stop_workers()
        self.judge()
        return self.figures

    def stop_workers(self):
        for one in self.workers:
            self.stop(one)

    @staticmethod
    def stop(one):
        code = one.stop() if one.alive else 0
        if code != 0:
            raise RuntimeError(f"SIGTERM ended with {code}:\n{one.log_tail()}")
        # It may have ended just before it was killed.
        if found := SANITIZER.search(one.log_path.read_text(errors="replace")):
            raise RuntimeError(f"a worker ended with: {found[0]}")

    def judge(self):
        one = judge.Judge(self.counts)
        bootstrap = self.cluster.bootstrap
        one.take_records(judge.read_all(bootstrap, self.topic, committed=False),
                         self.feeder.acknowledged)
        outcomes, rejects, *_ = self.outputs(self.name)
        one.take_outcomes(judge.read_all(bootstrap, outcomes))
        one.take_rejects(judge.read_all(bootstrap, rejects))
        found = self.committed()
        one.take_offsets({place: at[0] for place, at in found.items()})
        one.take_notes({place: at[1] for place, at in found.items()})
        calm = self.calm()
        if calm is not None:
            one.compare(calm)
        self.figures["events"] = len(one.records)
        self.slowest_ms = one.slowest_ms

    def calm(self):
        """Outcomes of the same records, by one worker whom nobody disturbs."""
        name = f"{self.name}-calm"
        clients.create_topics(self.cluster.bootstrap, *self.outputs(name), partitions=PARTITIONS)
        one = worker.Worker(self.folder, "calm", self.pipeline(name, "port"))
        self.workers.append(one)
        one.start()
        self.rest(name)
        self.stop(one)
        return judge.read_all(self.cluster.bootstrap, self.outputs(name)[0])


class Kill(Campaign):
    """kill -9 of a worker at random, started again after a while."""
    must_count = ("kills",)

    def disturb(self):
        time.sleep(min(4, self.random.expovariate(1 / 1.2)))
        one = self.random.choice(self.workers)
        if one.alive:
            one.kill()
            self.figures["kills"] += 1
            time.sleep(self.random.random() ** 3 * 2)
        self.start(one)


MODES = {"kill": Kill}
