"""Every form in which others write a record is read, and what goes out can be read by others."""
import io
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timezone

import confluent_kafka
import confluent_kafka.admin
import fastavro
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.v1.event import CloudEvent

import broker
import clients
import judge
import registry
import scenarios
import worker
from engine import ROOT, Engine, ouzel

SHARED = pathlib.Path(os.environ.get("OUZEL_SHARED", ROOT.parent / "shared"))
ERRORS = "__ouzel.errors."
WAIT_S = 60
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PIPELINE = """\
name: press
source:
  kafka: {{topic: readings, registry: "{registry}", connect_headers: true}}
kafka: {{bootstrap.servers: "{bootstrap}"}}
model: detector
"""
READINGS = """\
schema:
  key: device
  fields:
    x: number
    mode: {type: string, required: false}
features:
  - {of: x, take: [mean], last: 8}
"""
# The scenarios' type is the key, and their data passes only as it is.
SCENARIOS = """\
schema:
  key: ce.type
  fields:
    message: {type: string, enum: ["Hello World!"]}
    x: {type: number, required: false}
features:
  - {of: x, take: [mean], last: 8}
"""
AVRO = {"type": "record", "name": "Reading", "namespace": "plant", "fields": [
    {"name": "device", "type": "string"},
    {"name": "x", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9,
                                    "scale": 3}]},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "mode", "type": ["null", {"type": "enum", "name": "Mode",
                                       "symbols": ["idle", "run"]}]},
    {"name": "samples", "type": {"type": "array", "items": "float"}}]}
JSON_SCHEMA = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
PROTOBUF = 'syntax = "proto3";\nmessage Reading { double x = 1; }\n'
GOOD = b'{"device":"d1","x":1.5}'


def avro(**values):
    """What fastavro makes of a reading."""
    from decimal import Decimal
    whole = {"device": "a1", "x": Decimal("21.125"), "mode": "run", "samples": [0.5, -1.0],
             "at": datetime(2026, 3, 1, 8, 0, 0, 120001, timezone.utc), **values}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(AVRO), whole)
    return out.getvalue()


def frame(number):
    return b"\0" + struct.pack(">I", number)


class Topics:
    """A pipeline on topics of one partition, and a producer to the first of them."""
    ahead_s = 0   # Of the clock, in the records' timestamps.

    def __init__(self, test, registry_url, schema=READINGS):
        self.cluster = test.enterContext(broker.Cluster())
        for topic in ("readings", "press-outcomes", "press-rejects", "press-journal",
                      "press-models"):
            self.cluster.create_topic(topic, partitions=1)
        self.folder = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory()))
        self.pipeline = self.folder / "press.yaml"
        self.pipeline.write_text(
            PIPELINE.format(registry=registry_url, bootstrap=self.cluster.bootstrap) + schema)
        self.producer = confluent_kafka.Producer(
            {"bootstrap.servers": self.cluster.bootstrap, "log_level": 0})
        self.engine = test.enterContext(Engine(self.pipeline, self.folder / "data", ready=False))

    def write(self, value, key=b"k", headers=()):
        headers = headers.items() if isinstance(headers, dict) else headers
        self.producer.produce("readings", value, key=key, headers=list(headers),
                              timestamp=int((time.time() + self.ahead_s) * 1000))

    def wait(self, count):
        """The outcomes (headers, data) of as many records, in their order."""
        self.producer.flush(WAIT_S)
        end = time.monotonic() + WAIT_S
        while True:
            found = judge.read_all(self.cluster.bootstrap, "press-outcomes")
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.2)

    def tap(self, topic):
        done = subprocess.run([worker.program(), "tap", topic, "--pipeline", self.pipeline],
                              capture_output=True, text=True, timeout=WAIT_S, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rejects(self):
        return {int(message.headers[ERRORS + "offset"]): message
                for message in judge.read_all(self.cluster.bootstrap, "press-rejects")}


class Records(unittest.TestCase):
    def test_of_every_form_are_read(self):
        with registry.Registry() as schemas:
            self.schemas = schemas
            ids = {kind: schemas.register(f"{kind}-value", schema, kind)
                   for kind, schema in (("AVRO", AVRO), ("JSON", JSON_SCHEMA),
                                        ("PROTOBUF", PROTOBUF))}
            self.topics = Topics(self, schemas.url)
            cases = self.cases(ids)
            for _, record in cases:
                self.topics.write(*record)
            outcomes = self.topics.wait(len(cases))
            events, rejected = self.topics.tap("events"), self.topics.tap("rejects")
        self.check_tap(events, rejected, cases, outcomes)
        self.assertEqual(len(outcomes), len(cases))
        rejects = self.topics.rejects()
        for offset, ((expected, record), outcome) in enumerate(zip(cases, outcomes)):
            with self.subTest(offset=offset, record=record):
                self.check(offset, expected, record, outcome, rejects)
        self.assertEqual(len(rejects), sum("reason" in expected for expected, _ in cases))

    def cases(self, ids):
        """[(expected, (value, key, headers))]."""
        event = CloudEvent(attributes={"id": "e1", "source": "/line/1", "type": "reading",
                                       "specversion": "1.0", "partitionkey": "p",
                                       "subject": "cell é 100%",
                                       "datacontenttype": "application/json"},
                           data={"device": "d2", "x": 2})
        binary, structured = binding.to_binary_event(event), binding.to_structured_event(event)
        own = {"source": "/line/1", "id": "e1", "key": "d2"}
        framed = {"key": "a1"}
        broken = dict(binary.headers, ce_source=b"a b")
        guid = b"\1" + bytes(16)
        return [
            ({"key": "d1"}, (GOOD, b"k")),
            ({"key": "d1", "trace": TRACE}, (GOOD, b"\xff\0", {"traceparent": TRACE.encode()})),
            (own, (binary.value, binary.key, binary.headers)),
            (own, (structured.value, structured.key, structured.headers)),
            (own, (structured.value, b"k")),
            ({**own, "trace": TRACE},
             (binary.value, b"k", {**binary.headers, "ce_traceparent": TRACE.encode()})),
            (framed, (frame(ids["AVRO"]) + avro(), b"k")),
            (framed, (frame(ids["AVRO"]) + avro(mode=None, samples=[]), b"k")),
            (framed, (avro(), b"k", {"__value_schema_id": frame(ids["AVRO"])})),
            ({"key": "d1"}, (frame(ids["JSON"]) + GOOD, b"k")),
            ({"source": "/line/1", "id": "e1", "key": "a1"},
             (frame(ids["AVRO"]) + avro(), b"k", dict(binary.headers, **{
                 "content-type": b"application/avro"}))),
            ({"reason": "schema"}, (frame(ids["AVRO"]) + avro(x=None), b"k")),
            ({"reason": "malformed", "detail": "Protobuf"},
             (frame(ids["PROTOBUF"]) + b"\0\1", b"k")),
            ({"reason": "malformed", "detail": "schema 4711 is not in the schema registry"},
             (frame(4711) + avro(), b"k")),
            ({"reason": "malformed", "detail": "Avro, at byte"},
             (frame(ids["AVRO"]) + avro()[:-3], b"k")),
            ({"reason": "malformed", "detail": "unknown magic byte"}, (b"\2\0\0\0\1" + GOOD, b"k")),
            ({"reason": "malformed", "detail": "expected 17 bytes"}, (guid[:9], b"k")),
            ({"reason": "malformed", "detail": "tombstone"}, (None, b"k")),
            ({"reason": "malformed", "detail": "not valid JSON"}, (b"{", None)),
            ({"reason": "no_key"}, (b'{"x":1}', b"k", {"tenant": b"blue"})),
            ({"reason": "envelope", "detail": "source"}, (binary.value, b"k", broken)),
            ({"reason": "envelope", "detail": "application/cloudevents+json"},
             (GOOD, b"k", {"content-type": b"application/cloudevents+protobuf"})),
        ]

    def check_tap(self, events, rejected, cases, outcomes):
        """Framed values are shown as JSON, and a reject is called what its outcome calls it."""
        framed = next(i for i, (expected, _) in enumerate(cases) if expected == {"key": "a1"})
        shown = next(one for one in events if one["ouzelposition"] == f"0:{framed}")
        self.assertEqual(shown["data"], {"device": "a1", "x": 21.125, "mode": "run",
                                         "samples": [0.5, -1], "at": "2026-03-01T08:00:00.120001Z"})
        self.assertEqual(len(events), len(cases))
        self.assertEqual(len(rejected), sum("reason" in expected for expected, _ in cases))
        for line in rejected:
            data = json.loads(outcomes[line["data"]["position"]["offset"]].value)
            event = {name: value for name, value in line["data"]["event"].items()
                     if not name.startswith("bytes")}
            self.assertEqual(event, data["event"])

    def check(self, offset, expected, record, outcome, rejects):
        value, key, headers = (*record, {})[:3]
        sent = binding.from_kafka_event(binding.KafkaMessage(
            headers=outcome.headers, key=outcome.key, value=outcome.value))
        data = sent.get_data()
        event = data["event"]
        self.assertEqual(sent.get_id(), f"0:{offset}")
        self.assertEqual(sent.get_source(), "/ouzel/press")
        self.assertEqual(sent.get_type(), "dev.ouzel.outcome.v1")
        self.assertEqual(data["position"], {"partition": 0, "offset": offset})
        if "reason" in expected:
            self.assertEqual(data["status"], "rejected")
            self.assertEqual(data["reason"], expected["reason"])
            self.assertIn(expected.get("detail", ""), data["detail"])
            self.check_reject(data, value, key, headers, rejects[offset])
            return
        self.assertEqual(data["status"], "scored", data)
        self.assertEqual(event["key"], expected["key"])
        self.assertEqual(outcome.key, expected["key"].encode())
        self.assertEqual(event["source"], expected.get("source", "/ouzel/press/kafka#readings"))
        self.assertEqual(event["id"], expected.get("id", f"partition:0/offset:{offset}"))
        trace = expected.get("trace")
        self.assertEqual(data.get("trace"), trace and trace.split("-")[1])
        said = outcome.headers.get("traceparent", b"").decode()
        self.assertEqual(said.split("-")[1:2], [trace.split("-")[1]] if trace else [])

    def check_reject(self, data, value, key, headers, reject):
        self.assertEqual(reject.value, value)
        self.assertEqual(reject.key, key)
        for name, text in headers.items():
            self.assertEqual(reject.headers[name], text)
        for name, text in (("topic", "readings"), ("partition", "0"), ("reason", data["reason"]),
                           ("detail", data["detail"]), ("pipeline", "press"), ("attempts", "1")):
            self.assertEqual(reject.headers[ERRORS + name].decode(), text)
        self.assertEqual(reject.headers["__connect.errors.exception.message"].decode(),
                         data["detail"])


class Java(unittest.TestCase):
    """Apache Kafka's own console clients, on both sides of a worker."""

    def test_console_producer_and_consumer(self):
        topics = Topics(self, "http://127.0.0.1:9")
        events = [(f"d{number % 3}", json.dumps({"device": f"d{number % 3}", "x": number}))
                  for number in range(20)] + [("d1", "nonsense")]
        topics.cluster.tool("ConsoleProducer", "--topic", "readings", "--reader-property",
                            "parse.key=true", "--reader-property", "key.separator=|",
                            stdin="".join(f"{key}|{value}\n" for key, value in events))
        outcomes = topics.wait(len(events))
        shown = [word for name in ("key", "offset", "headers")
                 for word in ("--formatter-property", f"print.{name}=true")]
        said = topics.cluster.tool(
            "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", "press-outcomes",
            "--isolation-level", "read_committed", "--from-beginning", "--max-messages",
            len(events), "--timeout-ms", WAIT_S * 1000, *shown).splitlines()
        self.assertEqual(len(said), len(events))
        for (key, value), outcome, line in zip(events, outcomes, said):
            offset, headers, *record = line.split("\t")
            self.assertEqual(offset, f"Offset:{outcome.offset}")
            for name, held in outcome.headers.items():
                self.assertIn(f"{name}:{held.decode()}", headers)
            bad = value == "nonsense"   # Nobody knows its key.
            self.assertEqual(record, ["null" if bad else key, outcome.value.decode()])
            self.assertEqual(json.loads(record[1])["status"], "rejected" if bad else "scored")


def noise(seed, size):
    """Text that nothing compresses much: a topic's limit is one of what is left after that."""
    return random.Random(seed).randbytes(size // 2).hex().encode()


class Large(unittest.TestCase):
    """What a topic does not take for its size: the others go on, and all is kept that can be."""
    LARGE = b'{"device":"d1","x":1.5,"mode":"' + noise(1, 10_000_000) + b'"}'

    def through(self, cluster, name, values, sizes, setting=""):
        """(outcomes, rejects, file) of these events, none of which is a good one if it is large."""
        sizes = {"events": 20_000_000, "outcomes": 1 << 20, "journal": 1 << 20,
                 "models": 1 << 20, **sizes}
        made = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.bootstrap})
        for future in made.create_topics([
                confluent_kafka.admin.NewTopic(f"{name}-{role}", 1,
                                               config={"max.message.bytes": str(size)})
                for role, size in sizes.items()]).values():
            future.result(WAIT_S)
        producer = confluent_kafka.Producer({
            "bootstrap.servers": cluster.bootstrap, "message.max.bytes": 30_000_000,
            "enable.idempotence": True})   # So that a batch tried again keeps its place.
        for value in values:
            producer.produce(f"{name}-events", value, b"d1", headers={"a": b"b"})
        self.assertEqual(producer.flush(WAIT_S), 0)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ouzel-large-"))
        self.addCleanup(shutil.rmtree, folder, True)
        path = folder / "large.yaml"
        path.write_text(f"name: {name}\nsource: {{kafka: {{topic: {name}-events}}}}\n"
                        f"kafka: {{bootstrap.servers: \"{cluster.bootstrap}\"{setting}}}\n"
                        + READINGS)
        with Engine(path, folder / "data", ready=False) as engine:
            outcomes = clients.read(cluster.bootstrap, f"{name}-outcomes", len(values))
            bad = [json.loads(one.value())["status"] for one in outcomes].count("rejected")
            found = clients.read(cluster.bootstrap, f"{name}-rejects", bad)
            engine.wait_ready()
            self.assertEqual(engine.stop(), 0)
        return outcomes, found, path

    def test_a_record_of_ten_megabytes(self):
        near = noise(2, 1_000_000)  # No event, and the topic takes it.
        with broker.Cluster() as cluster:
            for name, rejects, whole in (("whole", 20_000_000, True), ("cut", 1 << 20, False)):
                with self.subTest(name):
                    outcomes, (reject, other), path = self.through(
                        cluster, name, (GOOD, self.LARGE, GOOD, near), {"rejects": rejects})
                    data = [json.loads(one.value()) for one in outcomes]
                    self.assertEqual([one.get("reason") for one in data],
                                     [None, "too_large", None, "malformed"])
                    headers = {key: value.decode() for key, value in reject.headers()}
                    self.assertEqual((headers["a"], headers[ERRORS + "offset"], reject.key()),
                                     ("b", "1", b"d1"))
                    self.assertEqual(reject.value(), self.LARGE if whole else None)
                    self.assertEqual(headers.get(ERRORS + "left_out"),
                                     None if whole else str(len(self.LARGE)))
                    self.assertEqual(other.value(), near)
                    done = ouzel("dlq", "replay", "--rejects", "--pipeline", path)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("2 sent again" if whole else
                                  f"0:1 was too large for topic {name}-rejects", done.stderr)

    def test_a_batch_that_a_topic_refuses_is_sent_in_smaller_ones(self):
        bad = [b"nonsense " + noise(i, 1000) for i in range(600)]
        good = [json.dumps({"device": noise(i, 500).decode(), "x": i}).encode()
                for i in range(2500)]
        with broker.Cluster() as cluster:
            for name, sizes, setting in (
                    ("small", {"outcomes": 1 << 15, "rejects": 1 << 16}, ""),
                    ("usual", {"rejects": 1 << 20}, ", batch.size: 10000000")):
                with self.subTest(name):
                    outcomes, rejects, _ = self.through(cluster, name, bad + good, sizes, setting)
                    self.assertEqual([json.loads(one.value())["position"]["offset"]
                                      for one in outcomes], list(range(len(bad + good))))
                    self.assertEqual([one.value() for one in rejects], bad)


class Counters(unittest.TestCase):
    NAMES = ["ouzel_events_received_total", "ouzel_events_accepted_total",
             "ouzel_events_scored_total", "ouzel_events_rejected_total",
             "ouzel_outcomes_routed_total"]

    def test_go_on_through_an_edit(self):
        topics = Topics(self, "http://127.0.0.1:9")
        engine, text = topics.engine, topics.pipeline.read_text()
        for count in (1, 2):
            for value in (GOOD, GOOD, b"nonsense"):
                topics.write(value)
            topics.wait(3 * count)
            expected = [3 * count, 3 * count, 2 * count, count, 2 * count]
            end = time.monotonic() + WAIT_S
            while [engine.total(name) for name in self.NAMES] != expected:
                self.assertLess(time.monotonic(), end, engine.metrics())
                time.sleep(0.1)
            topics.pipeline.write_text(text + f"serve: {{shutdown_delay: {count}s}}\n")
            applied = ouzel("apply", "--url", f"http://127.0.0.1:{engine.port}")
            self.assertEqual(applied.returncode, 0, applied.stderr)
            self.assertEqual([engine.total(name) for name in self.NAMES], expected)


class Conformance(unittest.TestCase):
    """The verdicts stand in docs/conformance/cloudevents.md."""

    def test_scenarios(self):
        vectors = SHARED / "conformance" / "cloudevents" / "features"
        if not vectors.is_dir():
            self.skipTest(f"no vectors in {vectors}; OUZEL_SHARED names the folder above")
        found = scenarios.read((vectors / "kafka-protocol-binding.feature").read_text())
        self.assertEqual(len(found), 3)
        topics = Topics(self, "http://127.0.0.1:9", SCENARIOS)
        for scenario in found:
            topics.write(scenario.message.encode(), None, scenario.headers)
        topics.write(found[0].message.replace("World", "word").encode(), None, found[0].headers)
        *outcomes, other = topics.wait(len(found) + 1)
        for scenario, outcome in zip(found, outcomes, strict=True):
            with self.subTest(scenario.name):
                data = json.loads(outcome.value)
                wanted = scenario.wanted
                self.assertEqual(data["status"], "scored", data)
                self.assertEqual(data["event"], {
                    "source": wanted["source"], "id": wanted["id"], "key": wanted["type"],
                    "time": wanted["time"]})
        self.assertIn("message", json.loads(other.value)["detail"])


class RegistryAway(unittest.TestCase):
    def test_the_topic_waits_and_goes_on(self):
        """A registry that comes late, and goes and comes back: no record is lost or rejected."""
        late = registry.Registry()
        self.addCleanup(late.close)
        topics = Topics(self, late.url)
        topics.ahead_s = 9   # So that none is 10 s old before the registry has its schema.
        topics.write(GOOD)
        self.assertEqual(len(topics.wait(1)), 1)
        for number in (1, 1, 2):
            topics.write(frame(number) + avro())
        self.wait_for_trouble(topics, "schemas/ids/1")
        late.start()
        self.assertEqual(late.register("a-value", AVRO), 1)
        self.assertEqual(late.register("b-value", {**AVRO, "doc": "b"}), 2)
        self.assertEqual(len(topics.wait(4)), 4)
        late.stop()
        topics.write(frame(2) + avro())   # Known: needs no registry.
        self.assertEqual(len(topics.wait(5)), 5)
        topics.write(frame(3) + avro())
        topics.write(GOOD)
        self.wait_for_trouble(topics, "schemas/ids/3")
        late.start()
        for number in (1, 2, 3):
            self.assertEqual(late.register(f"{number}-value", {**AVRO, "doc": str(number)}), number)
        topics.wait(7)
        topics.write(frame(4) + avro())   # The registry answers, but lags behind the producer.
        self.wait_for_trouble(topics, "schema 4 is not in the schema registry; the record of")
        self.assertEqual(late.register("4-value", {**AVRO, "doc": "4"}), 4)
        found = topics.wait(8)
        self.assertEqual([json.loads(one.value)["status"] for one in found], ["scored"] * 8)
        self.assertEqual([one.headers["ce_id"].decode() for one in found],
                         [f"0:{offset}" for offset in range(8)])
        self.assertEqual(topics.rejects(), {})

    def wait_for_trouble(self, topics, what):
        """Until /readyz?verbose says what the topic waits for."""
        topics.producer.flush(WAIT_S)
        end = time.monotonic() + WAIT_S
        text = ""
        while time.monotonic() < end:
            _, text, _ = topics.engine.get("/readyz?verbose")
            if what in text:
                return
            time.sleep(0.05)
        self.fail(f"{what} is not in: {text}")
