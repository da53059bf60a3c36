"""What bad input gets: a clear answer; the good events beside it go on; memory stays bounded."""
import json
import os
import resource
import socket
import tempfile
import unittest

from engine import Engine
from place import PIPELINE, good, goods

HALF_REQUESTS = 1500
MEMORY_BYTES_MAX = 300 << 20


def memory_of(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class OneEngine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="ouzel-e2e-")
        cls.engine = Engine(PIPELINE, os.path.join(cls.holder.name, "data"))
        cls.next_id = 0

    @classmethod
    def tearDownClass(cls):
        cls.engine.kill()
        cls.holder.cleanup()

    def fresh(self, **fields):
        type(self).next_id += 1
        return good(self.next_id, **fields)

    def raw(self, data):
        """An event whose data is written by hand."""
        type(self).next_id += 1
        return (b'{"specversion":"1.0","type":"r","source":"/raw","id":"%d","data":%s}'
                % (self.next_id, data))


class Events(OneEngine):
    rejects = 0

    def post(self, body, content_type="application/x-ndjson"):
        connection = self.engine.connect()
        try:
            return connection.post(body, content_type)
        finally:
            connection.close()

    def refused(self, bad, reason):
        """The bad line between two good ones is refused for `reason`; they are accepted."""
        status, reply = self.post(b"\n".join([self.fresh(), bad, self.fresh()]))
        self.assertEqual((status, reply["accepted"]), (202, 2), reply)
        refusal, = reply["refused"]
        self.assertEqual((refusal["index"], refusal["reason"]), (1, reason), refusal)
        self.assertGreater(len(refusal["detail"]), 5)
        status, reply = self.post(bad)
        self.assertEqual((status, reply["accepted"]), (400, 0))
        return refusal["detail"]

    def rejected(self, bad, reason, *words):
        """The bad line is accepted, and its outcome says why."""
        status, reply = self.post(b"\n".join([self.fresh(), bad, self.fresh()]))
        self.assertEqual((status, reply["accepted"]), (202, 3), reply)
        type(self).rejects += 1
        lines = self.engine.settled("rejects", self.rejects)
        identity = json.loads(bad)["id"]
        marks = [json.loads(line)["data"] for line in lines]
        mine = [mark for mark in marks if mark["event"]["id"] == identity]
        self.assertEqual(len(mine), 1, lines)
        self.assertEqual((mine[0]["status"], mine[0]["reason"]), ("rejected", reason))
        for word in words:
            self.assertIn(word, mine[0]["detail"])

    def test_malformed_json(self):
        for bad in (b"{", b"nonsense", b'{"a":1}}', b'{"a":01}', b'{"a":"\x01"}', b"\x00"):
            with self.subTest(bad):
                self.refused(bad, "malformed")

    def test_not_a_number(self):
        for word in (b"NaN", b"Infinity", b"-Infinity", b"nan"):
            self.refused(self.raw(b'{"device_id":"a","ts":1772352000,"temperature":%s,'
                                  b'"pressure":1}' % word), "malformed")

    def test_invalid_utf8(self):
        self.refused(self.raw(b'{"device_id":"\xff","ts":1,"temperature":1,"pressure":1}'),
                     "malformed")
        self.refused(self.raw(b'{"device_id":"a","note":"\xed\xa0\x80"}'), "malformed")

    def test_deep_nesting(self):
        deep = b"[" * 100_000 + b"]" * 100_000
        status, reply = self.post(deep)
        self.assertEqual(status, 400, reply)
        nested = b"[" * 20_000 + b"]" * 20_000
        self.refused(self.raw(b'{"device_id":"a","x":%s}' % nested), "malformed")

    def test_too_large_event(self):
        self.refused(self.fresh(note="n" * 70_000), "too_large")

    def test_too_large_request(self):
        status, text, _ = self.engine.connect().ask(
            "POST", "/events", goods(0, 40_000), {"Content-Type": "application/x-ndjson"})
        self.assertEqual(status, 413, text)

    def test_missing_key(self):
        detail = self.refused(self.raw(b'{"ts":1772352000,"temperature":1,"pressure":1}'),
                              "no_key")
        self.assertIn("device_id", detail)

    def test_wrong_type(self):
        self.rejected(self.fresh(temperature="hot"), "schema", "temperature")

    def test_out_of_range(self):
        self.rejected(self.fresh(temperature=151), "schema", "temperature", "150", "151")

    def test_duplicate_field(self):
        self.rejected(self.raw(b'{"device_id":"a","ts":1772352000,"temperature":1,'
                               b'"temperature":2,"pressure":1}'), "schema", "temperature")

    def test_clock_of_1970(self):
        device = "old-clock"
        self.post(self.fresh(device=device))
        self.rejected(self.fresh(device=device, ts="1970-01-01T00:00:00Z"), "too_late")

    def test_clock_of_2106(self):
        self.rejected(self.fresh(ts="2106-02-07T06:28:15Z"), "clock_ahead")

    def test_batch_that_is_no_array(self):
        for body in (b"{}", b"[{]", b"", b"[1,"):
            with self.subTest(body):
                status, reply = self.post(body, "application/cloudevents-batch+json")
                self.assertIn(status, (400,), reply)

    def test_poison_stops_nothing(self):
        status, reply = self.post(b"\n".join([self.raw(b"[1]"), self.raw(b"null"), b"\xff\xfe",
                                              self.fresh()]))
        self.assertEqual(status, 202, reply)
        self.engine.wait_scored()
        self.assertEqual(self.engine.get("/readyz")[0], 200)


class Requests(OneEngine):
    def test_unknown_content_type(self):
        for kind in ("text/plain", "application/xml", "application/cloudevents+avro"):
            status, text, headers = self.engine.connect().ask(
                "POST", "/events", b"x", {"Content-Type": kind})
            self.assertEqual(status, 415, text)
            self.assertEqual(headers["Content-Type"].split(";")[0], "application/problem+json")
            problem = json.loads(text)
            self.assertEqual(problem["status"], 415)
            self.assertTrue(problem["title"] and problem["detail"])

    def test_unknown_path_and_method(self):
        self.assertEqual(self.engine.get("/event")[0], 404)
        self.assertEqual(self.engine.connect().ask("DELETE", "/events")[0], 405)

    def test_what_is_no_http(self):
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n",
                      b"POST /events HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                      b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                      b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n"):
            with self.subTest(noise[:40]):
                with socket.create_connection(("127.0.0.1", self.engine.port), 10) as client:
                    try:
                        client.sendall(noise)
                        answer = client.recv(4096)
                    except ConnectionResetError:
                        answer = b""
                    self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer)
        self.assertEqual(self.engine.get("/livez")[0], 200)

    def test_half_requests(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < HALF_REQUESTS + 100:
            self.skipTest(f"only {hard} open files allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HALF_REQUESTS + 100), hard))
        head = (b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson"
                b"\r\nContent-Length: 3000000\r\n\r\n")
        halves = (head[:30], head, head + b'{"specversion":"1.0",' * 100)
        clients = []
        try:
            for number in range(HALF_REQUESTS):
                client = socket.create_connection(("127.0.0.1", self.engine.port), 10)
                clients.append(client)
                client.sendall(halves[number % 3])
                if number % 300 == 150:
                    status, reply = self.engine.connect().post(self.fresh())
                    self.assertEqual((status, reply["accepted"]), (202, 1))
            status, reply = self.engine.connect().post(self.fresh())
            self.assertEqual((status, reply["accepted"]), (202, 1))
            self.assertEqual(self.engine.get("/livez")[0], 200)
            self.assertLess(memory_of(self.engine.process.pid), MEMORY_BYTES_MAX)
        finally:
            for client in clients:
                client.close()
        self.engine.wait_scored()
        self.assertEqual(self.engine.get("/readyz")[0], 200)
