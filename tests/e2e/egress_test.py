"""Ways out: receivers that count, fail, hang, reset and trickle; cursors through kill -9."""
import base64
import json
import random
import subprocess
import time

import sink_files
from engine import Engine, tap
from place import PIPELINE, InScratch, good, goods
from receiver import Answer, Receiver, faults

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
FAST = "retries: 1000, backoff: 10ms, backoff_max: 50ms, timeout: 2s"


class Egress(InScratch):
    def pipeline(self, *sinks):
        text = PIPELINE.read_text() + "sinks:\n" + "".join(f"  - {sink}\n" for sink in sinks)
        return self.write("press.yaml", text)

    def webhook(self, receiver, settings=FAST, more="when: all"):
        return f"{{webhook: {{url: \"{receiver.url}\", {settings}}}, {more}}}"

    def post(self, engine, first, count):
        status, reply = engine.connect().post(goods(first, count))
        self.assertEqual((status, reply["accepted"]), (202, count), reply)

    def judge_at_least_once_and_in_order(self, receiver, lines, gaps=False):
        self.assertEqual(faults(receiver.got(), lines, gaps), [])


class Delivery(Egress):
    def test_binary(self):
        with Receiver() as receiver, \
                Engine(self.pipeline(self.webhook(receiver)), self.folder / "data") as engine:
            self.post(engine, 0, 300)
            self.assertTrue(receiver.wait_ids(300), engine.log())
            self.assertEqual(engine.stop(), 0)
            lines = tap(self.folder / "data", "outcomes")
            self.judge_at_least_once_and_in_order(receiver, lines)
            got = receiver.got()[0]
            self.assertEqual(len(receiver.got()), 300)
            id_ = got.events()[0]["id"]
            self.assertEqual(got.headers["Idempotency-Key"],
                             "press-line/" + id_.replace(":", "/") + "/webhook")
            event = next(json.loads(line) for line in lines if json.loads(line)["id"] == id_)
            self.assertEqual({"specversion": "1.0", "id": id_, "source": "/ouzel/press-line",
                              "type": "dev.ouzel.outcome.v1", "time": event["time"],
                              "datacontenttype": "application/json", "data": event["data"]},
                             got.events()[0])
            self.assertNotIn("ce-datacontenttype", got.headers)

    def test_only_what_is_wanted(self):
        """Rejects alone, with their events' bytes."""
        with Receiver() as receiver, \
                Engine(self.pipeline(self.webhook(receiver, more="when: rejects")),
                       self.folder / "data") as engine:
            events = [good(number, temperature=999 if number % 7 == 0 else 60)
                      for number in range(210)]
            self.assertEqual(engine.connect().post(b"\n".join(events))[1]["accepted"], 210)
            self.assertTrue(receiver.wait_ids(30), engine.log())
            self.assertEqual(engine.stop(), 0)
            lines = tap(self.folder / "data", "rejects")
            self.assertEqual(len(lines), 30)
            self.assertIn("bytes", json.loads(lines[0])["data"]["event"])
            self.judge_at_least_once_and_in_order(receiver, lines, gaps=True)

    def test_down_and_back(self):
        """A receiver that was down gets everything, in order, also after a restart."""
        with Receiver() as receiver:
            port = receiver.port
        pipeline = self.pipeline(self.webhook(receiver))
        with Engine(pipeline, self.folder / "data") as engine:
            self.post(engine, 0, 200)
            engine.wait_scored()
            status, text, _ = engine.get("/readyz?verbose")
            self.assertEqual(status, 200)
            self.assertIn("[-]sink-webhook http://127.0.0.1:", text)
            self.assertEqual(engine.total("ouzel_sink_lag_events"), 200)
            self.assertEqual(engine.stop(), 0)
        with Engine(pipeline, self.folder / "data") as engine, Receiver(port=port) as receiver:
            self.post(engine, 200, 200)
            self.assertTrue(receiver.wait_ids(400), engine.log())
            self.assertEqual(engine.stop(), 0)
            self.judge_at_least_once_and_in_order(receiver, tap(self.folder / "data", "outcomes"))

    def test_the_log_says_that_a_receiver_is_down_and_that_it_is_back(self):
        with Receiver() as receiver:
            port = receiver.port
        with Engine(self.pipeline(self.webhook(receiver)), self.folder / "data") as engine:
            self.post(engine, 0, 20)
            engine.wait_log("sink waits")
            with Receiver(port=port) as receiver:
                self.assertTrue(receiver.wait_ids(20), engine.log())
                engine.wait_log("sink goes on")
                self.assertEqual(engine.stop(), 0)
            said = engine.log()
        self.assertEqual([said.count(word) for word in ("sink waits", "sink goes on")], [1, 1])
        self.assertIn('"stopped"', said)
        first = json.loads(said.splitlines()[0])
        self.assertRegex(first["message"], r"^ouzel \d+\.\d+\.\d+")
        self.assertEqual([first["pipeline"], first["data_dir"]],
                         ["press-line", str(self.folder / "data")])

    def test_a_full_disk_below_a_file_sink(self):
        """The lanes go on, the sink says why it waits, and each outcome is there just once when
        there is room again; also through a kill on the full disk."""
        place = self.mount("600k")
        (place / "ballast").write_bytes(bytes(400 << 10))
        pipeline = self.pipeline(f"{{file: {{directory: {place / 'out'}, bytes_max: 64KiB}}, "
                                 "when: all}")
        sent = 0
        for kill in (True, False):
            with Engine(pipeline, self.folder / "data") as engine:
                for _ in range(10):
                    self.post(engine, sent, 100)
                    sent += 100
                engine.wait_scored()
                engine._until(lambda: "[-]sink-file cannot write" in
                              engine.get("/readyz?verbose")[1] or None, "it waits")
                self.assertIn("No space left", engine.get("/readyz?verbose")[1])
                self.assertEqual(engine.get("/readyz")[0], 200)
                self.assertGreater(engine.total("ouzel_sink_lag_events"), 0)
                if kill:
                    engine.kill()
                    continue
                (place / "ballast").unlink()
                subprocess.run(["mount", "-o", "remount,size=4m", place], check=True)
                engine._until(lambda: engine.total("ouzel_sink_lag_events") == 0 or None, "goes on")
                self.assertIn("[+]sink-file ok", engine.get("/readyz?verbose")[1])
                self.assertEqual(engine.stop(), 0)
        written = sink_files.lines(place / "out", "file")
        self.assertEqual(len(written), sent)
        self.assertEqual(sink_files.fault(written, tap(self.folder / "data", "outcomes")), "")

    def test_a_file_sink_with_a_new_data_directory(self):
        """What the old one wrote stays as it is."""
        out = self.folder / "out"
        pipeline = self.pipeline(f"{{file: {{directory: {out}}}, when: all}}")
        for life in (1, 2):
            with Engine(pipeline, self.folder / f"data-{life}") as engine:
                self.post(engine, 0, 100 * life)
                engine.wait_scored()
                engine._until(lambda: engine.total("ouzel_sink_lag_events") == 0 or None, "written")
                if life == 2:
                    engine.kill()
                else:
                    self.assertEqual(engine.stop(), 0)
            self.assertEqual([len(one.read_bytes().splitlines()) for one in sorted(out.iterdir())],
                             [100, 200][:life])

    def test_lag_of_a_sink_that_begins_with_what_is_there(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            self.post(engine, 0, 200)
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        with Receiver() as receiver:
            port = receiver.port
        pipeline = self.pipeline(self.webhook(receiver, more="when: all, from: beginning"))
        with Engine(pipeline, self.folder / "data") as engine:
            self.assertEqual(engine.total("ouzel_sink_lag_events"), 200)
            with Receiver(port=port) as receiver:
                self.assertTrue(receiver.wait_ids(200), engine.log())
                engine.wait_metric("ouzel_sink_lag_events", 0)
            self.assertEqual(engine.stop(), 0)

    def test_kill_while_delivering(self):
        chance = random.Random(5)
        flaky = random.Random(6)

        def answer(_):
            return Answer(flaky.choice([200] * 8 + [500, 503]))
        with Receiver(answer) as receiver:
            pipeline = self.pipeline(self.webhook(receiver))
            sent = 0
            for _ in range(8):
                with Engine(pipeline, self.folder / "data") as engine:
                    self.post(engine, sent, 150)
                    sent += 150
                    time.sleep(chance.uniform(0, 0.15))
                    engine.kill()
            with Engine(pipeline, self.folder / "data") as engine:
                self.assertTrue(receiver.wait_ids(sent), engine.log())
                self.assertEqual(engine.stop(), 0)
            self.judge_at_least_once_and_in_order(receiver, tap(self.folder / "data", "outcomes"))
