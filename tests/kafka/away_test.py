"""A worker and brokers that are not there: it waits for them, says so, and ends when it is told."""
import datetime
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import broker
import clients
import feeder
import proxy
import worker

END_S = 25       # within which a signal ends it
WAIT_S = 60
LOST_S = 20      # after which a session of 3 s is over, and commits have been given up
AWAY_S = 15     # less than after how long a complaint is said again
HUNG_S = 180     # within which a worker ends that its library does not come back to
SILENT_S = 15    # within which it is said that no broker is there, though nothing comes
UNAVAILABLE = 69


def counters(url):
    """{name and labels: value} of what /metrics says can only grow."""
    with urllib.request.urlopen(url + "/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs
            if name.split("{")[0].endswith(("_total", "_count", "_sum", "_bucket"))}


class Away(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cluster = self.enterContext(broker.Cluster())
        self.topics = ("away-events", "away-outcomes", "away-rejects", "away-journal",
                       "away-models")

    def worker(self, number=0, hooks=False, **kafka):
        pipeline = self.folder / "away.yaml"
        pipeline.write_text(worker.pipeline_text("away", "away-events", self.cluster.bootstrap,
                                                 self.folder / "snapshots", **kafka))
        made = worker.Worker(self.folder, number, pipeline, hooks)
        self.addCleanup(made.end)
        return made.start()

    def feed(self):
        """Events at a rate until the test ends; the topics are made."""
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        feeding = feeder.Feeder(self.cluster.bootstrap, "away-events", 400, seed=1)
        self.addCleanup(feeding.stopping.set)
        return feeding

    def until(self, what, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.1)
        self.fail(f"{what.__name__} not within {seconds} s")

    def url(self, one):
        def listens():
            return one.url
        return self.until(listens)

    def test_waits_for_brokers_and_for_topics(self):
        node = self.cluster.nodes[0]
        node.stop()
        one = self.worker()
        status, text = worker.ready(self.url(one))
        self.assertEqual(status, 503)
        self.assertIn("kafka waits", text)
        with self.assertRaises(urllib.error.HTTPError) as asked:
            urllib.request.urlopen(self.url(one) + "/api/v1/status", timeout=5)
        self.assertEqual(asked.exception.code, 503)
        self.assertIn("refuses the connection", json.load(asked.exception)["detail"])
        node.start()

        def misses_the_topic():
            return "no topic away-events" in one.log_path.read_text()
        self.until(misses_the_topic)
        clients.create_topics(self.cluster.bootstrap, *self.topics)

        def is_ready():
            try:
                return worker.ready(self.url(one))[0] == 200
            except OSError:      # between the waiting room's port and its own
                return False
        self.until(is_ready)
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())])
        self.assertEqual(len(clients.read(self.cluster.bootstrap, "away-outcomes", 1)), 1)
        self.shows_what_its_log_has(self.url(one))
        self.assertEqual(one.stop(), 0)

    def shows_what_its_log_has(self, url):
        """Outcomes; where the rest is, it says."""
        def tap(topic):
            return subprocess.run([worker.program(), "tap", topic, "--url", url], text=True,
                                  capture_output=True, timeout=WAIT_S, check=False)
        outcomes = tap("outcomes")
        self.assertEqual((outcomes.returncode, outcomes.stdout.count("\n")), (0, 1), outcomes)
        for topic in ("events", "rejects"):
            said = tap(topic)
            self.assertEqual((said.returncode, said.stdout), (2, ""), said.stderr)
            self.assertIn(f"topic {topic} is not in the log of this engine, but in Kafka, where "
                          "`ouzel tap TOPIC --pipeline FILE` reads it", said.stderr)

    def test_gives_up_when_told_to(self):
        pipeline = self.folder / "away.yaml"
        pipeline.write_text(worker.pipeline_text("away", "away-events", "127.0.0.1:9",
                                                 self.folder / "snapshots"))
        done = subprocess.run(
            [worker.program(), "run", pipeline, "--data-dir", self.folder / "data", "--listen",
             "127.0.0.1:0", "--give-up", "2s"], capture_output=True, text=True, timeout=WAIT_S,
            check=False)
        self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
        said = {line["message"]: line for line in map(json.loads, done.stderr.splitlines())}
        self.assertEqual(said["cannot run"]["why"],
                         "kafka: 127.0.0.1:9 refuses the connection "
                         "(does a broker listen at that port?)")
        # The first attempt took longer than that, so there is no other.
        waiting, over = (datetime.datetime.fromisoformat(said[message]["time"])
                         for message in ("waiting for Kafka", "cannot run"))
        self.assertLess(over - waiting, datetime.timedelta(seconds=1))

    def test_a_command_does_not_read_for_ever(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", b"{}")])
        pipeline = self.folder / "away.yaml"
        pipeline.write_text(worker.pipeline_text(
            "away", "away-events", self.cluster.addresses("proxy"), self.folder / "snapshots"))
        tap = [worker.program(), "tap", "events", "--pipeline", pipeline]
        with proxy.Proxy(self.cluster) as between:
            done = subprocess.run(tap, capture_output=True, text=True, timeout=WAIT_S, check=True)
            self.assertEqual(len(done.stdout.splitlines()), 1)
            between.hold("Fetch", proxy.REPLY, times=None)
            done = subprocess.run(tap, capture_output=True, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
        self.assertEqual(done.stderr,
                         "ouzel tap: kafka: topic away-events: no answer from a broker\n")

    def test_who_follows_is_told(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        pipeline = self.folder / "away.yaml"
        pipeline.write_text(worker.pipeline_text("away", "away-events", self.cluster.bootstrap,
                                                 self.folder / "snapshots"))
        shown, said = self.folder / "shown", self.folder / "said"
        with open(shown, "wb") as out, open(said, "wb") as err:
            tap = subprocess.Popen([worker.program(), "tap", "events", "--pipeline", pipeline,
                                    "--follow"], stdout=out, stderr=err)
        self.addCleanup(tap.wait)
        self.addCleanup(tap.kill)

        def shows(count):
            clients.produce(self.cluster.bootstrap, "away-events", [(b"a", b"{}")])

            def has_come():
                return len(shown.read_text().splitlines()) == count
            self.until(has_come)
        shows(1)
        for count in (2, 3):      # each time anew
            self.cluster.nodes[0].kill()

            def is_told(times=count - 1):
                return said.read_text().count("; it goes on once one answers\n") == times
            self.until(is_told)
            self.cluster.nodes[0].start()
            shows(count)
        self.assertEqual(said.read_text().count("refuses the connection"), 2, said.read_text())

    def test_a_record_that_nobody_takes(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        with proxy.Proxy(self.cluster) as between:
            between.hold("Produce", proxy.REPLY, times=None)
            done = subprocess.run(
                [worker.program(), "simulate", "--count", "1", "--rate", "0", "--out",
                 f"kafka:{self.cluster.addresses('proxy')}/away-events", "--kafka",
                 "message.timeout.ms=2000"], capture_output=True, text=True, timeout=WAIT_S,
                check=False)
        self.assertEqual(done.returncode, UNAVAILABLE, done.stderr)
        self.assertIn("topic away-events: no broker has taken a record in time (", done.stderr)

    def test_says_once_what_is_wrong_and_once_that_it_is_over(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        one = self.worker()
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())])
        clients.read(self.cluster.bootstrap, "away-outcomes", 1)

        def said():
            lines = [json.loads(line) for line in one.log_path.read_text().splitlines()]
            return [line for line in lines if line["message"].startswith("kafka client")]
        self.assertEqual(said(), [])
        self.cluster.nodes[0].kill()
        time.sleep(AWAY_S)
        lines = [(line["what"], re.sub(r" \(after.*", "", line["line"])) for line in said()]
        self.assertTrue(any("Connection refused" in line for _, line in lines), lines)
        self.assertEqual(len(lines), len(set(lines)), lines)
        self.assertLess(len(lines), 6, lines)
        self.cluster.nodes[0].start()

        def over():
            return [line for line in said() if line["message"].endswith("answers again")]
        self.until(over)
        self.assertGreater(int(over()[0]["held_back"]), 0)
        self.assertEqual(len(over()), 1)

    def test_ends_though_the_group_is_lost(self):
        self.feed()
        one = self.worker(session_timeout_ms=3000)
        clients.read(self.cluster.bootstrap, "away-outcomes", 500)
        self.cluster.nodes[0].kill()
        time.sleep(LOST_S)
        one.signal(signal.SIGTERM)
        self.assertIn(one.process.wait(END_S), (0, UNAVAILABLE))

    def test_is_not_ready_while_nothing_is_committed(self):
        self.feed()
        url = self.url(self.worker())
        clients.read(self.cluster.bootstrap, "away-outcomes", 500)
        self.assertEqual(worker.ready(url)[0], 200)
        self.cluster.nodes[0].pause()

        def says_so():
            status, text = worker.ready(url)
            return status == 503 and "takes no events: " in text
        self.until(says_so)
        self.cluster.nodes[0].resume()

        def is_ready():
            return worker.ready(url)[0] == 200
        self.until(is_ready)

    def test_is_not_ready_without_a_broker_though_nothing_comes(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        url, node = self.url(self.worker()), self.cluster.nodes[0]

        def is_ready():
            return worker.ready(url)[0] == 200

        def says_so():
            status, text = worker.ready(url)
            return status == 503 and "takes no events: no broker has answered for " in text
        for away, back in ((node.pause, node.resume), (node.kill, node.start)):
            self.until(is_ready)
            away()
            self.until(says_so, SILENT_S)
            back()
        self.until(is_ready)

    def test_counters_never_fall(self):
        """A partition moves with its totals; what a worker counted it still has counted."""
        feeding = self.feed()
        url = self.url(self.worker(0))
        clients.read(self.cluster.bootstrap, "away-outcomes", 500)
        before = counters(url)
        self.assertGreaterEqual(before["ouzel_events_accepted_total"], 500)
        second = self.worker(1)
        other = self.url(second)

        def has_some():
            return counters(other)["ouzel_events_accepted_total"]
        self.until(has_some)
        feeding.stop()
        sent = len(feeding.acknowledged)

        def all_counted():
            sums = [counters(one)["ouzel_events_accepted_total"] for one in (url, other)]
            self.assertLessEqual(sum(sums), sent)
            return sum(sums) == sent
        self.until(all_counted)
        after = counters(url)
        self.assertEqual({name for name, value in before.items() if after[name] < value}, set())
        self.assertEqual(second.stop(), 0)

    def test_a_topic_that_is_removed_is_named(self):
        """And stays so when it is made again: the group has lost its offsets, lanes have not."""
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        one = self.worker()
        url = self.url(one)

        def is_ready():
            return worker.ready(url)[0] == 200
        self.until(is_ready)
        clients.delete_topic(self.cluster.bootstrap, self.topics[0])

        def says_so():
            status, text = worker.ready(url)
            return status == 503 and "topic away-events was removed: make it again (" in text
        self.until(says_so)
        lines = [json.loads(line) for line in one.log_path.read_text().splitlines()]
        self.assertEqual([line["why"].split(":")[0] for line in lines if line["level"] == "error"],
                         ["topic away-events was removed"])
        clients.create_topics(self.cluster.bootstrap, self.topics[0])
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())])
        self.assertEqual(worker.ready(url)[0], 503)
        self.assertEqual(one.stop(), 0)
        one.start()
        self.assertEqual(len(clients.read(self.cluster.bootstrap, "away-outcomes", 1)), 1)

    def removed_while_away(self, **kafka):
        """Retention passes a worker that is away for a while; it goes on behind that."""
        clients.create_topics(self.cluster.bootstrap, *self.topics, partitions=2)
        one = self.worker(**kafka)
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        keys = {}
        ends = [0, 0]

        def events(count, key):
            for partition, _ in clients.produce(self.cluster.bootstrap, "away-events",
                                                [(key, value.encode())] * count):
                keys.setdefault(partition, key)
                ends[partition] += 1
        for number in range(16):
            events(1, b"%d" % number)
        events(50, keys[0])
        clients.read(self.cluster.bootstrap, "away-outcomes", sum(ends))
        one.pause()
        for key in keys.values():
            events(1, key)     # with it the broker answers the fetch that waits there
        read_to = ends[0]
        events(200, keys[0])
        clients.delete_records(self.cluster.bootstrap, "away-events", ends[0])
        gone_to = ends[0]
        events(40, keys[0])
        one.resume()
        events(5, keys[1])

        def reads_all():
            found = clients.committed(self.cluster.bootstrap, "away", "away-events", 2)
            return [found[number][0] for number in (0, 1)] == ends
        self.until(reads_all)
        said = [json.loads(line) for line in one.log_path.read_text().splitlines()]
        removed, = [line for line in said if line["level"] == "error"]
        self.assertIn(int(removed["from"]), (read_to - 1, read_to))
        self.assertEqual(int(removed["to"]), gone_to)
        clients.read(self.cluster.bootstrap, "away-outcomes",
                     sum(ends) - (gone_to - int(removed["from"])))
        self.assertEqual(worker.ready(self.url(one))[0], 200)
        self.assertEqual(one.stop(), 0)

    def test_retention_passes_a_worker(self):
        self.removed_while_away()

    def test_retention_passes_a_worker_of_the_new_protocol(self):
        self.removed_while_away(group_protocol="consumer")

    def test_retention_passes_a_worker_that_rebalances_eagerly(self):
        self.removed_while_away(partition_assignment_strategy="range")

    def test_a_topic_made_anew_at_once_is_named(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        one = self.worker()
        url = self.url(one)
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())] * 20)
        clients.read(self.cluster.bootstrap, "away-outcomes", 20)
        clients.delete_topic(self.cluster.bootstrap, self.topics[0])
        clients.create_topics(self.cluster.bootstrap, self.topics[0])
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())] * 100)

        def says_so():
            status, text = worker.ready(url)
            return status == 503 and re.search("made anew|it was made anew or cut", text)
        self.until(says_so)
        self.assertEqual(one.stop(), 0)

    def test_ends_where_the_library_hangs(self):
        """Who is started in its place goes on; nothing else could take its partitions over."""
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        one = self.worker(hooks=True)
        one.kill()
        one.start({"OUZEL_TEST_FAULT": "hang_in_commit"})
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())])
        self.assertEqual(one.process.wait(HUNG_S), UNAVAILABLE)
        self.assertIn("a call of the Kafka library does not come back", one.log_tail())
        one.start()
        clients.read(self.cluster.bootstrap, "away-outcomes", 1)
        self.assertEqual(one.stop(), 0)

    def test_ends_though_no_broker_answers(self):
        clients.create_topics(self.cluster.bootstrap, *self.topics)
        one = self.worker()
        value = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2})
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())] * 500)
        clients.read(self.cluster.bootstrap, "away-outcomes", 500)
        clients.produce(self.cluster.bootstrap, "away-events", [(b"a", value.encode())] * 500)
        self.cluster.nodes[0].kill()
        began = time.monotonic()
        one.signal(signal.SIGTERM)
        code = one.process.wait(END_S)
        self.assertLess(time.monotonic() - began, END_S)
        self.assertIn(code, (0, UNAVAILABLE))


class OneOfThree(unittest.TestCase):
    def test_is_no_trouble(self):
        """Killed or hanging, and whatever it led."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        cluster = self.enterContext(broker.Cluster(nodes=3))
        clients.create_topics(cluster.bootstrap, *(f"away-{name}" for name in (
            "events", "outcomes", "rejects", "journal", "models")))
        pipeline = folder / "away.yaml"
        pipeline.write_text(worker.pipeline_text("away", "away-events", cluster.bootstrap,
                                                 folder / "snapshots"))
        one = worker.Worker(folder, 0, pipeline)
        self.addCleanup(one.end)
        one.start()
        end = time.monotonic() + WAIT_S
        while not (one.url and worker.ready(one.url)[0] == 200):
            self.assertLess(time.monotonic(), end, one.says())
            time.sleep(0.1)
        led = cluster.leader("away-models", 0)
        for away, back in ((led.pause, led.resume), (led.kill, led.start)):
            away()
            end = time.monotonic() + SILENT_S
            while time.monotonic() < end:
                status, text = worker.ready(one.url)
                self.assertEqual(status, 200, text)
                time.sleep(0.2)
            back()


if __name__ == "__main__":
    unittest.main()
