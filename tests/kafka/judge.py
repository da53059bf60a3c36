"""Counts what must never happen, from the topics alone: what came in, and what went out.

LOST       a record without its outcome, a rejected one without its reject, an acknowledged one gone
DUP        two outcomes or two rejects of one record
PHANTOM    an outcome of no record
REORDERED  outcomes of a key out of the order of its records
STATE      status, reason, flags, features or bytes differ from the sequential reference
OFFSET     the group's committed offset is not the end of what has outcomes
TOTALS     what the group's note says beside the offset is not what was counted
BYTES      a value differs from that of a worker whom nobody disturbed

The reading is done by kafka-python, which shares no code with librdkafka, and the reference is that
of tests/crash.
"""
import json
import math
import sys
from dataclasses import dataclass, field

import kafka

import broker

sys.path.append(str(broker.ROOT / "tests" / "crash"))
import reference  # noqa: E402

COUNTS = ("LOST", "DUP", "PHANTOM", "REORDERED", "STATE", "OFFSET",
          "TOTALS", "BYTES")
TELL_MAX, MESSAGE_MAX = 12, 600
READ_S = 120
ERRORS = "__ouzel.errors."


@dataclass
class Message:
    partition: int
    offset: int
    timestamp: int = 0        # ms
    key: bytes = None
    value: bytes = None
    headers: dict = field(default_factory=dict)


class Counts:
    def __init__(self, tell=print):
        self.of, self.tell, self.told = dict.fromkeys(COUNTS, 0), tell, 0

    def cry(self, name, message):
        self.of[name] += 1
        self.told += 1
        if self.told <= TELL_MAX:
            self.tell(f"  {name}: {message}"[:MESSAGE_MAX])

    def total(self):
        return sum(self.of.values())

    def line(self):
        return " ".join(f"{name} {count}" for name, count in self.of.items())


def read_all(bootstrap, topic, committed=True):
    """Every record of a topic up to where it ends now, those of a partition in their order."""
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest",
        isolation_level="read_committed" if committed else "read_uncommitted",
        max_poll_records=5000)
    try:
        partitions = [kafka.TopicPartition(topic, number)
                      for number in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends, out = consumer.end_offsets(partitions), []
        waited = 0
        while any(consumer.position(one) < ends[one] for one in partitions):
            got = consumer.poll(1000)
            waited = 0 if got else waited + 1
            if waited > READ_S:
                raise TimeoutError(f"{topic}: nothing came for {READ_S} s before its end")
            for records in got.values():
                out += [Message(one.partition, one.offset, one.timestamp, one.key, one.value,
                                dict(one.headers)) for one in records]
        return out
    finally:
        consumer.close()


class Reference:
    """What each record of one partition must become, in their order."""

    def __init__(self):
        self.state = reference.Reference()

    def judge(self, message):
        """(reason or None, late, features)."""
        try:
            data = json.loads(message.value) if message.value is not None else None
        except ValueError:
            data = None
        if data is None:
            return "malformed", False, None
        if "device" not in data:
            return "no_key", False, None
        fate, late, features = self.state.judge(message.timestamp * 10**6, data)
        reason = next(name for name, number in reference.FATE.items() if number == fate)
        return None if reason == "scored" else reason, late, features


class Judge:
    """Judges the whole content of the topics at once."""

    def __init__(self, counts):
        self.counts = counts
        self.records = {}       # (partition, offset) -> Message
        self.expected = {}      # the same -> (reason, late, features)
        self.outcomes = {}      # the same -> Message of the outcome
        self.slowest_ms = 0     # longest from a record to its outcome

    def take_records(self, messages, acknowledged=()):
        states = {}
        for message in messages:
            place = message.partition, message.offset
            self.records[place] = message
            state = states.setdefault(message.partition, Reference())
            self.expected[place] = state.judge(message)
        contents = {(message.partition, message.key, message.value) for message in messages}
        for partition, offset, key, value in acknowledged:
            found = self.records.get((partition, offset))
            there = ((partition, key, value) in contents if offset is None else
                     found is not None and (found.key, found.value) == (key, value))
            if not there:
                self.counts.cry("LOST", f"record {partition}:{offset} of {key} was acknowledged "
                                "and is not there")

    def take_outcomes(self, messages):
        newest = {}             # (partition of the outcomes, key) -> offset of the record
        for message in messages:
            place = tuple(map(int, message.headers["ce_id"].decode().split(":")))
            if place not in self.records:
                self.counts.cry("PHANTOM", f"an outcome of {place}, where no record is")
                continue
            if place in self.outcomes:
                self.counts.cry("DUP", f"a second outcome of {place}, at {message.partition}:"
                                f"{message.offset}")
                continue
            self.outcomes[place] = message
            order = message.partition, place[0], message.key
            if place[1] < newest.get(order, -1):
                self.counts.cry("REORDERED", f"{place} of key {message.key} behind "
                                f"{newest[order]}")
            newest[order] = place[1]
            self.slowest_ms = max(self.slowest_ms,
                                  message.timestamp - self.records[place].timestamp)
            for wrong in self.differences(place, message):
                self.counts.cry("STATE", f"{place}: {wrong}")
        for place in self.records:
            if place not in self.outcomes:
                self.counts.cry("LOST", f"record {place} has no outcome")

    def differences(self, place, message):
        reason, late, features = self.expected[place]
        data = json.loads(message.value)
        if data["position"] != {"partition": place[0], "offset": place[1]}:
            yield f"position {data['position']}"
        status = "scored" if reason is None else "rejected"
        if (data["status"], data.get("reason")) != (status, reason):
            yield f"{status} {reason} expected, got {data['status']} {data.get('reason')}"
            return
        if reason is not None:
            return
        if ("late" in data["flags"]) != late:
            yield f"late {late} expected, got flags {data['flags']}"
        got = {name: math.nan if value is None else value
               for name, value in data["features"].items()}
        missing = set(features) - set(got)
        if missing:
            yield f"features are missing: {sorted(missing)}"
        yield from reference.differences(features, got.keys(), got.values())

    def take_rejects(self, messages):
        """Each rejected record once, with its own key and value, and why."""
        seen = set()
        for message in messages:
            said = {name[len(ERRORS):]: value.decode() for name, value in message.headers.items()
                    if name.startswith(ERRORS)}
            place = int(said["partition"]), int(said["offset"])
            record = self.records.get(place)
            if record is None:
                self.counts.cry("PHANTOM", f"a reject of {place}, where no record is")
                continue
            if place in seen:
                self.counts.cry("DUP", f"a second reject of {place}")
            seen.add(place)
            if (message.key, message.value) != (record.key, record.value):
                self.counts.cry("STATE", f"the reject of {place} has another key or value")
            if said["reason"] != self.expected[place][0]:
                self.counts.cry("STATE", f"the reject of {place} says {said['reason']}, expected "
                                f"{self.expected[place][0]}")
        for place, (reason, _, _) in self.expected.items():
            if reason is not None and place not in seen:
                self.counts.cry("LOST", f"no reject of {place} ({reason})")

    def take_offsets(self, committed):
        """{partition: offset} of the group, once all is quiet."""
        for partition in {partition for partition, _ in self.records}:
            end = 1 + max(offset for where, offset in self.records if where == partition)
            if committed.get(partition) != end:
                self.counts.cry("OFFSET", f"partition {partition}: {end} expected, got "
                                f"{committed.get(partition)}")

    def take_notes(self, notes):
        """{partition: text beside the committed offset}."""
        for partition, text in notes.items():
            fields = dict(word.split("=", 1) for word in text.split(" ")[1:])
            scored, late, _, _, _, *rejected = map(int, fields["totals"].split(","))
            reasons = [self.expected[place][:2] for place in self.expected
                       if place[0] == partition]
            wanted = {"scored": sum(reason is None for reason, _ in reasons),
                      "late": sum(late for reason, late in reasons if reason is None),
                      "rejected": sum(reason is not None for reason, _ in reasons)}
            got = {"scored": scored, "late": late, "rejected": sum(rejected)}
            if got != wanted:
                self.counts.cry("TOTALS", f"partition {partition}: {wanted} expected, got {got}")

    def compare(self, calm):
        """Outcomes of the same records by a worker whom nobody disturbed."""
        values = {message.headers["ce_id"]: message.value for message in calm}
        for place, message in self.outcomes.items():
            want = values.get(message.headers["ce_id"])
            if message.value != want:
                self.counts.cry("BYTES", f"{place}:\n    {message.value}\n    {want}")
