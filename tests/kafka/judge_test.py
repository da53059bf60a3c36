"""The judge cries when it should and is silent when it should, without and with a broker."""
import json
import unittest

import broker
import clients
import feeder
import judge
from confluent_kafka import Producer

COUNT = 400


def outcome(reason, late, features, message):
    data = {"position": {"partition": message.partition, "offset": message.offset},
            "status": "scored" if reason is None else "rejected", "flags": ["late"] * late}
    if reason is None:
        data["features"] = features
    else:
        data["reason"] = reason
    return judge.Message(0, message.offset, message.timestamp + 7, message.key,
                         json.dumps(data).encode(),
                         {"ce_id": f"{message.partition}:{message.offset}".encode()})


def reject(reason, message):
    headers = {"partition": message.partition, "offset": message.offset, "reason": reason}
    return judge.Message(0, 0, 0, message.key, message.value,
                         {judge.ERRORS + name: str(value).encode()
                          for name, value in headers.items()})


class Made(unittest.TestCase):
    def setUp(self):
        events = feeder.Events(seed=1, keys=5)
        self.records = [judge.Message(0, offset, 1_800_000_000_000 + offset, *events.make())
                        for offset in range(COUNT)]
        state = judge.Reference()
        judged = [state.judge(message) for message in self.records]
        self.reasons = {reason for reason, _, _ in judged}
        self.outcomes = [outcome(*one, message) for one, message in zip(judged, self.records)]
        self.rejects = [reject(one[0], message) for one, message in zip(judged, self.records)
                        if one[0] is not None]

    def counts(self, committed=COUNT, acknowledged=()):
        counts = judge.Counts(tell=lambda line: None)
        one = judge.Judge(counts)
        one.take_records(self.records, acknowledged)
        one.take_outcomes(self.outcomes)
        one.take_rejects(self.rejects)
        one.take_offsets({0: committed})
        return {name: count for name, count in counts.of.items() if count}

    def change(self, index, **data):
        message = self.outcomes[index]
        message.value = json.dumps({**json.loads(message.value), **data}).encode()

    def scored(self):
        return next(index for index, message in enumerate(self.outcomes) if index > 100 and
                    b'"scored"' in message.value)

    def test_silent_when_all_is_right(self):
        content = self.records[3].key, self.records[3].value
        self.assertEqual(self.counts(acknowledged=[(0, 3, *content), (0, None, *content)]), {})
        self.assertEqual(self.reasons, {None, "schema", "clock_ahead", "too_late", "malformed",
                                        "no_key"})

    def test_lost(self):
        del self.outcomes[17], self.rejects[0]
        self.assertEqual(self.counts(acknowledged=[(0, COUNT, b"k", b"v"), (0, None, b"k", b"v"),
                                                   (0, 3, b"k", b"v")]), {"LOST": 5})

    def test_doubled(self):
        self.outcomes.append(self.outcomes[17])
        self.rejects.append(self.rejects[0])
        self.assertEqual(self.counts(), {"DUP": 2})

    def test_phantom(self):
        self.outcomes.append(judge.Message(0, 1, headers={"ce_id": b"0:%d" % COUNT}))
        self.assertEqual(self.counts(), {"PHANTOM": 1})

    def test_reordered(self):
        key = self.outcomes[17].key
        later = next(index for index in range(18, COUNT) if self.outcomes[index].key == key)
        self.outcomes[17], self.outcomes[later] = self.outcomes[later], self.outcomes[17]
        self.assertEqual(set(self.counts()), {"REORDERED"})

    def test_another_state(self):
        index = self.scored()
        features = json.loads(self.outcomes[index].value)["features"]
        self.change(index, features={**features, "n_sum_8": features["n_sum_8"] + 1})
        self.assertEqual(self.counts(), {"STATE": 1})
        self.change(index, features={})
        self.assertEqual(self.counts(), {"STATE": 1})
        self.change(index, features=features, status="rejected", reason="schema")
        self.assertEqual(self.counts(), {"STATE": 1})
        self.change(index, features=features, status="scored", reason=None, flags=["late"])
        self.assertEqual(self.counts(), {"STATE": 1})

    def test_another_reject(self):
        self.rejects[0].value = b"another"
        self.rejects[1].headers[judge.ERRORS + "reason"] = b"another"
        self.assertEqual(self.counts(), {"STATE": 2})

    def test_offsets(self):
        self.assertEqual(self.counts(committed=COUNT - 1), {"OFFSET": 1})


class Read(unittest.TestCase):
    def test_reads_what_is_committed_and_nothing_else(self):
        with broker.Cluster() as cluster:
            cluster.create_topic("t", partitions=2)
            clients.produce(cluster.bootstrap, "t", [(b"k%d" % i, b"plain") for i in range(10)])
            producer = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0,
                                 "transactional.id": "t"})
            producer.init_transactions(60)
            for value, end in ((b"committed", producer.commit_transaction),
                               (b"aborted", producer.abort_transaction)):
                producer.begin_transaction()
                for i in range(10):
                    producer.produce("t", key=b"k%d" % i, value=value, headers={"h": b"x"})
                producer.flush(60)
                end(60)
            for committed, values in ((True, [b"committed", b"plain"]),
                                      (False, [b"aborted", b"committed", b"plain"])):
                found = judge.read_all(cluster.bootstrap, "t", committed)
                self.assertEqual(sorted(one.value for one in found),
                                 [value for value in values for _ in range(10)])
            self.assertEqual({one.headers.get("h") for one in found}, {None, b"x"})

    def test_the_feeder_writes_what_it_says(self):
        with broker.Cluster() as cluster:
            cluster.create_topic("fed", partitions=3)
            source = feeder.Feeder(cluster.bootstrap, "fed", 2000, seed=1)
            while len(source.acknowledged) < 500:
                source.stopping.wait(0.01)
            cluster.nodes[0].kill()
            cluster.nodes[0].start()
            source.stop()
            counts = judge.Counts()
            one = judge.Judge(counts)
            one.take_records(judge.read_all(cluster.bootstrap, "fed", committed=False),
                             source.acknowledged)
            self.assertEqual(counts.total(), 0)
            self.assertEqual(len(one.records), len(source.acknowledged))
            self.assertEqual(len(one.records), source.events.number)
