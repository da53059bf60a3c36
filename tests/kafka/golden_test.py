"""The golden pipelines give on Kafka what they give on files of their own, byte for byte."""
import concurrent.futures
import dataclasses
import importlib.util
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import broker
import clients
import judge
import worker

GOLDEN = broker.ROOT / "tests" / "golden"
# What only a request has, another source, a pipeline file that changes, and files as sinks.
LEFT_OUT = {"binary", "payload", "csv_file", "edit", "edit_onnx", "sinks"}
PARTITIONS = 8   # As limits.partitions, where a case does not say.
AT_ONCE = 3
PLANTED = "schema"   # The case to which differences are done.


def golden():
    spec = importlib.util.spec_from_file_location("golden_run", GOLDEN / "run.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def records(case, expected):
    """[(key, value)]: the events that a door would take, each once: what repeats one or is refused
    has a place of its own in Kafka."""
    left = {(data["event"]["source"], data["event"]["id"]): data["event"]["key"]
            for data in expected}
    out = []
    for line in case.lines:
        try:
            event = json.loads(line)
            key = left.pop((event["source"], event["id"]), None)
        except (ValueError, KeyError, TypeError):
            continue
        if key is not None:
            out.append((key.encode(), line))
    assert not left, f"{case.name}: no line of {sorted(left)[:3]}"
    return out


def data_of(line):
    """The text of an outcome's data."""
    return line[line.index('"data":{') + len('"data":'):-1]


def headers_of(line):
    """What the attributes of an outcome become."""
    return {f"ce_{name}" if name != "datacontenttype" else "content-type": value.encode()
            for name, value in json.loads(line).items() if name not in ("data", "traceparent")}


def compare(found, rejects, expected, sent):
    """What of the topics' content differs from the expected lines; None: nothing."""
    got = {message.headers["ce_id"].decode(): message for message in found}
    if len(found) != len(expected) or len(got) != len(expected):
        return f"{len(expected)} outcomes expected, got {len(found)}, {len(got)} different"
    lines = dict((tuple(json.loads(line)[name] for name in ("source", "id")), line)
                 for _, line in sent)
    rejected = []
    for line in expected:
        outcome = json.loads(line)
        message, event = got.get(outcome["id"]), outcome["data"]["event"]
        if message is None or message.value.decode() != data_of(line):
            return f"expected {data_of(line)}\n  got {message and message.value.decode()}"
        if (message.key.decode(), message.partition) != (
                event["key"], outcome["data"]["position"]["partition"]):
            return f"{outcome['id']}: key {message.key} in partition {message.partition}"
        wrong = set(headers_of(line).items()) - set(message.headers.items())
        if wrong:
            return f"{outcome['id']}: headers {wrong} expected, got {message.headers}"
        if outcome["data"]["status"] == "rejected":
            rejected.append(lines[event["source"], event["id"]])
    if sorted(message.value for message in rejects) != sorted(rejected):
        return f"{len(rejected)} rejects expected, got {len(rejects)}, or others"
    return None


def planted(found, rejects):
    """(what, outcomes, rejects): the same but for one byte, one place or one record."""
    def with_one(messages, at, **changed):
        return [*messages[:at], dataclasses.replace(messages[at], **changed), *messages[at + 1:]]

    def bytes_of(text):
        return [text[:i] + bytes([text[i] ^ 1]) + text[i + 1:] for i in range(len(text))]

    at, outcome = next((at, one) for at, one in enumerate(found) if b'"rejected"' in one.value)
    for value in bytes_of(outcome.value):
        yield "a value's byte", with_one(found, at, value=value), rejects
    for key in bytes_of(outcome.key):
        yield "a key's byte", with_one(found, at, key=key), rejects
    for name, text in outcome.headers.items():
        for value in bytes_of(text):
            yield name, with_one(found, at, headers={**outcome.headers, name: value}), rejects
    yield "another partition", with_one(found, at, partition=outcome.partition + 1), rejects
    yield "an outcome twice", [*found, outcome], rejects
    yield "an outcome less", found[1:], rejects
    for value in bytes_of(rejects[0].value):
        yield "a reject's byte", found, with_one(rejects, 0, value=value)
    yield "a reject less", found, rejects[1:]


class Golden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())
        cls.played = {}   # name of a case -> what compare() takes

    def pipeline(self, case, topic, folder):
        """The case's own, with another source."""
        place = pathlib.Path(shutil.copytree(case.folder, folder / "case"))
        text = (place / "pipeline.yaml").read_text()
        partitions = re.search(r"^limits:.*partitions: *(\d+)", text, re.M)
        text = re.sub(r"^source:.*\n", "", text, flags=re.M)
        text += (f"source: {{kafka: {{topic: {topic}, group: {topic}, outcomes: {topic}-outcomes, "
                 f"rejects: {topic}-rejects, journal: {topic}-journal, "
                 f"models: {topic}-models}}}}\n"
                 f"kafka: {{bootstrap.servers: \"{self.cluster.bootstrap}\"}}\n")
        (place / "pipeline.yaml").write_text(text)
        return place / "pipeline.yaml", int(partitions[1]) if partitions else PARTITIONS

    def play(self, case):
        """What is wrong; None: nothing."""
        expected = case.expected("outcomes")
        topic = f"golden-{case.name}"
        sent = records(case, [json.loads(line)["data"] for line in expected])
        with tempfile.TemporaryDirectory(prefix="ouzel-golden-") as name:
            folder = pathlib.Path(name)
            pipeline, partitions = self.pipeline(case, topic, folder)
            clients.create_topics(self.cluster.bootstrap, topic, f"{topic}-outcomes",
                                  f"{topic}-rejects", f"{topic}-journal", f"{topic}-models",
                                  partitions=partitions)
            clients.produce(self.cluster.bootstrap, topic, sent)
            one = worker.Worker(folder, 0, pipeline).start()
            try:
                clients.read(self.cluster.bootstrap, f"{topic}-outcomes", len(expected),
                             isolation_level="read_committed")
                code = one.stop()
                if code != 0:
                    return f"SIGTERM ended with {code}: {one.log_tail()}"
            except TimeoutError as error:
                return f"{error}: {one.log_tail()}"
            finally:
                one.end()
        self.played[case.name] = (
            judge.read_all(self.cluster.bootstrap, f"{topic}-outcomes"),
            judge.read_all(self.cluster.bootstrap, f"{topic}-rejects"), expected, sent)
        return compare(*self.played[case.name])
    def test_every_case(self):
        run = golden()
        cases = [run.Case(path.parent) for path in sorted(GOLDEN.glob("*/pipeline.yaml"))
                 if path.parent.name not in LEFT_OUT]
        if not run.has_onnx():
            print(f"  left out, without ONNX Runtime: "
                  f"{[case.name for case in cases if 'net' in case.settings]}", flush=True)
            cases = [case for case in cases if "net" not in case.settings]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for case, wrong in zip(cases, pool.map(self.play, cases)):
                with self.subTest(case.name):
                    self.assertIsNone(wrong)
        self.assertGreater(len(cases), 20)

    def test_one_byte_that_differs_is_seen(self):
        if PLANTED not in self.played:
            self.assertIsNone(self.play(golden().Case(GOLDEN / PLANTED)))
        found, rejects, expected, sent = self.played[PLANTED]
        self.assertIsNone(compare(found, rejects, expected, sent))
        for what, *changed in planted(found, rejects):
            self.assertIsNotNone(compare(*changed, expected, sent), what)
