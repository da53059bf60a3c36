"""The broker that the other tests rely on does what they rely on."""
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

import broker
import clients

RECORDS = [(b"key-%d" % number, b"value-%d" % number) for number in range(200)]
WAIT_S = 60


def values(messages):
    return sorted(message.value() for message in messages)


class OneBroker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())
        cls.node = cls.cluster.nodes[0]

    def test_keeps_what_it_acknowledged_through_a_kill(self):
        self.cluster.create_topic("killed")
        placed = clients.produce(self.cluster.bootstrap, "killed", RECORDS)
        self.assertEqual({partition for partition, _ in placed}, {0, 1, 2, 3})
        before = self.node.port
        self.node.kill()
        self.assertFalse(self.node.running)
        self.node.start()
        self.assertEqual(self.node.port, before)
        found = clients.read(self.cluster.bootstrap, "killed", len(RECORDS))
        self.assertEqual(values(found), sorted(value for _, value in RECORDS))
        self.assertEqual(sum(clients.ends(self.cluster.bootstrap, "killed").values()),
                         len(RECORDS))

    def test_answers_nobody_while_it_is_paused(self):
        self.cluster.create_topic("paused")
        placed = []
        self.node.pause()
        writer = threading.Thread(target=lambda: placed.extend(
            clients.produce(self.cluster.bootstrap, "paused", RECORDS)))
        try:
            writer.start()
            writer.join(1.5)
            self.assertTrue(writer.is_alive())
        finally:
            self.node.resume()
        writer.join(WAIT_S)
        self.assertEqual(len(placed), len(RECORDS))

    def test_ends_when_asked_and_comes_back(self):
        self.node.stop()
        self.assertEqual(self.node.process.returncode, 128 + signal.SIGTERM)
        self.node.start()
        self.assertGreater(self.cluster.cpu_s(), 0)

    def test_unknown_topics_stay_unknown(self):
        with self.assertRaises(clients.Refused) as refused:
            clients.produce(self.cluster.bootstrap, "unheard-of", RECORDS[:1],
                            message_timeout_ms=3000)
        self.assertIn(refused.exception.code, ("_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART",
                                               "_MSG_TIMED_OUT"))


class ThreeBrokers(unittest.TestCase):
    def test_another_leads_when_the_leader_dies(self):
        with broker.Cluster(3) as cluster:
            cluster.create_topic("kept", partitions=1)
            clients.produce(cluster.bootstrap, "kept", RECORDS[:100])
            first = cluster.leader("kept", 0)
            first.kill()
            clients.produce(cluster.bootstrap, "kept", RECORDS[100:])
            self.assertIsNot(cluster.leader("kept", 0), first)
            found = clients.read(cluster.bootstrap, "kept", len(RECORDS))
            self.assertEqual(values(found), sorted(value for _, value in RECORDS))
            first.start()
            self.assertTrue(all(node.running for node in cluster.nodes))


class Mistakes(unittest.TestCase):
    def test_a_setting_that_the_broker_refuses(self):
        with self.assertRaisesRegex(broker.BrokerFailed, "num.network.threads"):
            broker.Cluster(settings={"num.network.threads": 0}).start()


class CommandLine(unittest.TestCase):
    def test_runs_until_it_is_told_to_end(self):
        command = [sys.executable, str(broker.ROOT / "tests" / "kafka" / "broker.py"), "run"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True) as process:
            try:
                said = process.stdout.readline()
                address = re.fullmatch(r"bootstrap\.servers=(127\.0\.0\.1:\d+)\n", said)
                self.assertIsNotNone(address, said)
                self.assertEqual(clients.confluent_kafka.Consumer(
                    clients.configuration(address[1], {"group.id": "g"})).list_topics(
                        timeout=WAIT_S).orig_broker_name, address[1] + "/1")
                process.send_signal(signal.SIGTERM)
                started = time.monotonic()
                self.assertEqual(process.wait(broker.STOP_S), 0)
                self.assertLess(time.monotonic() - started, broker.STOP_S)
            finally:
                process.send_signal(signal.SIGTERM)
