"""`ouzel top` on a real (pseudo) terminal: its views, keys, sizes, and how it leaves."""
import json
import os
import signal
import tempfile
import unittest

from engine import PROGRAM, Engine, ouzel
from place import PIPELINE, goods
from screen import OnTerminal


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="ouzel-e2e-")
        cls.engine = Engine(PIPELINE, os.path.join(cls.holder.name, "data"))
        cls.engine.connect().post(goods(0, 500))
        cls.engine.wait_scored()

    @classmethod
    def tearDownClass(cls):
        cls.engine.kill()
        cls.holder.cleanup()

    def top(self, columns=80, rows=24):
        return OnTerminal([PROGRAM, "top", "--interval", "100ms", "--url",
                           f"http://127.0.0.1:{self.engine.port}"], columns, rows)

    def test_every_view_at_80_by_24(self):
        with self.top() as shown:
            shown.until(["[1 overview]", "accepted 500", "scored 500", "keys 5", "8 of 8 running",
                         "stage p99", "detector", "latency", "events/s", "? help"])
            shown.type(b"\t")
            lanes = shown.until(["[2 lanes]", "running", "behind"])
            self.assertEqual(lanes.count("running"), 8)
            shown.type(b"\x1b[C")
            shown.until(["[3 stages]", "feature", "decide", "whole way"])
            shown.type(b"4")
            shown.until(["[4 alerts]", "reasons"])
            shown.type(b"?")
            shown.until(["next view", "PgUp"])
            shown.type(b"?\x1b[D\x1b[D\x1b[D")
            shown.until(["[1 overview]"])
            self.assertEqual(shown.screen.blanked, 1, "cleared once, at the start")
            shown.type(b"q")
            self.assertEqual(shown.end(), 0)
            self.assertTrue(shown.is_as_before())
            self.assertRegex(shown.screen.plain.decode(), r"lost +0\r\n")

    def test_pause(self):
        with self.top() as shown:
            shown.until(["accepted "])
            shown.type(b"p")
            before = shown.until(["paused"])
            accepted = json.loads(self.engine.get("/api/v1/status")[1])["accepted"]
            self.engine.connect().post(goods(accepted, 100))
            shown.read(0.4)
            self.assertEqual(shown.screen.text(), before)
            shown.type(b"p")
            shown.until([f"accepted {accepted + 100}"])

    def test_sizes(self):
        with self.top(200, 60) as shown:
            shown.until(["[1 overview]", "one sync p50"])
            for columns, rows in ((40, 10), (80, 24), (120, 30)):
                shown.resize(columns, rows)
                shown.until(["[1 overview]", "q quit"])
                self.assertIn("q quit", shown.screen.lines[-1])

    def test_the_terminal_is_given_back_whatever_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGSEGV, signal.SIGABRT):
            with self.subTest(number), self.top() as shown:
                shown.until(["[1 overview]"])
                self.assertFalse(shown.is_as_before())
                shown.process.send_signal(number)
                polite = number in (signal.SIGINT, signal.SIGTERM)
                self.assertEqual(shown.end(), 0 if polite else -number)
                self.assertTrue(shown.is_as_before())

    def test_keys_of_the_terminal_itself(self):
        for keys, polite in ((b"\x03", True), (b"\x1c", False)):
            command = ["setsid", "--ctty", "--wait", PROGRAM, "top", "--url",
                       f"http://127.0.0.1:{self.engine.port}"]
            with self.subTest(keys), OnTerminal(command) as shown:
                shown.until(["[1 overview]"])
                shown.type(keys)
                self.assertEqual(shown.end() == 0, polite)
                self.assertTrue(shown.is_as_before())

    def test_an_engine_that_goes_away(self):
        folder = os.path.join(self.holder.name, "other")
        with Engine(PIPELINE, folder) as engine:
            with OnTerminal([PROGRAM, "top", "--interval", "100ms", "--url",
                             f"http://127.0.0.1:{engine.port}"]) as shown:
                shown.until(["[1 overview]"])
                engine.kill()
                shown.until(["no answer", "still trying"])
                shown.type(b"q")
                self.assertEqual(shown.end(), 0)
        done = ouzel("top", "--url", f"http://127.0.0.1:{engine.port}")
        self.assertEqual(done.returncode, 69, done.stderr)

    def test_without_a_terminal_a_line_each_time(self):
        done = ouzel("top", "--url", f"http://127.0.0.1:{self.engine.port}", "--interval", "50ms",
                     "--duration", "200ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^events/s=\d+ accepted=\d+")
