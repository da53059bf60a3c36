"""A pipeline's sinks when its log is Kafka: nothing is missing, whichever worker delivers it."""
import json
import pathlib
import random
import tempfile
import time
import unittest
from collections import Counter

import broker
import clients
import feeder
import judge
import promtool
import sink_files
import worker
from engine import Engine, ouzel
from receiver import Answer, Receiver, faults

PARTITIONS = 4
WAIT_S = 90
STILL_S = 30   # nothing at all came
SESSION_MS = 3000
RATE = 200


def line_of(outcome):
    """The structured form of a binary outcome, as it stands everywhere else."""
    named = {name: value.decode() for name, value in outcome.headers.items()}
    time_ = f'"time":"{named["ce_time"]}",' if "ce_time" in named else ""
    return (f'{{"specversion":"1.0","id":"{named["ce_id"]}","source":"{named["ce_source"]}",'
            f'"type":"{named["ce_type"]}",{time_}"datacontenttype":"application/json",'
            f'"data":{outcome.value.decode()}}}')


class Sinks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A busy machine alone must not make the node look dead.
        cls.cluster = cls.enterClassContext(
            broker.Cluster(settings={"broker.session.timeout.ms": 9000}))

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.name = self.id().rsplit(".", 1)[1].removeprefix("test_").replace("_", "-")
        self.topic = f"{self.name}-events"
        clients.create_topics(self.cluster.bootstrap, self.topic, f"{self.name}-outcomes",
                              f"{self.name}-rejects", f"{self.name}-journal", f"{self.name}-models",
                              partitions=PARTITIONS)

    def receiver(self, answer=None):
        return self.enterContext(Receiver(answer))

    def pipeline(self, *sinks, **kafka):
        path = self.folder / "pipeline.yaml"
        settings = {"session_timeout_ms": SESSION_MS, "heartbeat_interval_ms": 500, **kafka}
        text = worker.pipeline_text(self.name, self.topic, self.cluster.bootstrap,
                                    self.folder / "snapshots", **settings)
        path.write_text(text + "sinks:\n" + "".join(f"  - {sink}\n" for sink in sinks))
        return path

    def feed(self):
        one = feeder.Feeder(self.cluster.bootstrap, self.topic, RATE, seed=1)
        self.addCleanup(one.stopping.set)
        return one

    def outcomes(self, count):
        """The lines of all outcomes, once there are so many events that have one. That none is
        there twice is for the crash tests to say."""
        end = time.monotonic() + WAIT_S
        while True:
            found = judge.read_all(self.cluster.bootstrap, f"{self.name}-outcomes")
            lines = {one.headers["ce_id"]: line_of(one) for one in found}
            if len(lines) >= count or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertEqual(len(lines), count)
        return list(lines.values())

    def wait_ids(self, receiver, lines):
        wanted = {json.loads(line)["id"] for line in lines}
        left, seen, moved = set(wanted), 0, time.monotonic()
        while left and time.monotonic() - moved < STILL_S:
            time.sleep(0.2)
            got = receiver.got()
            if len(got) > seen:
                moved = time.monotonic()
            for one in got[seen:]:
                left -= {event["id"] for event in one.events()}
            seen = len(got)
        self.assertEqual(left, set(), f"{len(left)} of {len(wanted)} never came")

    def test_every_kind(self):
        everything, batched, rejects = self.receiver(), self.receiver(), self.receiver()
        wrong = self.receiver(lambda got: Answer(400, body=b"no"))
        pipeline = self.pipeline(
            f"{{name: all, http: {{url: '{everything.url}', mode: structured}}, when: all}}",
            f"{{name: many, http: {{url: '{batched.url}', mode: batched, batch: 5}}, when: all}}",
            f"{{name: bad, webhook: {{url: '{rejects.url}'}}, when: rejects}}",
            f"{{name: gone, http: {{url: '{wrong.url}'}}, when: rejects}}",
            "{name: files, file: {directory: out}, when: all}")
        data = self.folder / "data"
        with Engine(pipeline, data, ready=False) as engine:
            feed = self.feed()
            time.sleep(3)
            feed.stop()
            lines = self.outcomes(len(feed.acknowledged))
            rejected = [one for one in lines if json.loads(one)["data"]["status"] == "rejected"]
            self.assertGreater(len(rejected), 3)
            for receiver, wanted in ((everything, lines), (batched, lines), (rejects, rejected),
                                     (wrong, rejected)):
                self.wait_ids(receiver, wanted)
                self.assertEqual(faults(receiver.got(), wanted, gaps=wanted is rejected), [])
            self.check_bytes(everything, lines)
            # How many wait for a request is a matter of speed; that they share one is not.
            sizes = {len(one.events()) for one in batched.got()}
            self.assertGreater(max(sizes), 1)
            self.assertLessEqual(max(sizes), 5)
            engine.wait_metric("ouzel_sink_lag_events", 0, WAIT_S)
            self.check_metrics(engine.metrics(), len(lines), len(rejected))
            self.check_received(engine, len(lines))
            self.assertEqual(engine.stop(), 0)
        with Engine(pipeline, data, "--rebuild-state") as engine:   # replays what it had
            self.check_received(engine, 0)
        self.assertEqual(sink_files.fault(sink_files.lines(data / "out", "files"), lines), "")
        letters = ouzel("dlq", "ls", "--data-dir", data, "--sink", "gone")
        self.assertEqual(letters.returncode, 0, letters.stderr)
        self.assertEqual(len(letters.stdout.splitlines()), len(rejected))

    def check_bytes(self, receiver, lines):
        """Structured bodies and their keys."""
        by_id = {json.loads(line)["id"]: line for line in lines}
        for got in receiver.got():
            id_ = json.loads(got.body)["id"]
            self.assertEqual(got.body.decode(), by_id[id_])
            self.assertEqual(got.headers["Idempotency-Key"],
                             f"crash/{id_.replace(':', '/')}/all")

    def check_metrics(self, metrics, outcomes, rejected):
        for name, delivered in (("all", outcomes), ("many", outcomes), ("bad", rejected),
                                ("gone", 0), ("files", outcomes)):
            self.assertEqual(metrics[f'ouzel_sink_delivered_total{{sink="{name}"}}'], delivered)
        self.assertEqual(metrics['ouzel_sink_dead_letters_total{sink="gone"}'], rejected)

    def check_received(self, engine, count):
        metrics = engine.metrics()
        self.assertEqual(metrics['ouzel_events_received_total{source="kafka"}'], count)
        self.assertEqual(metrics['ouzel_events_received_total{source="http"}'], 0)
        self.assertEqual(json.loads(engine.get("/api/v1/status")[1])["received"], count)

    def test_metrics_pass_promtool(self):
        receiver = self.receiver()
        pipeline = self.pipeline(f"{{http: {{url: '{receiver.url}'}}, when: all}}")
        with Engine(pipeline, self.folder / "data", ready=False) as engine:
            self.feed()
            clients.read(self.cluster.bootstrap, f"{self.name}-outcomes", RATE)
            self.assertEqual(promtool.complaints(engine.get("/metrics")[1]), "")

    def workers(self, pipeline, count=2):
        made = [worker.Worker(self.folder, number, pipeline) for number in range(count)]
        for one in made:
            self.addCleanup(one.end)
            one.start()
        return made

    def records(self, feed):
        """How many are in the topic: all that are acknowledged, and what a dying node took."""
        count = sum(clients.ends(self.cluster.bootstrap, self.topic).values())
        self.assertGreaterEqual(count, len(feed.acknowledged))
        return count

    def judge(self, receivers, feed):
        """All stands still, and each receiver has got all; {name: outcomes that came again}."""
        feed.stop()
        lines = self.outcomes(self.records(feed))
        again = {}
        for name, receiver in receivers.items():
            self.wait_ids(receiver, lines)
            self.assertEqual(faults(receiver.got(), lines), [])
            came = Counter(event["id"] for event in receiver.events())
            again[name] = sum(came.values()) - len(came)
        print(f"  {self.name}: {len(lines)} outcomes, came again: {again}", flush=True)
        return again

    def test_workers_killed(self):
        chance = random.Random(1)

        def moody(_):
            return Answer(503 if chance.random() < 0.05 else 200)
        receivers = {"one": self.receiver(moody), "many": self.receiver(moody)}
        pipeline = self.pipeline(
            f"{{name: one, http: {{url: '{receivers['one'].url}', backoff: 20ms}}, when: all}}",
            f"{{name: many, http: {{url: '{receivers['many'].url}', mode: batched, batch: 9, "
            "backoff: 20ms}, when: all}",
            f"{{name: files, file: {{directory: '{self.folder / 'out'}'}}, when: all}}")
        workers = self.workers(pipeline)
        feed = self.feed()
        for _ in range(6):
            time.sleep(1 + 2 * chance.random())
            one = chance.choice(workers)
            one.kill()
            time.sleep(chance.choice((0.1, 0.1, 4)))
            one.start()
        self.judge(receivers, feed)
        # The workers write to one folder, each to files of its own; here lines may come again.
        lines = set(self.outcomes(self.records(feed)))
        end = time.monotonic() + WAIT_S
        while set(sink_files.lines(self.folder / "out", "files")) != lines:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)

    def test_workers_stopped(self):
        """A planned hand-over repeats no more than what is under way."""
        receivers = {"one": self.receiver()}
        pipeline = self.pipeline(
            f"{{name: one, http: {{url: '{receivers['one'].url}'}}, when: all}}")
        workers = self.workers(pipeline)
        feed = self.feed()
        stops = 3
        for number in range(stops):
            time.sleep(4)
            one = workers[number % 2]
            self.assertEqual(one.stop(), 0, one.log_tail())
            one.start()
        self.assertLessEqual(self.judge(receivers, feed)["one"], 2 * stops * PARTITIONS)

    def test_receiver_away(self):
        """For longer than any timeout of a group, and its brokers for a while too."""
        away = [True]
        receiver = self.receiver(lambda got: Answer(503 if away[0] else 200))
        pipeline = self.pipeline(
            f"{{name: one, http: {{url: '{receiver.url}', retries: 1000, "
            "backoff: 100ms, backoff_max: 500ms}, when: all}", max_poll_interval_ms=6000)
        with Engine(pipeline, self.folder / "data", ready=False) as engine:
            feed = self.feed()
            time.sleep(12)
            metrics = engine.metrics()
            self.assertGreater(metrics['ouzel_sink_lag_events{sink="one"}'], RATE)
            self.assertEqual(metrics['ouzel_sink_up{sink="one"}'], 0)
            node = self.cluster.nodes[0]
            node.kill()
            time.sleep(1)
            node.start()
            away[0] = False
            self.judge({"one": receiver}, feed)
            engine.wait_metric("ouzel_sink_lag_events", 0, WAIT_S)
            engine.wait_metric("ouzel_sink_up", 1, WAIT_S)

    def test_begins_where_it_is_told(self):
        late, early = self.receiver(), self.receiver()
        pipeline = self.pipeline("{name: files, file: {directory: out}, when: all}")

        def write(count):
            return clients.produce(self.cluster.bootstrap, self.topic,
                                   [(b"k", b'{"device":"k","n":1}')] * count)
        with Engine(pipeline, self.folder / "data", ready=False) as engine:
            write(5)
            self.outcomes(5)
            self.assertEqual(engine.stop(), 0)
        pipeline = self.pipeline(
            f"{{name: late, http: {{url: '{late.url}'}}, when: all}}",
            f"{{name: early, http: {{url: '{early.url}'}}, when: all, from: beginning}}")
        with Engine(pipeline, self.folder / "data", ready=False):
            write(3)
            lines = self.outcomes(8)
            self.wait_ids(early, lines)
            self.wait_ids(late, lines[5:])
            self.assertEqual(len(late.events()), 3)
