"""Writes events to the topic of a pipeline under test, seeded, at a rate, whatever brokers do.

Of some it is known beforehand that they must be rejected. What counts in the end is what stands in
the topic; `acknowledged` is here to show that none of that is missing there.
"""
import json
import random
import threading
import time

import confluent_kafka

SECOND = 10**9
START_NS = 1_700_000_000 * SECOND
MAX_LATE = 60 * SECOND
DELIVER_S = 120
KINDS = {"good": 900, "late": 30, "too_late": 20, "schema": 20, "clock_ahead": 10,
         "malformed": 10, "no_key": 5, "tombstone": 5}


class Events:
    """Makes (key, value) pairs; `u` numbers them all, `n` those of a key."""

    def __init__(self, seed, keys):
        self.random = random.Random(seed)
        self.keys = [f"key-{index}" for index in range(keys)]
        self.newest = dict.fromkeys(self.keys, START_NS)
        self.count = dict.fromkeys(self.keys, 0)
        self.number = 0

    def make(self):
        kind, = self.random.choices(list(KINDS), KINDS.values())
        key = self.random.choice(self.keys)
        at = self.newest[key] + self.random.randrange(1, 3) * SECOND
        if kind == "good":
            self.newest[key] = at
        elif kind == "late":
            at = self.newest[key] - self.random.randrange(1, 50) * SECOND
        elif kind == "too_late":
            at = self.newest[key] - MAX_LATE - self.random.randrange(1, 10**6) * SECOND
        elif kind == "clock_ahead":
            at = 4_000_000_000 * SECOND
        self.count[key] += 1
        data = {"device": key, "ts": at, "u": self.number, "n": self.count[key],
                "v": self.random.randrange(-500, 500)}
        self.number += 1
        if kind == "schema":
            data["v"] = self.random.choice(("high", 5000, None))
        elif kind == "no_key":
            del data["device"]
        value = json.dumps(data).encode()
        if kind == "malformed":
            value = value[:self.random.randrange(len(value) // 2, len(value) - 1)]
        return key.encode(), None if kind == "tombstone" else value


class Feeder:
    """Writes until `stop`, on a thread of its own."""

    def __init__(self, bootstrap, topic, rate, seed, keys=24):
        self.topic, self.rate = topic, rate
        self.events = Events(seed, keys)
        self.acknowledged = []       # (partition, offset or None, key, value)
        self.failed = []
        self.stopping = threading.Event()
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 5,
            "enable.idempotence": True, "message.timeout.ms": DELIVER_S * 1000, "log_level": 0,
            "reconnect.backoff.max.ms": 500, "topic.metadata.refresh.interval.ms": 2000})
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            for _ in range(max(1, self.rate // 100)):
                self.write()
            self.producer.poll(0)
            due += max(1, self.rate // 100) / self.rate
            self.stopping.wait(max(0, due - time.monotonic()))

    def write(self):
        key, value = self.events.make()

        def delivered(error, message):
            if error is not None:
                self.failed.append(error.str())
            else:
                # Without an offset: sent twice, and the second answer says only that it is there.
                self.acknowledged.append((message.partition(), message.offset(), key, value))
        while True:
            try:
                self.producer.produce(self.topic, key=key, value=value, on_delivery=delivered)
                return
            except BufferError:
                self.producer.poll(0.1)

    def stop(self):
        """All that was written is acknowledged when it returns."""
        self.stopping.set()
        self.thread.join()
        left = self.producer.flush(DELIVER_S)
        if left or self.failed:
            raise RuntimeError(f"{left} events not delivered, {len(self.failed)} failed: "
                               f"{self.failed[:3]}")
