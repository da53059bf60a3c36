"""A change that one worker is told to make is made by all of its group, none of whom leaves it."""
import concurrent.futures
import json
import pathlib
import re
import signal
import tempfile
import threading
import time
import unittest

import broker
import clients
import judge
import worker
from engine import ouzel

PARTITIONS = 4
UNAVAILABLE = 69
WAIT_S = 60
RATE = 300
LOADS = "device,load\na,2\nb,4\n"


class Member:
    """A worker with a pipeline file and a table of its own."""

    def __init__(self, group, number):
        self.group, self.here = group, group.folder / f"worker-{number}"
        self.here.mkdir()
        self.file = self.here / "pipeline.yaml"
        self.write(0.9)
        self.table(LOADS)
        self.process = worker.Worker(group.folder, number, self.file)

    def write(self, threshold, more="", **names):
        self.file.write_text(worker.WITH_TABLE.format(**{
            "name": self.group.name, "snapshots": self.group.folder / "snapshots",
            "threshold": threshold, "partitions": PARTITIONS,
            "bootstrap": self.group.cluster.bootstrap, **names}) + more)

    def table(self, text):
        new = self.here / "new.csv"
        new.write_text(text)
        new.replace(self.here / "loads.csv")

    def restart(self):
        self.group.test.assertEqual(self.process.stop(), 0, self.process.log_tail())
        self.process.start()

    def in_force(self):
        return worker.in_force(self.process.url)

    def apply(self, code=0):
        done = ouzel("apply", "--url", self.process.url)
        self.group.test.assertEqual(done.returncode, code, done.stderr + self.process.log_tail())
        return json.loads(done.stdout or done.stderr)

    def said(self, text):
        return self.process.log_path.read_text().count(text)

    def changes(self):
        """The plans it went over to, one after the other."""
        lines = map(json.loads, self.process.log_path.read_text().splitlines())
        return [line["plan"] for line in lines if line["message"] == "pipeline changed"]


class Group:
    def __init__(self, test, name, members=3):
        self.test, self.cluster, self.name = test, test.cluster, name
        self.folder = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory()))
        clients.create_topics(self.cluster.bootstrap, f"{name}-events", f"{name}-outcomes",
                              f"{name}-rejects", f"{name}-journal", f"{name}-models",
                              partitions=PARTITIONS)
        self.members = [Member(self, number) for number in range(members)]
        for one in self.members:
            test.addCleanup(one.process.end)
            one.process.start()
        self.until(lambda: all(one.process.url and worker.ready(one.process.url)[0] == 200
                               for one in self.members))
        self.settle()
        self.until(self.told)

    def until(self, good, wait_s=WAIT_S):
        end = time.monotonic() + wait_s
        while not good():
            self.test.assertLess(time.monotonic(), end, self.says())
            time.sleep(0.1)

    def says(self):
        return "\n".join(f"{one.in_force()} {one.process.says()}" for one in self.members)

    def settle(self):
        """Until each partition has its worker: nothing has moved for a while."""
        while True:
            before = self.moves()
            time.sleep(3)
            if self.moves() == before and sum(before) >= PARTITIONS:
                return

    def moves(self):
        """How many partitions each took over or gave away."""
        moved = re.compile(r'"partitions (?:taken over|handed over|lost)","partitions":"([\d ]*)"')
        return [sum(len(found.split()) for found in moved.findall(
            one.process.log_path.read_text())) for one in self.members]

    def all_run(self, threshold):
        """The plan that all have, once they decide by this threshold."""
        def agreed():
            found = {one.in_force() for one in self.members}
            return len(found) == 1 and None not in found and found.copy().pop()[1] == threshold
        self.until(agreed)
        return self.members[0].in_force()[0]

    def told(self):
        """The texts, one after the other; two who begin at once may say the same."""
        texts = [message.value.decode()
                 for message in judge.read_all(self.cluster.bootstrap, f"{self.name}-models")]
        return [text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1]]

    def tell(self, value, key=None, **headers):
        clients.produce_with(self.cluster.bootstrap, f"{self.name}-models", key or self.name,
                             value, headers, partition=0)


class Stream(threading.Thread):
    """Events at an even rate until it is stopped."""

    def __init__(self, group):
        super().__init__()
        self.group, self.sent, self.done = group, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            count = int(RATE * 0.1)
            clients.produce(self.group.cluster.bootstrap, f"{self.group.name}-events",
                            [(device.encode(), json.dumps(
                                {"device": device, "ts": 1_700_000_000 + self.sent + number,
                                 "v": 10 * number}).encode())
                             for number in range(count)
                             for device in [f"d{number % 20}"]])
            self.sent += count

    def stop(self):
        self.done.set()
        self.join()
        return self.sent


class Follow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(
            broker.Cluster(settings={"broker.session.timeout.ms": 9000}))

    def test_all_go_over_and_no_partition_moves(self):
        group = Group(self, "over")
        first, second, third = group.members
        moved, stream = group.moves(), Stream(group)
        stream.start()
        self.addCleanup(stream.stop)
        for threshold in (0.8, 0.7):
            first.write(threshold)
            answer = first.apply()
            self.assertTrue(answer["changed"], answer)
            self.assertNotIn("untold", answer)
            self.assertEqual(group.all_run(threshold), answer["plan"])
            time.sleep(1)
        sent = stream.stop()
        self.assertEqual(group.moves(), moved, group.says())
        outcomes = [json.loads(message.value()) for message in clients.read(
            self.cluster.bootstrap, "over-outcomes", sent, isolation_level="read_committed")]
        places = {(one["position"]["partition"], one["position"]["offset"]) for one in outcomes}
        self.assertEqual(len(places), sent)
        self.assertEqual({one["threshold"] for one in outcomes}, {0.9, 0.8, 0.7})
        for number in range(PARTITIONS):    # each goes from one to the next once
            found = [one["threshold"] for one in sorted(
                (one for one in outcomes if one["position"]["partition"] == number),
                key=lambda one: one["position"]["offset"])]
            self.assertEqual(found, sorted(found, reverse=True))
        # The file of the second says what the group has replaced: it follows, and says so.
        second.restart()
        plan = group.all_run(0.7)
        self.assertEqual(second.said("it has replaced that of the pipeline file"), 1)
        # A signal finds nothing new in it.
        second.process.signal(signal.SIGHUP)
        group.until(lambda: second.said("the pipeline file says nothing new") == 1)
        self.assertEqual(group.all_run(0.7), plan)
        # That it is meant must be said.
        self.assertTrue(second.apply()["changed"])
        old = group.all_run(0.9)
        # A file that nobody has replaced is a new one, and its worker's own until it is applied.
        third.write(0.6)
        third.restart()
        group.until(lambda: third.in_force() and third.in_force()[1] == 0.6)
        self.assertEqual({one.in_force()[0] for one in (first, second)}, {old})
        self.assertFalse(third.apply()["changed"])
        group.all_run(0.6)
        self.assertEqual(len(group.told()), 5)

    def test_tables_sinks_and_strangers(self):
        group = Group(self, "parts", members=2)
        first, second = group.members
        # A table of one is everybody's, by its content.
        first.table(LOADS.replace("2", "5"))
        group.until(lambda: second.said("pipeline changed") == 1)
        self.assertEqual(first.in_force(), second.in_force())
        changed = first.in_force()
        self.assertIn("load\n", (second.here / "loads.csv").read_text())
        # How a worker is run is its own; the plan that it follows stays.
        second.write(0.9, "sinks: [{file: {directory: out}, when: all}]\n")
        second.process.signal(signal.SIGHUP)
        group.until(lambda: second.said("pipeline changed") == 2)
        self.assertEqual(second.in_force(), changed)
        self.assertEqual(first.said("pipeline changed"), 1)
        clients.produce(self.cluster.bootstrap, "parts-events",
                        [(b"a", json.dumps({"device": "a", "ts": 1_700_000_000, "v": 10}))])
        out = second.process.data_dir / "out"
        group.until(lambda: out.exists() and any(out.iterdir()))
        # What others write there is no plan of theirs: said once, and they go on.
        text, fine = group.told()[-1], len(group.told())
        for value, key, why in (
                ("garbage: [", None, "cannot be followed"),
                (text.replace("partitions: 4", "partitions: 8"), None, "limits.partitions"),
                (re.sub("(?<=# enrich.0.table )[0-9a-f]{32}", "0" * 32, text), None, "0" * 32),
                (text.replace("0.9", "0.4") + "# one more line\n", None, "another plan"),
                (text.replace("0.9", "0.4"), "another-group", None)):
            before = first.said('"level":"error"')
            group.tell(value, key, worker="stranger")
            if why is None:
                time.sleep(3)
                self.assertEqual(first.said('"level":"error"'), before)
            else:
                group.until(lambda: first.said('"level":"error"') == before + 1)
                self.assertIn(why, first.process.log_tail(3))
            self.assertEqual(first.in_force(), changed)
        shown = ouzel("tap", "models", "--pipeline", first.file)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        lines = [json.loads(line)["data"] for line in shown.stdout.splitlines()]
        self.assertEqual([line["worker"] for line in lines[-5:]], ["stranger"] * 5)
        self.assertEqual((lines[-6]["plan"], lines[-6]["text"]), (changed[0], text))
        # They can still be told, and the record that nobody could follow is no worker's past.
        first.write(0.8)
        self.assertTrue(first.apply()["changed"])
        group.all_run(0.8)
        self.assertGreater(len(group.told()), fine + 5)

    def test_a_plan_is_tried_on_one_worker(self):
        group = Group(self, "tried", members=2)
        first, second = group.members
        second.write(0.8)
        second.restart()
        group.until(lambda: second.in_force() and second.in_force()[1] == 0.8)
        self.assertEqual(first.in_force()[1], 0.9)
        # Who cannot follow says so, and does when its file can be read again.
        whole = first.file.read_text()
        first.file.write_text("name: [")
        self.assertFalse(second.apply()["changed"])
        group.until(lambda: first.said("cannot be followed") == 1)
        first.file.write_text(whole)
        plan = group.all_run(0.8)
        self.assertEqual(first.said("cannot be followed"), 1)
        first.restart()
        self.assertEqual(group.all_run(0.8), plan)

    def test_what_cannot_be_now_is_done_when_it_can(self):
        group = Group(self, "later", members=1)
        member, node = group.members[0], self.cluster.nodes[0]
        node.kill()
        self.addCleanup(lambda: node.running or node.start())
        member.write(0.8)
        answer = member.apply(code=UNAVAILABLE)
        self.assertIn("could not be changed yet: Kafka does not answer", answer["detail"])
        member.process.signal(signal.SIGHUP)
        group.until(lambda: member.said("not changed yet") == 2)
        node.start()
        group.all_run(0.8)
        group.until(lambda: len(group.told()) == 2)
        node.kill()
        member.write(0.7)
        member.process.signal(signal.SIGHUP)
        time.sleep(2)
        begin = time.monotonic()
        self.assertIn(member.process.stop(), (0, UNAVAILABLE), member.process.log_tail())
        self.assertLess(time.monotonic() - begin, 25)
        node.start()

    def test_what_others_told_before_is_no_news_after(self):
        """A worker that is told hears meanwhile what another told: its own record comes later."""
        group = Group(self, "late", members=1)
        member = group.members[0]
        for number in range(5):
            text = group.told()[-1]
            group.tell(re.sub(r"threshold: [\d.]+", f"threshold: 0.{number + 1}5", text),
                       worker="another")
            time.sleep(0.1 * number)     # It looks each second: once in between.
            member.write(0.1 * (number + 1))
            answer = member.apply()
            time.sleep(2)
            self.assertEqual(member.changes()[-1], answer["plan"])
            self.assertEqual(member.changes().count(answer["plan"]), 1)

    def test_two_at_once_agree(self):
        group = Group(self, "race", members=2)
        for number in range(4):
            for at, member in enumerate(group.members):
                member.write(0.5 + 0.01 * (2 * number + at))
            with concurrent.futures.ThreadPoolExecutor() as pool:
                for one in [pool.submit(member.apply) for member in group.members]:
                    one.result()
            newest = group.told()[-1]
            threshold = float(re.search(r"threshold: ([\d.]+)", newest)[1])
            group.all_run(threshold)


if __name__ == "__main__":
    unittest.main()
