"""A key goes to the partition to which others' clients send it."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import kafka

import broker
import clients
from engine import ouzel

COUNTS = (1, 7, 12)
KEYS = ([f"press-{number}" for number in range(40)] + ["x" * length for length in range(1, 34)] +
        ["a b", "ä", "日本語", "🙂", "-1", "0", "\"quoted\"", "/line/1", "UPPER", "é" * 50])

PIPELINE = """\
name: keys
source: {{http: {{}}}}
schema:
  key: k
  fields: {{x: number}}
features:
  - {{of: x, take: [mean], last: 8}}
model: detector
limits: {{partitions: {count}}}
"""


def ours(count):
    """{key: partition}, as `ouzel score` places them."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = pathlib.Path(folder) / "pipeline.yaml"
        pipeline.write_text(PIPELINE.format(count=count))
        lines = "".join(json.dumps({"k": key, "x": 1}) + "\n" for key in KEYS)
        done = ouzel("score", pipeline, stdin=lines.encode())
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    said = [json.loads(line)["data"] for line in done.stdout.split("\n") if line]
    return {data["event"]["key"]: data["position"]["partition"] for data in said}


class Partitions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())
        cls.ours = {count: ours(count) for count in COUNTS}

    def topic(self, client, count):
        name = f"{client}-{count}"
        self.cluster.create_topic(name, partitions=count)
        return name

    def check(self, count, theirs):
        self.assertEqual(len(self.ours[count]), len(set(KEYS)))
        self.assertEqual(theirs, self.ours[count])
        self.assertEqual(len(set(theirs.values())), count)   # every partition has some

    def test_java(self):
        for count in COUNTS:
            with self.subTest(count):
                topic = self.topic("java", count)
                self.cluster.tool("ConsoleProducer", "--topic", topic, "--reader-property",
                                  "parse.key=true", "--reader-property", "key.separator=|",
                                  stdin="".join(f"{key}|v\n" for key in KEYS))
                found = clients.read(self.cluster.bootstrap, topic, len(KEYS))
                self.check(count, {message.key().decode(): message.partition()
                                   for message in found})

    def test_librdkafka(self):
        for count in COUNTS:
            with self.subTest(count):
                placed = clients.produce(self.cluster.bootstrap, self.topic("rdkafka", count),
                                         [(key.encode(), b"v") for key in KEYS])
                self.check(count, {key: partition
                                   for key, (partition, _) in zip(KEYS, placed)})

    def test_kcat(self):
        """Told so: by itself it takes librdkafka's old way of CRC-32."""
        if shutil.which("kcat") is None:
            self.skipTest("no kcat; scripts/setup kafka installs it")
        for count in COUNTS:
            with self.subTest(count):
                topic = self.topic("kcat", count)
                lines = "".join(f"{key}|v\n" for key in KEYS)
                subprocess.run(["kcat", "-P", "-b", self.cluster.bootstrap, "-t", topic, "-K", "|",
                                "-X", "partitioner=murmur2_random"], input=lines.encode(),
                               timeout=60, check=True)
                said = subprocess.run(
                    ["kcat", "-C", "-q", "-e", "-b", self.cluster.bootstrap, "-t", topic, "-f",
                     "%p %k\n"], capture_output=True, timeout=60, check=True).stdout.decode()
                lines = [line.split(" ", 1) for line in said.split("\n") if line]
                self.check(count, {key: int(partition) for partition, key in lines})

    def test_kafka_python(self):
        producer = kafka.KafkaProducer(bootstrap_servers=self.cluster.bootstrap)
        try:
            for count in COUNTS:
                with self.subTest(count):
                    topic = self.topic("python", count)
                    sent = [(key, producer.send(topic, key=key.encode(), value=b"v"))
                            for key in KEYS]
                    self.check(count, {key: future.get(60).partition for key, future in sent})
        finally:
            producer.close()
