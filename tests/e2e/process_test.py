"""The engine as a process: signals, its data directory, a full disk."""
import json
import os
import signal
import time

from engine import Engine, EngineFailed, ouzel, tap
from place import PIPELINE, InScratch, good, goods

ROOM_TIMEOUT_S = 20


def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82f63b78 if value & 1 else 0)
    return value ^ 0xffffffff


class Signals(InScratch):
    def test_sigterm_drains(self):
        data_dir = self.folder / "data"
        with Engine(PIPELINE, data_dir) as engine:
            status, reply = engine.connect().post(goods(0, 5000))
            self.assertEqual((status, reply["accepted"]), (202, 5000))
            started = time.monotonic()
            self.assertEqual(engine.stop(), 0, engine.log())
            self.assertLess(time.monotonic() - started, 25)
        self.assertEqual(len(tap(data_dir, "outcomes")), 5000)

    def test_sigterm_with_half_a_request_open(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            connection = engine.connect()
            connection.http.connect()
            connection.http.sock.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\n")
            self.assertEqual(engine.stop(), 0, engine.log())

    def test_who_read_its_log_goes_away(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            engine.signal(signal.SIGPIPE)
            self.assertEqual(engine.connect().post(good(1))[0], 202)
            self.assertEqual(engine.stop(), 0, engine.log())

    def test_sighup_while_it_waits_for_kafka_does_not_end_it(self):
        pipeline = self.press_without("source:", "source: {kafka: {topic: t}}\n"
                                      "kafka: {bootstrap.servers: '127.0.0.1:1'}")
        with Engine(pipeline, self.folder / "data", ready=False) as engine:
            engine.wait_log("waiting for Kafka")
            engine.signal(signal.SIGHUP)
            self.assertEqual(engine.get("/livez")[0], 200)
            self.assertEqual(engine.stop(), 0, engine.log())

    def test_second_signal_ends_at_once(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            engine.connect().post(goods(0, 1000))
            engine.signal(signal.SIGSTOP)   # so that both are pending, and no drain can win
            engine.signal(signal.SIGTERM)
            engine.signal(signal.SIGINT)
            engine.signal(signal.SIGCONT)
            self.assertIn(engine.wait(5), (128 + signal.SIGINT, 128 + signal.SIGTERM))
        with Engine(PIPELINE, self.folder / "data") as engine:
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        self.assertEqual(len(tap(self.folder / "data", "outcomes")), 1000)


class DataDirectory(InScratch):
    def refuse(self, *words, pipeline=PIPELINE, data_dir="data"):
        try:
            with Engine(pipeline, self.folder / data_dir, ready=False) as engine:
                status, text = engine.wait(10), engine.log()
        except EngineFailed as failure:
            text = str(failure)
            self.assertIn("ended with 78", text)
            status = 78
        self.assertEqual(status, 78)
        for word in words:
            self.assertIn(word, text)

    def test_in_use(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            self.refuse("in use")
            self.assertEqual(engine.connect().post(good(1))[0], 202)
            self.assertEqual(engine.stop(), 0)

    def make(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            self.assertEqual(engine.connect().post(good(1))[0], 202)
            self.assertEqual(engine.stop(), 0)

    def test_another_version(self):
        self.make()
        path = self.folder / "data" / "ouzel.meta"
        today = path.read_bytes()
        lines = today.replace(b"format 1\n", b"format 99\n").splitlines(keepends=True)[:-1]
        path.write_bytes(b"".join(lines) + b"crc %08x\n" % crc32c(b"".join(lines)))
        self.refuse("99")
        tapped = ouzel("tap", "events", "--data-dir", self.folder / "data")
        self.assertEqual(tapped.returncode, 78, tapped.stderr)
        path.write_bytes(today)
        with Engine(PIPELINE, self.folder / "data") as engine:
            self.assertEqual(engine.stop(), 0)

    def test_another_key_or_number_of_partitions(self):
        self.make()
        self.refuse("key", pipeline=self.press_without("key:", "  key: ce.subject"))
        self.refuse("partitions", pipeline=self.press_without("limits:", "limits: {partitions: 4}"))

    def test_not_a_directory(self):
        self.write("file", "x")
        self.refuse(data_dir="file")


class FullDisk(InScratch):
    def fill(self, connection):
        """Posts until the disk is full; returns (events accepted, first number not sent)."""
        accepted = 0
        for number in range(2000):
            status, reply = connection.post(goods(500 * number, 500))
            accepted += reply["accepted"]
            for refusal in reply["refused"]:
                self.assertEqual((refusal["reason"], refusal["retry"]), ("unavailable", True))
            self.assertIn(status, (202, 429, 503), reply)
            if status == 503:
                return accepted, 500 * (number + 1)
        self.fail("the disk never got full")

    def test_refuses_loses_nothing_and_goes_on(self):
        place = self.mount("48m")
        ballast = place / "ballast"
        ballast.write_bytes(b"\0" * (20 << 20))
        with Engine(PIPELINE, place / "data") as engine:
            connection = engine.connect()
            accepted, fresh = self.fill(connection)
            self.assertGreater(accepted, 1000)
            # Such a request was refused: the door is shut, although less may have room.
            self.assertEqual(engine.get("/readyz")[0], 503)
            # A single event may have had room still.
            while connection.post(good(fresh))[0] == 202:
                accepted += 1
                fresh += 1
            engine.wait_scored()
            status, text, *_ = engine.get("/readyz?verbose")
            self.assertEqual(status, 503, text)
            self.assertIn("[-]log takes no events: ", text)
            self.assertEqual(engine.total("ouzel_log_admits_events"), 0)
            ballast.unlink()
            end = time.monotonic() + ROOM_TIMEOUT_S
            while connection.post(good(fresh))[0] != 202:
                self.assertLess(time.monotonic(), end, "does not go on with room")
                time.sleep(0.2)
            self.assertEqual(engine.get("/readyz")[0], 200)
            self.assertEqual(engine.stop(), 0, engine.log())
        events = [json.loads(line)["id"] for line in tap(place / "data", "events")]
        self.assertEqual(len(set(events)), len(events))
        self.assertEqual(len(events), accepted + 1)
        self.assertEqual(len(tap(place / "data", "outcomes")), len(events))

    def test_starts_again_on_a_full_disk(self):
        place = self.mount("40m")
        with Engine(PIPELINE, place / "data") as engine:
            accepted, fresh = self.fill(engine.connect())
            engine.kill()
        with Engine(PIPELINE, place / "data", ready=False) as engine:
            engine.wait_scored()
            self.assertIn(engine.connect().post(good(fresh))[0], (202, 503))
            self.assertEqual(engine.stop(), 0, engine.log())
        self.assertGreaterEqual(len(tap(place / "data", "outcomes")), accepted)
