"""Server-sent events: GET /api/v1/stream."""
import json
import socket
import time

from engine import Engine
from place import PIPELINE, InScratch, goods


class Reader:
    """One stream; `events` gives (event, id, data) until `enough` of them have come."""

    def __init__(self, engine, query="", **headers):
        self.connection = engine.connect()
        self.connection.http.timeout = 10
        self.connection.send("GET", "/api/v1/stream" + query,
                             headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.response = self.connection.http.getresponse()
        self.last_id = None

    def events(self, enough=1 << 30):
        got, event, data = [], "message", []
        while len(got) < enough:
            line = self.response.readline().decode()
            if not line:
                break
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                self.last_id = value
            elif name == "data":
                data.append(value)
            elif line == "\n":
                if data:
                    got.append((event, self.last_id, json.loads("\n".join(data))))
                event, data = "message", []
        return got

    def close(self):
        self.response.close()
        self.connection.close()


class Stream(InScratch):
    def setUp(self):
        super().setUp()
        self.engine = Engine(PIPELINE, self.folder / "data")
        self.addCleanup(self.engine.kill)

    def reader(self, *arguments, **headers):
        reader = Reader(self.engine, *arguments, **headers)
        self.addCleanup(reader.close)
        return reader

    def test_stats(self):
        reader = self.reader()
        self.assertEqual(reader.response.status, 200)
        self.assertEqual(reader.response.headers["Content-Type"], "text/event-stream")
        reader.events(1)
        started = time.monotonic()
        self.engine.connect().post(goods(0, 500))
        frames = reader.events(2)
        self.assertLess(time.monotonic() - started, 4)
        self.assertEqual({event for event, _, _ in frames}, {"stats"})
        self.assertEqual(frames[-1][2]["status"]["accepted"], 500)
        self.assertGreater(sum(data["rates"]["accepted"] for _, _, data in frames), 400)
        self.assertEqual(len(frames[-1][2]["status"]["lanes"]), 8)

    def test_a_topic_is_followed_and_resumed(self):
        live = self.reader("?topic=outcomes")
        connection = self.engine.connect()
        for number in range(0, 300, 10):
            connection.post(goods(number, 10))
        first = live.events(100)
        live.close()
        self.engine.connect().post(goods(300, 200))
        rest = self.reader("?topic=outcomes", Last_Event_ID=first[-1][1]).events(400)
        self.assertEqual(sorted(json.dumps(data) for _, _, data in first + rest),
                         sorted(json.dumps(json.loads(line))
                                for line in self.engine.settled("outcomes", 500)))
        self.engine.kill()
        with Engine(PIPELINE, self.folder / "data") as again:   # The place outlives a crash.
            resumed = Reader(again, "?topic=outcomes", Last_Event_ID=rest[-11][1])
            self.assertEqual(resumed.events(10), rest[-10:])
            resumed.close()

    def test_events_and_rejects(self):
        bad = b'{"device_id":"press-1","ts":1772352000,"temperature":"hot","pressure":5}'
        events = self.reader("?topic=events")
        rejects = self.reader("?topic=rejects&from=beginning")
        self.engine.connect().post(goods(0, 2) + b"\n" + bad, Idempotency_Key="k")
        self.assertEqual(len({data["ouzelposition"] for _, _, data in events.events(3)}), 3)
        (_, _, data), = rejects.events(1)
        self.assertEqual(data["data"]["reason"], "schema")
        self.assertEqual(data["data"]["event"]["bytes"], bad.decode())

    def test_a_filter_is_refused_or_holds(self):
        self.engine.connect().post(goods(0, 300))
        self.engine.wait_scored()
        got = self.reader("?topic=outcomes&from=beginning&key=press-3").events(60)
        self.assertEqual({data["data"]["event"]["key"] for _, _, data in got}, {"press-3"})
        for query in ("?topic=nothing", "?topic=outcomes&route=up", "?topic=events&label=normal"):
            self.assertEqual(self.engine.get("/api/v1/stream" + query)[0], 400, query)
        self.assertEqual(self.engine.get("/api/v1/stream?topic=outcomes",
                                         **{"Last-Event-ID": "0:7"})[0], 400)
        status, _, headers = self.engine.connect().ask("HEAD", "/api/v1/stream")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/event-stream"))

    def test_readers_that_do_not_read_cost_nothing(self):
        """They hold a bounded buffer each, and the engine goes on, answers, and stops in time."""
        stuck = []
        for number in range(20):
            one = socket.create_connection(("127.0.0.1", self.engine.port))
            self.addCleanup(one.close)
            if number > 0:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(b"GET /api/v1/stream?topic=outcomes&from=beginning HTTP/1.1\r\n"
                        b"Host: localhost\r\n\r\n")
            stuck.append(one)
        connection = self.engine.connect()
        for first in range(0, 40_000, 2000):
            status, reply = connection.post(goods(first, 2000))
            self.assertEqual((status, reply["accepted"]), (202, 2000))
        self.engine.wait_scored()
        self.assertLess(self.engine.metrics()["process_resident_memory_bytes"], 400 << 20)
        self.assertEqual(len(self.reader("?topic=outcomes&from=beginning").events(40_000)), 40_000)
        time.sleep(11)   # They are shed after ten seconds; the last that they get says so.
        got = bytearray()
        stuck[0].settimeout(10)
        while not got.endswith(b"\r\n0\r\n\r\n"):
            got += stuck[0].recv(1 << 20) or self.fail(f"closed without an end: {got[-200:]}")
        self.assertLess(len(got), 8 << 20)
        self.assertIn(b"event: shed\ndata: {", got[-400:])
        started = time.monotonic()
        self.assertEqual(self.engine.stop(), 0)
        self.assertLess(time.monotonic() - started, 15)

    def test_a_stopping_engine_ends_its_streams(self):
        reader = self.reader("?topic=outcomes")
        stats = self.reader()
        self.engine.connect().post(goods(0, 10))
        self.assertEqual(len(reader.events(10)), 10)
        self.engine.stop()
        self.assertEqual(reader.events(), [])
        self.assertEqual({event for event, _, _ in stats.events()}, {"stats"})
