"""The proxy: frames whole and in order, and each thing that it can do to them, on a real broker."""
import contextlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import types
import unittest

import broker
import clients
import proxy
from confluent_kafka import KafkaException, Producer, TopicPartition

RECORDS = [(b"key-%d" % number, b"value-%d" % number) for number in range(100)]
WAIT_S = 60
TRANSACTION_MS, SHORT_TRANSACTION_MS = 60000, 2000

# Begins a transaction, writes to the topic, and commits; the test kills it while that goes on.
WRITER = """
import sys, confluent_kafka
address, topic, identity = sys.argv[1:]
producer = confluent_kafka.Producer({"bootstrap.servers": address, "transactional.id": identity,
                                     "log_level": 0})
producer.init_transactions(60)
producer.begin_transaction()
producer.produce(topic, key="k", value="of the dead")
producer.flush(60)
producer.commit_transaction(60)
"""


def request(api, correlation, rest=b""):
    body = struct.pack(">hhih", api, 1, correlation, 2) + b"me" + rest
    return struct.pack(">i", len(body)) + body


class Frames(unittest.TestCase):
    """Against a broker of our own that answers each request with its bytes behind the header."""

    def setUp(self):
        ports = broker.free_ports(2)
        node = types.SimpleNamespace(id=1, proxy=ports[0], behind_proxy=ports[1])
        door = socket.create_server(("127.0.0.1", node.behind_proxy))
        self.addCleanup(door.close)
        threading.Thread(target=self.answer, args=(door,), daemon=True).start()
        self.proxy = proxy.Proxy(types.SimpleNamespace(nodes=[node]))
        self.addCleanup(self.proxy.close)
        self.client = socket.create_connection(("127.0.0.1", node.proxy), WAIT_S)
        self.client.settimeout(WAIT_S)
        self.addCleanup(self.client.close)

    @staticmethod
    def answer(door):
        with contextlib.suppress(OSError):
            end, _ = door.accept()
            with end:
                while (body := proxy.receive(end)) is not None:
                    proxy.send(end, body[4:8] + body[12:])

    def reply(self):
        return proxy.receive(self.client)

    def test_come_whole_however_they_were_cut(self):
        payload = bytes(range(256)) * 5000
        for byte in request(26, 7, b"slow"):
            self.client.sendall(bytes([byte]))
        self.client.sendall(request(0, 8, payload) + request(3, 9))
        self.assertEqual(self.reply(), struct.pack(">i", 7) + b"slow")
        self.assertEqual(self.reply(), struct.pack(">i", 8) + payload)
        self.assertEqual(self.reply(), struct.pack(">i", 9))
        self.assertEqual([self.proxy.count(api, direction)
                          for api in ("EndTxn", "Produce", "Metadata", "Fetch")
                          for direction in (proxy.REQUEST, proxy.REPLY)],
                         [1, 1, 1, 1, 1, 1, 0, 0])

    def test_rules_meet_what_they_name(self):
        lost = self.proxy.drop("Produce", when=lambda frame: frame.correlation == 2)
        silent = self.proxy.drop("EndTxn", proxy.REPLY)
        self.client.sendall(b"".join(request(api, correlation) for api, correlation in
                                     ((0, 1), (0, 2), (26, 3), (26, 4), (0, 2))))
        self.assertEqual([self.reply() for _ in range(3)],
                         [struct.pack(">i", correlation) for correlation in (1, 4, 2)])
        self.assertEqual([(frame.client, frame.version, frame.direction)
                          for frame in lost.frames + silent.frames],
                         [("me", 1, proxy.REQUEST), ("me", 1, proxy.REPLY)])

    def test_what_comes_behind_a_held_one_waits(self):
        held = self.proxy.hold("Produce")
        self.client.sendall(request(3, 1) + request(0, 2) + request(3, 3))
        self.assertEqual(self.reply(), struct.pack(">i", 1))
        held.wait(WAIT_S)
        self.assertEqual(self.proxy.count("Metadata"), 1)
        held.release()
        self.assertEqual([self.reply(), self.reply()], [struct.pack(">i", 2),
                                                        struct.pack(">i", 3)])

    def test_nonsense_ends_the_connection(self):
        self.client.sendall(struct.pack(">i", -1))
        self.assertIsNone(self.reply())

    def test_closing_loses_the_frame(self):
        self.proxy.close_on("EndTxn", proxy.REPLY)
        self.client.sendall(request(26, 1))
        self.assertIsNone(self.reply())
        self.assertEqual(self.proxy.count("EndTxn", proxy.REPLY), 1)

    def test_a_rule_that_could_never_match(self):
        with self.assertRaisesRegex(ValueError, "unknown request: EndTransaction .known: Produce"):
            self.proxy.drop("EndTransaction")
        with self.assertRaisesRegex(TimeoutError, "1 × Fetch request expected, got 0"):
            self.proxy.drop("Fetch").wait(0.01)


class Real(unittest.TestCase):
    """What the crash tests do with it."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())

    def setUp(self):
        self.topic = self.id().rsplit(".", 1)[-1]
        self.cluster.create_topic(self.topic, partitions=2)
        self.proxy = self.enterContext(proxy.Proxy(self.cluster))
        self.address = self.cluster.addresses("proxy")

    def producer(self, transaction_ms=TRANSACTION_MS, **settings):
        named = {"transactional.id": self.topic, "transaction.timeout.ms": transaction_ms}
        out = Producer({**clients.configuration(self.address, settings), **named})
        out.init_transactions(WAIT_S)
        return out

    def write(self, producer):
        producer.begin_transaction()
        for key, value in RECORDS:
            producer.produce(self.topic, key=key, value=value)

    def committed(self, count):
        """The first values that a read_committed reader gets, past the proxy."""
        found = clients.read(self.cluster.bootstrap, self.topic, count,
                             isolation_level="read_committed")
        return sorted(message.value() for message in found)

    def nothing_but(self, values):
        """A last record of a transaction of its own ends every partition: what is not in front of
        it is not there."""
        last = Producer({"bootstrap.servers": self.cluster.bootstrap,
                         "transactional.id": "last-" + self.topic, "log_level": 0})
        last.init_transactions(WAIT_S)
        last.begin_transaction()
        for partition in range(2):
            last.produce(self.topic, value=b"last", partition=partition)
        last.commit_transaction(WAIT_S)
        self.assertEqual(self.committed(len(values) + 2), sorted([*values, b"last", b"last"]))

    def test_clients_stay_behind_it(self):
        producer = Producer(clients.configuration(self.address, {}))
        known = producer.list_topics(self.topic, WAIT_S).brokers.values()
        self.assertEqual([f"{one.host}:{one.port}" for one in known], [self.address])
        clients.produce(self.address, self.topic, RECORDS)
        self.assertGreater(self.proxy.count("Produce", proxy.REPLY), 0)
        self.assertEqual(self.committed(len(RECORDS)), sorted(value for _, value in RECORDS))

    def test_a_reply_to_produce_is_lost_with_the_connection(self):
        rule = self.proxy.close_on("Produce", proxy.REPLY)
        clients.produce(self.address, self.topic, RECORDS, enable_idempotence="true")
        self.assertEqual(len(rule.frames), 1)
        self.assertGreater(self.proxy.count("Produce"), 1)
        self.assertEqual(sum(clients.ends(self.cluster.bootstrap, self.topic).values()),
                         len(RECORDS))

    def test_a_reply_to_end_is_lost(self):
        rule = self.proxy.drop("EndTxn", proxy.REPLY)
        producer = self.producer(socket_timeout_ms=1000)
        self.write(producer)
        producer.commit_transaction(WAIT_S)
        self.assertEqual(len(rule.frames), 1)
        self.assertGreater(self.proxy.count("EndTxn"), 1)
        self.nothing_but([value for _, value in RECORDS])

    def test_an_end_that_waits_past_the_timeout(self):
        producer = self.producer(SHORT_TRANSACTION_MS)
        self.write(producer)
        producer.flush(WAIT_S)
        held = self.proxy.hold("EndTxn", times=None)   # the client asks again in time, and again
        threading.Timer(3 * SHORT_TRANSACTION_MS / 1000, held.release).start()
        with self.assertRaises(KafkaException) as refused:
            producer.commit_transaction(WAIT_S)
        self.assertTrue(refused.exception.args[0].fatal())
        self.nothing_but([])

    def test_a_request_that_outlives_its_sender(self):
        held = self.proxy.hold("EndTxn")
        with subprocess.Popen([sys.executable, "-c", WRITER, self.address, self.topic,
                               self.topic]) as writer:
            held.wait(WAIT_S)
            writer.send_signal(signal.SIGKILL)
        before = self.proxy.count("EndTxn", proxy.REPLY)
        self.producer()                            # fences the dead one and aborts what it began
        held.release()
        end = time.monotonic() + WAIT_S
        while self.proxy.count("EndTxn", proxy.REPLY) == before and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.proxy.count("EndTxn", proxy.REPLY), before + 1)   # late, and heard
        self.nothing_but([])

    def test_delays(self):
        self.proxy.delay("Produce", 1.0, times=1)
        started = time.monotonic()
        clients.produce(self.address, self.topic, RECORDS[:1])
        self.assertGreaterEqual(time.monotonic() - started, 1.0)

    def test_brokers_that_are_away_and_come_back(self):
        producer = self.producer(reconnect_backoff_max_ms=200)
        self.proxy.cut()
        self.write(producer)
        self.assertEqual(producer.flush(1), len(RECORDS))
        self.proxy.mend()
        producer.commit_transaction(WAIT_S)
        self.nothing_but([value for _, value in RECORDS])
