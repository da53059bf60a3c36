"""Where a group stands: what a worker and doctor say of it, beside what the topic holds."""
import json
import pathlib
import tempfile
import time
import unittest
import urllib.request

import broker
import clients
import confluent_kafka
import worker

WAIT_S = 60
VALUE = json.dumps({"device": "a", "ts": "2026-03-01T00:00:00Z", "u": 0, "n": 1, "v": 2}).encode()


def metric(url, name):
    with urllib.request.urlopen(url + "/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)]


class Standing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.name = self.id().rsplit("_", 1)[1]
        self.events = self.name + "-events"
        clients.create_topics(self.cluster.bootstrap, self.events, partitions=2)

    def worker(self, number=0, name=None, **kafka):
        """Of the pipeline `name`, whose topics are made for the first of its workers."""
        name = name or self.name
        pipeline = self.folder / f"{name}.yaml"
        if not pipeline.exists():
            pipeline.write_text(worker.pipeline_text(
                name, self.events, self.cluster.bootstrap, self.folder / "snapshots", **kafka))
            clients.create_topics(self.cluster.bootstrap, *(
                f"{name}-{what}" for what in ("outcomes", "rejects", "journal", "models")),
                partitions=2)
        made = worker.Worker(self.folder, f"{name}-{number}", pipeline)
        self.addCleanup(made.end)
        return made.start()

    def until(self, what, seconds=WAIT_S, says=""):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.1)
        self.fail(f"{what.__name__} not within {seconds} s: {says and says.says()}")

    def ready(self, one):
        def is_ready():
            return one.url and worker.ready(one.url)[0] == 200
        self.until(is_ready, says=one)

    def test_lag_ends_behind_marks_of_transactions(self):
        producer = confluent_kafka.Producer({
            **clients.configuration(self.cluster.bootstrap, {}), "transactional.id": self.name})
        producer.init_transactions()

        def transaction(end):
            producer.begin_transaction()
            for partition in (0, 1):
                for _ in range(3):
                    producer.produce(self.events, key=b"a", value=VALUE, partition=partition)
            producer.flush()
            end()
        transaction(producer.commit_transaction)
        one = self.worker()
        self.ready(one)

        def lags():
            return metric(one.url, "ouzel_lag_events{")

        def nothing_waits():
            return lags() == [0, 0]
        self.until(nothing_waits, says=one)
        transaction(producer.abort_transaction)
        self.until(nothing_waits, says=one)
        clients.produce(self.cluster.bootstrap, self.events, [(b"a", VALUE)])
        clients.read(self.cluster.bootstrap, self.name + "-outcomes", 7)
        self.until(nothing_waits, says=one)
        one.pause()
        clients.produce(self.cluster.bootstrap, self.events, [(b"a", VALUE)] * 5)
        one.resume()
        self.until(nothing_waits, says=one)
        self.assertEqual(one.stop(), 0)


if __name__ == "__main__":
    unittest.main()
