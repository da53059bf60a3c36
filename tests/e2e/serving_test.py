"""What a running engine says about itself."""
import json
import re
import threading

from engine import Engine
from place import PIPELINE, InScratch, goods


class Serving(InScratch):
    def setUp(self):
        super().setUp()
        self.engine = Engine(PIPELINE, self.folder / "data")
        self.addCleanup(self.engine.kill)

    def test_health(self):
        self.assertEqual(self.engine.get("/livez")[0], 200)
        self.assertEqual(self.engine.get("/readyz")[0], 200)
        status, text, _ = self.engine.get("/readyz?verbose")
        self.assertEqual(status, 200)
        self.assertGreater(len(text.splitlines()), 2, text)
        status, text, _ = self.engine.get("/version")
        self.assertEqual(status, 200)
        self.assertIn("version", json.loads(text))

    def test_metrics_page(self):
        self.engine.connect().post(goods(0, 100))
        self.engine.wait_scored()
        status, text, headers = self.engine.get("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("text/plain", headers["Content-Type"])
        named = set(re.findall(r"^# TYPE (\S+) \S+$", text, re.M))
        for line in text.splitlines():
            self.assertRegex(line, r'^(#.*|[a-z_]+(\{[^{}]*\})? [-+0-9.eInfNa]+)$')
            if not line.startswith("#"):
                name = re.sub(r"_(bucket|sum|count)$", "", re.split(r"[ {]", line)[0])
                self.assertTrue({name, re.split(r"[ {]", line)[0]} & named, line)
        for name in ("ouzel_events_accepted_total", "ouzel_events_scored_total",
                     "ouzel_events_in_flight", "ouzel_event_end_to_end_seconds",
                     "ouzel_log_sync_seconds", "ouzel_keys", "ouzel_build_info",
                     "process_resident_memory_bytes"):
            self.assertIn(name, named)

    def test_open_metrics(self):
        _, text, headers = self.engine.get(
            "/metrics", Accept="application/openmetrics-text; version=1.0.0")
        self.assertIn("application/openmetrics-text", headers["Content-Type"])
        self.assertTrue(text.endswith("# EOF\n"))

    def test_identity_under_load(self):
        stop = threading.Event()
        sent = []

        def load():
            connection = self.engine.connect()
            while not stop.is_set():
                status, reply = connection.post(goods(len(sent) * 500, 500))
                assert (status, reply["accepted"]) == (202, 500), reply
                sent.append(500)
        thread = threading.Thread(target=load)
        thread.start()
        before = 0
        try:
            for _ in range(200):
                values = self.engine.metrics()
                def total(name, values=values):
                    return sum(v for k, v in values.items() if k.split("{")[0] == name)
                accepted = total("ouzel_events_accepted_total")
                self.assertEqual(accepted, total("ouzel_events_scored_total") +
                                 total("ouzel_events_rejected_total") +
                                 total("ouzel_events_in_flight"))
                self.assertGreaterEqual(accepted, before)
                before = accepted
        finally:
            stop.set()
            thread.join()
        self.engine.wait_scored()
        self.assertEqual(self.engine.total("ouzel_events_accepted_total"), sum(sent))

    def test_counters_survive_a_kill(self):
        self.engine.connect().post(goods(0, 1000))
        self.engine.wait_scored()
        self.engine.kill()
        with Engine(PIPELINE, self.folder / "data") as again:
            self.assertEqual(again.total("ouzel_events_accepted_total"), 1000)
            self.assertEqual(again.total("ouzel_events_scored_total"), 1000)
            status, reply = again.connect().post(goods(0, 1001))
            self.assertEqual((status, reply["accepted"], reply["duplicates"]), (202, 1, 1000))

    def test_outcomes_over_http(self):
        self.engine.connect().post(goods(0, 300))
        expected = sorted(self.engine.settled("outcomes", 300))
        got, path = [], "/api/v1/outcomes?from=beginning&limit=100"
        for _ in range(10):
            status, text, _ = self.engine.get(path)
            self.assertEqual(status, 200, text)
            page = json.loads(text)
            got += page["outcomes"]
            if not page.get("next") or not page["outcomes"]:
                break
            path = f"/api/v1/outcomes?from={page['next']}&limit=100"
        self.assertEqual(sorted(json.dumps(o) for o in got),
                         sorted(json.dumps(json.loads(line)) for line in expected))
        status, text, _ = self.engine.get("/api/v1/outcomes?limit=5")
        self.assertEqual(len(json.loads(text)["outcomes"]), 5)
