"""An edited pipeline file goes on from the same data directory, and other settings at the start."""
import concurrent.futures
import json

from engine import Engine, ouzel, tap
from place import PIPELINE, InScratch, goods

HALF = 600
SENDERS, REQUESTS = 8, 20


class Edited(InScratch):
    def play(self, name, pipelines, kill):
        """Outcomes after one life of the engine for each pipeline, `HALF` events in each."""
        data_dir = self.folder / name
        for number, pipeline in enumerate(pipelines):
            with Engine(pipeline, data_dir, "--set", "limits.snapshot_bytes=64KiB") as engine:
                status, reply = engine.connect().post(goods(number * HALF, HALF))
                self.assertEqual((status, reply["accepted"]), (202, HALF), reply)
                engine.wait_scored()
                if kill:
                    engine.kill()
                else:
                    self.assertEqual(engine.stop(), 0)
                said = engine.log()
        with Engine(pipelines[-1], data_dir) as engine:
            self.assertEqual(engine.stop(), 0)
        lines = {json.loads(line)["id"]: line for line in tap(data_dir, "outcomes")}
        self.assertEqual(len(lines), len(pipelines) * HALF)
        return lines, said

    def test_state_is_rebuilt_and_outcomes_are_kept(self):
        before = self.press_without("decide:", "decide: {threshold: 0.9, include_features: true}")
        after = self.write("after.yaml", before.read_text().replace(
            "take: [mean, std], last: 16", "take: [count, mean, max], last: 200"))
        for kill in (False, True):
            with self.subTest(kill=kill):
                edited, said = self.play(f"edited {kill}", [before, after], kill)
                self.assertIn("another plan", said)
                old, _ = self.play(f"old {kill}", [before, before], kill)
                new, _ = self.play(f"new {kill}", [after, after], kill)
                first = [place for place in edited if edited[place] == old[place]]
                second = [place for place in edited if edited[place] == new[place]]
                self.assertEqual((len(first), len(second)), (HALF, HALF))

    def test_another_threshold_goes_on_with_the_state(self):
        before = self.press_without("decide:", "decide: {threshold: 0.9, include_features: true}")
        after = self.write("after.yaml", before.read_text().replace("threshold: 0.9",
                                                                    "threshold: 0.8"))
        edited, said = self.play("edited", [before, after], False)
        self.assertIn("another plan goes on with the state", said)
        self.assertNotIn("rebuilt", said)
        old, _ = self.play("old", [before, before], False)
        for place, line in edited.items():
            for member in ("features", "score", "event"):
                self.assertEqual(json.loads(line)["data"][member],
                                 json.loads(old[place])["data"][member], place)
        thresholds = [json.loads(line)["data"]["threshold"] for line in edited.values()]
        self.assertEqual((thresholds.count(0.9), thresholds.count(0.8)), (HALF, HALF))

    def test_after_a_crash_another_threshold_is_rebuilt_and_says_so(self):
        before = self.press_without("decide:", "decide: {threshold: 0.9, hold_off: 5m}")
        after = self.write("after.yaml", before.read_text().replace("hold_off: 5m", "hold_off: 6m"))
        _, said = self.play("killed", [before, after], True)
        self.assertIn("state is rebuilt from retained events", said)

    def test_a_clean_stop_leaves_nothing_to_replay(self):
        data_dir = self.folder / "data"
        with Engine(PIPELINE, data_dir) as engine:
            engine.connect().post(goods(0, HALF))
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        self.assertTrue(list((data_dir / "snapshots").iterdir()))

    def test_same_plan_is_not_rebuilt(self):
        _, said = self.play("same", [PIPELINE, PIPELINE], False)
        self.assertNotIn("another plan", said)


class Settings(InScratch):
    def test_flag_before_environment_before_file(self):
        data_dir = self.folder / "data"
        environment = {"OUZEL_SET": "name=by-environment"}
        for arguments, name in (((), "by-environment"), (("--set", "name=by-flag"), "by-flag")):
            with Engine(PIPELINE, data_dir, *arguments, environment=environment) as engine:
                engine.connect().post(goods(0, 1) if name == "by-flag" else goods(1, 1))
                engine.wait_scored()
                self.assertEqual(engine.stop(), 0)
        sources = [json.loads(line)["source"] for line in tap(data_dir, "outcomes")]
        self.assertEqual(sorted(sources), ["/ouzel/by-environment", "/ouzel/by-flag"])

    def test_pipeline_from_stdin(self):
        done = ouzel("lint", "-", stdin=PIPELINE.read_bytes())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_too_much_in_flight_is_told_and_may_be_repeated(self):
        told = []

        def send(first):
            connection = engine.connect()
            for number in range(first, first + REQUESTS):
                status = 0
                while status != 202:
                    status, reply = connection.post(goods(number * 200, 200))
                    told.append(status)
                    again = [r for r in reply["refused"] if not r.get("retry")]
                    assert status in (202, 429) and not again, (status, reply)
                    if reply["refused"]:
                        status = 0   # some of it was accepted: the rest again
        with Engine(PIPELINE, self.folder / "data", "--set", "limits.in_flight=8") as engine:
            with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
                list(pool.map(send, range(0, SENDERS * REQUESTS, REQUESTS)))
            engine.wait_scored()
            self.assertEqual(engine.total("ouzel_events_accepted_total"),
                             SENDERS * REQUESTS * 200)
            self.assertGreater(len(told), SENDERS * REQUESTS, "nobody was told to wait")
            self.assertEqual(engine.stop(), 0)
