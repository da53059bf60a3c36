"""From the plan that the journal names to what decided an outcome, whatever became of its files."""
import json
import pathlib
import shutil
import tempfile
import time
import unittest

import broker
import clients
import judge
import worker
from engine import ouzel

TABLES = "device,load\na,2\nb,4\n", "device,load\na,5\nb,10\n"
WAIT_S = 60


def event(number):
    device = "ab"[number % 2]
    return device, json.dumps({
        "specversion": "1.0", "id": str(number), "source": "/plant", "type": "reading",
        "data": {"device": device, "ts": 1_700_000_000 + number, "v": 10 * number}})


class Plans(unittest.TestCase):
    def setUp(self):
        self.cluster = self.enterContext(broker.Cluster())
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.shared = self.folder / "shared"
        self.here = self.folder / "pipeline"
        self.here.mkdir()
        self.table = self.here / "loads.csv"
        self.table.write_text(TABLES[0])
        self.pipeline = self.here / "plans.yaml"
        self.pipeline.write_text(worker.WITH_TABLE.format(
            name="plans", snapshots=self.shared, threshold=0.9, partitions=8,
            bootstrap=self.cluster.bootstrap))
        clients.create_topics(self.cluster.bootstrap, "plans-events", "plans-outcomes",
                              "plans-rejects", "plans-journal", "plans-models",
                              partitions=1)

    def send(self, numbers):
        """The events' lines, once the outcomes of all up to them are there."""
        sent = [event(number) for number in numbers]
        clients.produce(self.cluster.bootstrap, "plans-events",
                        [(key.encode(), line.encode()) for key, line in sent])
        clients.read(self.cluster.bootstrap, "plans-outcomes", numbers[-1] + 1,
                     isolation_level="read_committed")
        return "".join(line + "\n" for _, line in sent)

    def change_table(self, workers):
        new = self.here / "new.csv"
        new.write_text(TABLES[1])
        new.replace(self.table)
        end = time.monotonic() + WAIT_S
        while not all("pipeline changed" in one.log_path.read_text() for one in workers):
            self.assertLess(time.monotonic(), end, "\n".join(one.says() for one in workers))
            time.sleep(0.2)

    def score(self, plan, lines):
        done = ouzel("score", self.shared / "plans" / f"{plan}.yaml", "--set",
                     "limits.partitions=1", stdin=lines.encode())   # as many as the topic has
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line[line.index('"data":{') + len('"data":'):-1]
                for line in done.stdout.splitlines()]

    def test_what_the_journal_names_decides_as_it_did(self):
        # Two that write the same plan at the same time; one of them has the only partition.
        workers = [worker.Worker(self.folder, number, self.pipeline) for number in range(2)]
        for one in workers:
            self.addCleanup(one.end)
            one.start()
        first = self.send(range(0, 4))
        self.change_table(workers)
        second = self.send(range(4, 8))
        for one in workers:
            self.assertEqual(one.stop(), 0, one.log_tail())
            shutil.rmtree(one.data_dir)
        shutil.rmtree(self.here)
        journal = [json.loads(message.value)
                   for message in judge.read_all(self.cluster.bootstrap, "plans-journal")]
        self.assertEqual([entry["from"] for entry in journal], [0, 4], journal)
        outcomes = [message.value.decode()
                    for message in judge.read_all(self.cluster.bootstrap, "plans-outcomes")]
        old, new = (entry["plan"] for entry in journal)
        self.assertEqual(self.score(old, first), outcomes[:4])
        # Positions count from 0 in a file.
        moved = [text.replace(f'"offset":{4 + at}', f'"offset":{at}')
                 for at, text in enumerate(outcomes[4:])]
        self.assertEqual(self.score(new, second), moved)
        self.assertNotEqual(self.score(old, second), moved)
        for name in ("plans", "assets"):
            kept = sorted(path.name[32:39] for path in (self.shared / name).iterdir())
            self.assertEqual(set(kept), {".until.", ".yaml" if name == "plans" else ""})
            self.assertEqual(len([end for end in kept if end != ".until."]), 2)


if __name__ == "__main__":
    unittest.main()
