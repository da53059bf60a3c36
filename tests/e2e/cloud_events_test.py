"""CloudEvents over HTTP as its senders see it: modes, handshake, replies, what is retried."""
import concurrent.futures
import json
import re
import time

from engine import ROOT, Engine, tap
from place import PIPELINE, InScratch, good, goods


def binary(number, **more):
    """Header fields and body of the same event as place.good."""
    event = json.loads(good(number))
    data = json.dumps(event.pop("data")).encode()
    return {**{f"ce-{name}": value for name, value in event.items()},
            "Content-Type": "application/json", **more}, data


class CloudEvents(InScratch):
    def setUp(self):
        super().setUp()
        self.engine = Engine(PIPELINE, self.folder / "data")
        self.addCleanup(self.engine.kill)
        self.connection = self.engine.connect()

    def post(self, headers, body, path="/events"):
        status, text, got = self.connection.ask("POST", path, body, headers)
        return status, text, got

    def test_both_modes_are_one_event(self):
        headers, body = binary(1)
        for path in ("/events", "/"):
            self.assertEqual(self.post(headers, body, path)[0], 202)
        status, text, _ = self.post({"Content-Type": "application/cloudevents+json"}, good(1))
        self.assertEqual((status, json.loads(text)["duplicates"]), (202, 1))
        headers, body = binary(2, **{"ce-plant": "seven%20%E2%82%AC"})
        self.assertEqual(self.post(headers, body)[0], 202)
        shown = [json.loads(line) for line in self.engine.settled("events", 2)]
        shown = {event["id"]: event for event in shown}
        self.assertEqual(shown["1"]["data"], json.loads(good(1))["data"])
        self.assertEqual(shown["2"]["plant"], "seven €")
        self.engine.stop()
        self.assertEqual(len(tap(self.folder / "data", "outcomes")), 2)

    def test_handshake(self):
        status, _, headers = self.connection.ask(
            "OPTIONS", "/events", headers={"WebHook-Request-Origin": "eventemitter.example.com",
                                           "WebHook-Request-Rate": "120"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["WebHook-Allowed-Origin"], "eventemitter.example.com")
        self.assertEqual(headers["WebHook-Allowed-Rate"], "*")
        self.assertIn("POST", headers["Allow"])
        status, _, headers = self.connection.ask("OPTIONS", "/")
        self.assertEqual((status, headers["WebHook-Allowed-Origin"]), (200, None))
        status, _, headers = self.connection.ask("PUT", "/events", b"x")
        self.assertEqual((status, headers["Allow"]), (405, "POST, OPTIONS"))

    def test_reply_is_the_outcome(self):
        headers, body = binary(1, Prefer="reply")
        status, text, got = self.post(headers, body)
        self.assertEqual((status, got["ce-type"]), (200, "dev.ouzel.outcome.v1"), text)
        self.assertEqual((got["ce-specversion"], got["ce-source"], got["Content-Type"]),
                         ("1.0", "/ouzel/press-line", "application/json"))
        outcome = json.loads(text)
        self.assertEqual(outcome["event"]["id"], "1")
        self.assertEqual("{partition}:{offset}".format(**outcome["position"]), got["ce-id"])
        # A repeat is a duplicate, and gets the outcome of the first.
        again = self.post({**headers, "Accept": "application/cloudevents+json"}, body)
        self.assertEqual(again[0], 200)
        self.assertEqual(json.loads(again[1])["data"], outcome)
        # Rejected is an outcome, too; refused is none.
        status, text, _ = self.post(binary(2, Prefer="reply")[0], b'{"device_id":"press-1"}')
        self.assertEqual((status, json.loads(text)["status"]), (200, "rejected"))
        status, text, _ = self.post(binary(3, Prefer="reply")[0], b"{")
        self.assertEqual((status, json.loads(text)["refused"][0]["reason"]), (400, "malformed"))
        # Batches and lines are only acknowledged.
        self.assertEqual(self.post({"Content-Type": "application/x-ndjson", "Prefer": "reply"},
                                   goods(10, 2))[0], 202)

    def test_replies_do_not_wait_for_one_another(self):
        def talk(first):
            connection = self.engine.connect()
            for number in range(first, first + 50):
                headers, body = binary(number, Prefer="reply")
                status, text, _ = connection.ask("POST", "/", body, headers)
                assert status == 200, f"{number}: {status} {text}"
                assert json.loads(text)["event"]["id"] == str(number), text
            connection.close()
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(talk, range(0, 800, 50)))
        self.assertLess(time.monotonic() - started, 15)
        self.assertEqual(len(self.engine.settled("outcomes", 800)), 800)

    def test_what_no_repeat_would_mend_is_400(self):
        """Knative repeats 404, 429 and 503, not 400."""
        for path in ("/events", "/"):
            self.assertEqual(self.post(*binary(1), path)[0], 202)
        bad = {**binary(1)[0], "ce-specversion": "0.3"}
        self.assertEqual(self.post(bad, binary(1)[1])[0], 400)

    def test_the_page_names_what_is_there(self):
        page = (ROOT / "docs" / "reference" / "http.md").read_text()
        paths = set(re.findall(r"`(?:GET )?(/[a-z0-9/]+)`", page)) - {"/ouzel"}
        self.assertGreater(len(paths), 7)
        for path in paths - {"/api/v1/stream"}:
            self.assertEqual(self.engine.get(path)[0], 200, path)
        for path in ("/events", "/api/v1/outcomes", "/metrics"):
            status, _, headers = self.connection.ask("DELETE", path)
            self.assertEqual(status, 405)
            self.assertTrue(headers["Allow"])
        status, text, headers = self.connection.ask("HEAD", "/metrics")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
