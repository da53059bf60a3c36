"""The package against a real engine and the real program, and against a sender's bad days."""
import datetime
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest
from unittest import mock

import ouzel
from engine import PROGRAM, ROOT, Engine
from onnx_writer import dense_net
from ouzel import client as client_module
from ouzel.frames import json_line

try:
    import pandas
except ImportError:
    pandas = None

PIPELINE = ROOT / "tests" / "e2e" / "press.yaml"


def good(number):
    return {"device_id": f"press-{number % 5}", "ts": 1772352000 + number,
            "temperature": 60.0 + number % 3, "pressure": 5.0}


class InScratch(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="ouzel-python-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        environment = mock.patch.dict(os.environ, {"OUZEL": str(PROGRAM)})
        environment.start()
        self.addCleanup(environment.stop)


class RoundTrip(InScratch):
    def test_send_and_read(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            client = ouzel.Client(f"http://127.0.0.1:{engine.port}", batch_rows=70)
            events = [good(number) for number in range(500)]
            events[123] = {"nobody": 1}
            report = client.send(events, idempotency_key="k")
            self.assertEqual((report.sent, report.accepted, report.duplicates), (500, 499, 0))
            refusal, = report.refused
            self.assertEqual((refusal.index, refusal.reason), (123, "no_key"))
            again = client.send(events, idempotency_key="k")
            self.assertEqual((again.accepted, again.duplicates), (0, 499))
            self.assertEqual(client.send(events[:10]).accepted, 10)
            engine.wait_scored()
            self.assertEqual(client.status()["accepted"], 509)
            live = list(client.outcomes())
            self.assertEqual(len(live), 509)
            self.assertEqual(len(list(client.outcomes(key="press-1"))), 102)
            self.assertEqual(list(client.outcomes(start="end")), [])
            engine.settled("outcomes", 509)
            self.assertEqual(engine.stop(), 0)
        kept = list(ouzel.read_outcomes(self.folder / "data"))
        self.assertCountEqual([one["id"] for one in kept], [one["id"] for one in live])
        few = ouzel.read_outcomes(self.folder / "data", where=["event.key=press-1"], limit=3)
        self.assertEqual([ouzel.flat(one)["key"] for one in few], ["press-1"] * 3)
        next(ouzel.read_outcomes(self.folder / "data"))    # And no further.

    def test_wrong_words(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            client = ouzel.Client(f"http://127.0.0.1:{engine.port}")
            with self.assertRaisesRegex(ouzel.OuzelError, "route"):
                list(client.outcomes(route="nowhere"))
        with self.assertRaisesRegex(ouzel.OuzelError, "absent"):
            list(ouzel.read_outcomes(self.folder / "absent"))
        for url in ("https://a", "127.0.0.1:80", "http://a/b"):
            with self.assertRaises(ouzel.OuzelError):
                ouzel.Client(url)

    def test_no_program(self):
        with mock.patch.dict(os.environ, {"OUZEL": "no-such-program"}):
            with self.assertRaisesRegex(ouzel.OuzelError, "no-such-program"):
                list(ouzel.read_outcomes(self.folder))

    def test_score(self):
        outcomes = ouzel.score(PIPELINE, [good(number) for number in range(50)])
        self.assertEqual([one["data"]["event"]["key"] for one in outcomes],
                         [f"press-{number % 5}" for number in range(50)])
        with self.assertRaisesRegex(ouzel.OuzelError, "threshold"):
            ouzel.score(PIPELINE, [], sets=["decide.treshold=1"])

    @unittest.skipIf(pandas is None, "pandas is not here: frames are not tested")
    def test_times_of_frames(self):
        said = ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00.123456789Z", None]
        frame = ouzel.to_frame({"data": {"event": {"time": time}}} for time in said)
        self.assertEqual([frame["time"][0].isoformat(), frame["time"][1].nanosecond],
                         ["2026-03-01T00:00:00+00:00", 789])
        self.assertTrue(frame["time"].isna()[2])

    @unittest.skipIf(pandas is None, "pandas is not here: frames are not tested")
    def test_frames(self):
        frame = pandas.DataFrame([good(number) for number in range(50)])
        frame["vibration"] = [None if number % 2 else 1.5 for number in range(50)]
        frame["ts"] = pandas.to_datetime(frame["ts"], unit="s")
        scored = ouzel.score(PIPELINE, frame)
        self.assertEqual(list(scored["key"]), list(frame["device_id"]))
        self.assertEqual(list(scored["time"].dt.tz_localize(None)), list(frame["ts"]))
        self.assertTrue((scored["status"] == "scored").all())
        self.assertEqual(len(ouzel.to_frame([])), 0)


class Card(InScratch):
    def setUp(self):
        super().setUp()
        self.net = self.folder / "net.onnx"
        self.net.write_bytes(dense_net([2, 4, 1]))

    def shown(self, path):
        return subprocess.run([PROGRAM, "model", "show", path], capture_output=True, text=True,
                              check=True).stdout

    def test_from_rows_or_a_file_it_is_the_same(self):
        rows = [{"a": 1.5, "c": 10, "other": "x"}, {"a": 3, "c": 30}, {"a": None, "c": 50}]
        table = self.folder / "rows.csv"
        table.write_text("c,a\n10,1.5\n30,3\n50,\n")
        cards = []
        for number, reference in enumerate((rows, table)):
            out = self.folder / f"{number}.onnx"
            ouzel.write_model_card(self.net, out, features=["c", "a"], reference=reference,
                                   threshold=0.25, name="mine", version=4)
            cards.append(self.shown(out))
        self.assertEqual(cards[0], cards[1])
        self.assertIn('\\"c\\":{\\"mean\\":30', cards[0])
        self.assertIn('\\"a\\":{\\"mean\\":2.25', cards[0])
        self.assertIn('ouzel.name: "mine"', cards[0])
        self.assertIn("version: 4\n", cards[0])

    @unittest.skipIf(pandas is None, "pandas is not here: frames are not tested")
    def test_a_frame_names_the_features(self):
        frame = pandas.DataFrame({"c": [10, 30], "a": [1.0, float("nan")]})
        ouzel.write_model_card(self.net, self.folder / "card.onnx", reference=frame)
        self.assertIn('ouzel.features: "[\\"c\\",\\"a\\"]"', self.shown(self.folder / "card.onnx"))

    def test_what_does_not_fit_is_said(self):
        for features, reference, said in ((["a"], None, "takes 2 columns"),
                                          (["a,b", "c"], None, "without a comma"),
                                          (["a", "b"], [{"a": 1}], "has no 'b'"),
                                          (None, [{"a": 1}], "features"),
                                          (["a", "b"], self.folder / "none", "none")):
            with self.subTest(said), self.assertRaisesRegex(ouzel.OuzelError, said):
                ouzel.write_model_card(self.net, self.folder / "x.onnx", features=features,
                                       reference=reference)
        self.assertFalse((self.folder / "x.onnx").exists())


class Lines(unittest.TestCase):
    def test_what_json_has(self):
        zone = datetime.timezone(datetime.timedelta(hours=2))
        for value, text in ((1, "1"), (True, "true"), ("é", '"\\u00e9"'), (0.1, "0.1"),
                            ([1, None], "[1,null]"), ({"b": {"c": 1}}, '{"b":{"c":1}}'),
                            (datetime.datetime(2026, 3, 1), '"2026-03-01T00:00:00+00:00"'),
                            (datetime.datetime(2026, 3, 1, tzinfo=zone),
                             '"2026-03-01T00:00:00+02:00"')):
            self.assertEqual(json_line({"a": value}), f'{{"a":{text}}}'.encode())

    def test_what_is_missing_is_left_out(self):
        self.assertEqual(json_line({"a": None, "b": float("nan"), "c": 1}), b'{"c":1}')

    def test_what_json_has_not(self):
        for value in (float("inf"), object(), {1, 2}):
            with self.assertRaises(ouzel.OuzelError):
                json_line({"a": value})


class Moody(http.server.BaseHTTPRequestHandler):
    """Answers what the test put into `server.answers`, one a request; notes what came."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Idempotency-Key"], body))
        answer = self.server.answers.pop(0)
        if answer is None:           # Takes it, and the answer is lost.
            self.close_connection = True
            return
        status, headers, reply = answer
        text = json.dumps(reply).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class BadDays(unittest.TestCase):
    def send(self, answers, events=3, **options):
        """(report, [(idempotency key, body)], [seconds slept])"""
        slept = []
        with http.server.HTTPServer(("127.0.0.1", 0), Moody) as server:
            server.answers, server.seen = list(answers), []
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                with mock.patch.object(client_module.time, "sleep", slept.append):
                    with ouzel.Client(f"http://127.0.0.1:{server.server_port}",
                                      **options) as client:
                        report = client.send(good(number) for number in range(events))
            finally:
                server.shutdown()
                thread.join()
            self.assertEqual(server.answers, [], "every answer was asked for")
            return report, server.seen, slept

    @staticmethod
    def verdict(accepted, duplicates=0, refused=(), status=202, **headers):
        return status, headers, {"accepted": accepted, "duplicates": duplicates,
                                 "refused": list(refused)}

    def test_busy_then_good(self):
        busy = (503, {"Retry-After": "2"}, {"title": "starting", "detail": "not ready"})
        report, seen, slept = self.send([busy, self.verdict(3)])
        self.assertEqual((report.accepted, slept), (3, [2.0]))
        self.assertEqual(seen[0], seen[1], "the same bytes under the same key")

    def test_a_lost_answer_doubles_nothing(self):
        report, seen, slept = self.send([None, self.verdict(0, duplicates=3)])
        self.assertEqual((report.accepted, report.duplicates), (0, 3))
        self.assertEqual((len(seen), len(slept)), (2, 1))

    def test_no_room_for_some(self):
        later = [{"index": 1, "reason": "unavailable", "retry": True},
                 {"index": 2, "reason": "unavailable", "retry": True}]
        report, seen, _ = self.send([self.verdict(1, refused=later),
                                     self.verdict(2, duplicates=1)])
        self.assertEqual((report.sent, report.accepted, report.duplicates, report.refused),
                         (3, 3, 0, []))
        self.assertEqual(len(seen), 2)

    def test_it_gives_up(self):
        full = self.verdict(0, refused=[{"index": 0, "reason": "unavailable", "retry": True}],
                            status=429)
        with self.assertRaisesRegex(ouzel.OuzelError, "no room after 3 attempts"):
            self.send([full] * 3, attempts_max=3)
        with self.assertRaisesRegex(ouzel.OuzelError, "cannot reach"):
            self.send([None] * 2, attempts_max=2)
        with self.assertRaisesRegex(ouzel.OuzelError, "415.*ndjson only"):
            self.send([(415, {}, {"title": "no", "detail": "ndjson only"})])
