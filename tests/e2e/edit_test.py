"""An edited pipeline file goes on from the same data directory, and other settings at the start."""
import collections
import concurrent.futures
import json
import signal
import sys
import threading
import time

from engine import ROOT, Engine, ouzel, tap
from place import PIPELINE, InScratch, good, goods

sys.path.insert(0, str(ROOT / "tests" / "crash"))
import ouzel_log  # noqa: E402

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


class Applied(InScratch):
    """A pipeline that changes while it runs."""

    def outcomes(self, data_dir):
        """All outcomes, none of which is there twice."""
        lines = [json.loads(line) for line in tap(data_dir, "outcomes")]
        self.assertEqual(len({line["id"] for line in lines}), len(lines))
        return lines

    def running(self, text):
        path = self.write("live.yaml", text)
        engine = Engine(path, self.folder / "data", "--set", "limits.snapshot_bytes=64KiB")
        self.addCleanup(engine.kill)
        return path, engine

    def apply(self, engine):
        return ouzel("apply", "--url", f"http://127.0.0.1:{engine.port}")

    def test_another_threshold_by_apply_under_load(self):
        text = PIPELINE.read_text().replace("decide: {threshold: 0.9, review: 0.6}",
                                            "decide: {threshold: 0.9, include_features: true}")
        path, engine = self.running(text)
        sent = []

        def send():
            connection = engine.connect()
            for number in range(0, 300):
                status, reply = connection.post(goods(number * 20, 20))
                sent.append((status, reply["accepted"]))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send)
            for threshold in ("0.8", "0.7"):
                path.write_text(text.replace("threshold: 0.9", f"threshold: {threshold}"))
                done = self.apply(engine)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(json.loads(done.stdout)["changed"])
            sending.result()
        self.assertEqual(set(sent), {(202, 20)}, "every request was answered as if nothing was")
        engine.wait_scored()
        self.assertEqual(engine.total("ouzel_events_received_total"), 6000)
        again = json.loads(self.apply(engine).stdout)
        self.assertFalse(again["changed"])
        self.assertRegex(again["why"], r"in force already, since a request asked for it [\d.]+ s")
        self.assertEqual(engine.stop(), 0)
        self.assertNotIn("rebuilt", engine.log())
        lines = self.outcomes(self.folder / "data")
        self.assertEqual(len(lines), 6000)
        self.assertEqual(lines[-1]["data"]["threshold"], 0.7)
        # The state went on: the same features as of one engine that nobody changed.
        with Engine(self.write("old.yaml", text), self.folder / "old") as other:
            for number in range(0, 300):
                other.connect().post(goods(number * 20, 20))
            other.wait_scored()
            self.assertEqual(other.stop(), 0)
        old = {line["id"]: line for line in map(json.loads, tap(self.folder / "old", "outcomes"))}
        for line in lines:
            self.assertEqual(line["data"]["features"], old[line["id"]]["data"]["features"])

    def test_who_asks_for_outcomes_during_a_change_is_answered_or_told_to_ask_again(self):
        text = PIPELINE.read_text()
        path, engine = self.running(text)
        engine.connect().post(goods(0, HALF))
        engine.wait_scored()
        statuses, over = collections.Counter(), threading.Event()

        def ask():
            connection = engine.connect()
            while not over.is_set():
                status, _, headers = connection.ask("GET", "/api/v1/outcomes?limit=10000")
                statuses[(status, headers["Retry-After"])] += 1
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(ask) for _ in range(8)]
            for turn in range(6):
                path.write_text(text.replace("threshold: 0.9", f"threshold: 0.9{turn + 1}"))
                self.assertTrue(json.loads(self.apply(engine).stdout)["changed"])
            over.set()
            for one in asking:
                one.result()
        self.assertLessEqual(set(statuses), {(200, None), (503, "1")}, statuses)
        self.assertGreater(statuses[(200, None)], 0)
        self.assertEqual(engine.stop(), 0)

    def test_another_feature_list_by_signal_is_rebuilt(self):
        path, engine = self.running(PIPELINE.read_text())
        engine.connect().post(goods(0, HALF))
        engine.wait_scored()
        path.write_text(path.read_text().replace("take: [mean, std]", "take: [mean, max]"))
        engine.process.send_signal(signal.SIGHUP)
        engine.wait_log("pipeline changed")
        engine.connect().post(goods(HALF, HALF))
        engine.wait_scored()
        self.assertIn("state is rebuilt", engine.log())
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(len(self.outcomes(self.folder / "data")), 2 * HALF)

    def test_what_does_not_lint_or_is_fixed_is_refused_as_a_whole(self):
        path, engine = self.running(PIPELINE.read_text())
        text = path.read_text()
        for wrong, said in ((text + "modle: detector\n", "did you mean 'model'"),
                            (text.replace("key: device_id", "key: mode"), "schema.key"),
                            (text.replace("{event_bytes", "{partitions: 3, event_bytes"),
                             "limits.partitions")):
            path.write_text(wrong)
            done = self.apply(engine)
            self.assertEqual(done.returncode, 78, done.stdout)
            self.assertIn(said, done.stderr)
            self.assertIn("not changed: 1 finding\"", done.stderr)
            self.assertEqual(engine.connect().post(goods(len(said), 1))[0], 202)
        path.write_text(text)
        self.assertFalse(json.loads(self.apply(engine).stdout)["changed"])
        self.assertEqual(engine.stop(), 0)

    def test_a_table_that_changes_is_taken_over_with_the_state(self):
        table = self.write("sites.csv", "device_id,load\npress-0,1\npress-1,2\n")
        text = PIPELINE.read_text().replace("features:", "enrich: [{table: sites.csv, key: "
                                            "device_id, add: load}]\nfeatures:\n  - {of: load, "
                                            "take: [last, mean], last: 4}")
        text = text.replace("review: 0.6", "review: 0.6, include_features: true")
        _, engine = self.running(text)
        engine.connect().post(b"\n".join(good(n, "press-0") for n in range(3)))
        engine.wait_scored()
        self.write("new.csv", "device_id,load\npress-0,5\n").replace(table)
        engine.wait_log("pipeline changed")
        late = json.loads(self.apply(engine).stdout)
        self.assertFalse(late["changed"])
        self.assertIn("since a table's file changed", late["why"])
        engine.connect().post(good(3, "press-0"))
        engine.wait_scored()
        table.write_text("device_id\npress-0\n")
        engine.wait_log("pipeline not changed")
        self.assertRegex(engine.get("/readyz?verbose")[1],
                         r"\[-\]pipeline a change was refused: .*sites\.csv")
        self.assertEqual(engine.total("ouzel_pipeline_last_change_successful"), 0)
        engine.connect().post(good(4, "press-0"))
        engine.wait_scored()
        table.write_text("device_id,load\npress-0,5\n")
        engine.wait_metric("ouzel_pipeline_last_change_successful", 1)
        self.assertNotIn("refused", engine.get("/readyz?verbose")[1])
        self.assertEqual(engine.stop(), 0)
        features = [line["data"]["features"] for line in self.outcomes(self.folder / "data")]
        self.assertEqual([one["load_last_4"] for one in features], [1, 1, 1, 5, 5])
        self.assertEqual(features[3]["load_mean_4"], 2, "it remembers the three before")

    def test_killed_around_an_apply_nothing_is_lost(self):
        text = PIPELINE.read_text()
        path, engine = self.running(text)
        accepted = 0
        for turn in range(8):
            engine.connect().post(goods(accepted, 100))
            accepted += 100
            path.write_text(text.replace("threshold: 0.9", f"threshold: 0.9{turn + 1}"))
            engine.process.send_signal(signal.SIGHUP)
            time.sleep(0.02 * turn)
            engine.kill()
            engine = Engine(path, self.folder / "data", "--set", "limits.snapshot_bytes=64KiB")
            self.addCleanup(engine.kill)
            engine.wait_scored()
        self.assertEqual(engine.total("ouzel_events_accepted_total"), accepted)
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(len(self.outcomes(self.folder / "data")), accepted)

    def test_a_signal_is_announced_before_the_port_closes(self):
        with Engine(PIPELINE, self.folder / "data", "--set", "serve.shutdown_delay=2s") as engine:
            engine.process.send_signal(signal.SIGTERM)
            engine.wait_log("stopping")
            time.sleep(0.1)
            self.assertEqual(engine.get("/readyz")[0], 503)
            self.assertEqual(engine.connect().post(goods(0, 1))[0], 202)
            self.assertEqual(engine.process.wait(timeout=20), 0)


def commits_of(data_dir):
    """What the outcome frames say, in the order of the log."""
    log, _, _ = ouzel_log.read_data_dir(str(data_dir))
    return [ouzel_log.commit_of(frame) for frame in log.frames
            if ouzel_log.TOPICS[frame.topic] == "outcomes"]


class Kept(InScratch):
    """From the hash in an outcome frame to the plan that decided it, and to that plan's table."""
    EVENTS = b"\n".join(good(number, "press-0") for number in range(2))

    def setUp(self):
        super().setUp()
        self.data_dir = self.folder / "data"
        self.table = self.write("sites.csv", "device_id,load\npress-0,1\n")
        text = PIPELINE.read_text().replace("features:", "enrich: [{table: sites.csv, key: "
                                            "device_id, add: load}]\nfeatures:\n  - {of: load, "
                                            "take: [last, mean], last: 4}")
        self.pipeline = self.write("live.yaml", text.replace("review: 0.6",
                                                             "include_features: true"))

    def plan(self, number):
        return self.data_dir / "plans" / f"{number:032x}.yaml"

    def asset(self, number):
        """The one file that a plan names."""
        line, = [line for line in self.plan(number).read_text().splitlines()
                 if line.startswith("# enrich.0.table ")]
        return self.data_dir / "assets" / line.split()[-1]

    def changed(self, *arguments):
        """{offset: plan} of two events, between which the table changes on the live engine."""
        first, second = self.EVENTS.split(b"\n")
        with Engine(self.pipeline, self.data_dir, *arguments) as engine:
            engine.connect().post(first)
            engine.wait_scored()
            self.write("new.csv", "device_id,load\npress-0,5\n").replace(self.table)
            engine.wait_log("pipeline changed")
            engine.connect().post(second)
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        return {row.offset: commit.plan for commit in commits_of(self.data_dir)
                for row in commit.rows}

    def test_outcome_frames_lead_to_the_tables_that_were_in_force(self):
        plans = self.changed()
        self.assertEqual(len(set(plans.values())), 2)
        self.table.unlink()
        outcomes = tap(self.data_dir, "outcomes")
        for offset, load in ((0, 1), (1, 5)):
            self.assertEqual(self.asset(plans[offset]).read_text(),
                             f"device_id,load\npress-0,{load}\n")
            # The kept plan is a pipeline that scores as it did: the first event then, both now.
            done = ouzel("score", self.plan(plans[offset]), "--format", "ndjson",
                         stdin=self.EVENTS + b"\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            if offset == 0:
                self.assertEqual(lines[0], outcomes[0])
            features = [json.loads(line)["data"]["features"]["load_last_4"] for line in lines]
            self.assertEqual(features, [load, load])
        self.assertEqual(json.loads(outcomes[1])["data"]["features"]["load_mean_4"], 3)
        # A flag that names another table goes before what was kept.
        other = self.write("other.csv", "device_id,load\npress-0,7\n")
        done = ouzel("score", self.plan(plans[0]), "--format", "ndjson", "--set",
                     f"enrich.0.table={other}", stdin=self.EVENTS + b"\n")
        self.assertIn('"load_last_4":7', done.stdout, done.stderr)

    def test_a_damaged_or_half_written_one_is_not_used_and_is_written_again(self):
        plans = self.changed()
        plan, asset = self.plan(plans[1]), self.asset(plans[1])
        whole = {path: path.read_bytes() for path in (plan, asset)}
        draft = asset.with_name(asset.name + ".new")
        draft.write_bytes(whole[asset][:5])
        for path in (plan, asset):
            for wrong in (whole[path][:9], whole[path].replace(b"e", b"E"), b""):
                path.write_bytes(wrong)
                done = ouzel("score", plan, "--format", "ndjson", stdin=self.EVENTS + b"\n")
                self.assertEqual((done.returncode, done.stdout), (78, ""))
                self.assertIn("is damaged", done.stderr)
                doctor = ouzel("doctor", "--data-dir", self.data_dir)
                self.assertIn("is damaged", doctor.stdout)
                with Engine(self.pipeline, self.data_dir) as engine:
                    self.assertIn("written again", engine.log())
                    self.assertEqual(engine.stop(), 0)
                self.assertEqual(path.read_bytes(), whole[path])
                self.assertFalse(draft.exists(), "what a crash left is removed")
        self.assertIn("2 plans", ouzel("doctor", "--data-dir", self.data_dir).stdout)

    def test_what_no_outcome_names_any_more_is_removed(self):
        small = ("--set", "limits.segment_bytes=64KiB", "--set", "limits.log_bytes=1MiB",
                 "--set", "limits.snapshot_bytes=64KiB")
        plans = self.changed(*small)
        old = self.plan(plans[0]), self.asset(plans[0])
        with Engine(self.pipeline, self.data_dir, *small) as engine:
            self.assertTrue(old[0].exists() and old[1].exists(), "an outcome names them")
            connection = engine.connect()
            for number in range(1, 61):
                connection.post(goods(number * 200, 200))
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        with Engine(self.pipeline, self.data_dir, *small) as engine:
            self.assertEqual(engine.stop(), 0)
        self.assertFalse(old[0].exists() or old[1].exists(), commits_of(self.data_dir)[0].plan)
        self.assertEqual(self.asset(plans[1]).read_text(), self.table.read_text())


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
