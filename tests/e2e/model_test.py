"""A model of one's own: its card, the pipeline that takes it, and files that are none."""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from engine import PROGRAM, Engine, ouzel, tap
from onnx_writer import dense_net, endless_loop
from place import InScratch

PIPELINE = """name: own
schema:
  key: id
  fields: {a: number, b: number, c: number}
model: {onnx: model.onnx}
"""


class Model(InScratch):
    def setUp(self):
        super().setUp()
        (self.folder / "net.onnx").write_bytes(dense_net([2, 4, 1]))
        (self.folder / "rows.csv").write_text("\ufeffa,c\n1,10\n3,30\n,50\n")
        (self.folder / "pipeline.yaml").write_text(PIPELINE)

    def run_here(self, code, *arguments):
        done = ouzel(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def need_onnx(self):
        if not json.loads(ouzel("version", "--json").stdout)["features"]["model.onnx"]:
            self.skipTest("this build has no ONNX Runtime")

    def test_a_card_says_what_goes_in(self):
        self.need_onnx()
        self.run_here(0, "model", "card", "net.onnx", "--features", "c,a", "--threshold", "0.25",
                      "--reference", "rows.csv", "--name", "mine", "--version", "4",
                      "--out", "model.onnx")
        shown = self.run_here(0, "model", "show", "model.onnx").stdout
        self.assertIn("input: x: float[?,2]", shown)
        self.assertIn("version: 4\n", shown)
        self.assertIn('ouzel.name: "mine"', shown)
        self.assertIn('\\"c\\":{\\"mean\\":30', shown)
        self.run_here(0, "lint", "pipeline.yaml")
        self.assertIn("threshold: 0.25", self.run_here(0, "echo", "pipeline.yaml").stdout)
        self.assertIn("threshold: 0.5", self.run_here(
            0, "echo", "pipeline.yaml", "--set", "decide={threshold: 0.5, review: 0.1}").stdout)
        self.kept_with("threshold: 0.25")

    def kept_with(self, text):
        """A running engine keeps the plan with what the card said, and the model."""
        with Engine(self.folder / "pipeline.yaml", self.folder / "data") as engine:
            self.assertEqual(engine.stop(), 0)
        plan, = (self.folder / "data" / "plans").iterdir()
        asset, = (self.folder / "data" / "assets").iterdir()
        self.assertIn(text, plan.read_text())
        model = self.folder / "model.onnx"
        self.assertEqual(asset.read_bytes(), model.read_bytes())
        model.unlink()
        self.assertIn(text, self.run_here(0, "echo", plan).stdout)

    def test_what_a_model_scored_stays_its_own(self):
        self.need_onnx()
        model = self.folder / "model.onnx"
        pipeline = self.write("live.yaml", PIPELINE.replace(
            "model.onnx", "{file: model.onnx, inputs: [a, c]}"))
        model.write_bytes(dense_net([2, 4, 1], version=1))
        with Engine(pipeline, self.folder / "data") as engine:
            def score(count):
                body = b'{"id":"x","a":1,"b":1,"c":2}\n' * count
                self.assertEqual(engine.connect().post(body)[1]["accepted"], count)
                engine.wait_scored()
            def shown():
                return {line.split('version="')[1].split('"')[0]: int(line.split()[-1])
                        for line in engine.get("/metrics")[1].splitlines()
                        if line.startswith("ouzel_events_scored_total{")}
            score(3)
            self.assertEqual(shown(), {"1": 3})
            for version, count, expected in ((7, 2, {"1": 3, "7": 2}), (1, 4, {"1": 7, "7": 2})):
                other = self.write("other.onnx", "")
                other.write_bytes(dense_net([2, 4, 1], version=version))
                other.replace(model)
                applied = ouzel("apply", "--url", f"http://127.0.0.1:{engine.port}")
                self.assertEqual(applied.returncode, 0, applied.stderr)
                score(count)
                self.assertEqual(shown(), expected)
            self.assertIn('ouzel_inference_duration_seconds_count{model="',
                          engine.get("/metrics")[1])
            self.assertEqual(engine.stop(), 0)

    def test_a_score_of_any_size_has_its_threshold(self):
        """A regressor's numbers are not between 0 and 1; those of a classifier are."""
        self.need_onnx()
        text = PIPELINE.replace("model.onnx", "{file: model.onnx, inputs: [a, c]}")
        pipeline = self.write("any.yaml", text + "decide: {threshold: 50, review: 20}\n")
        (self.folder / "model.onnx").write_bytes(
            dense_net([2, 1], last=None, weights=[([1.0, 1.0], [0.0])]))
        rows = "".join(f'{{"id":"x","a":{a},"b":0,"c":0}}\n' for a in (-1000, 10, 30, 50, 100))
        done = ouzel("score", pipeline, stdin=rows.encode())
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [json.loads(line)["data"] for line in done.stdout.splitlines()]
        self.assertEqual([(one["score"], one["route"]) for one in found],
                         [(-1000, "pass"), (10, "pass"), (30, "review"), (50, "alert"),
                          (100, "alert")])
        self.assertEqual(found[3]["confidence"], 0.5)
        self.assertEqual(found[4]["confidence"], 0.75)
        self.assertIn("range: decide.threshold: must be 0.001 to 1, got 50", self.run_here(
            1, "lint", "any.yaml", "--set", "model=detector").stdout)

    def test_the_detector_watches_no_table_unasked(self):
        """A limit that is raised in a table is no alarm."""
        self.write("limits.csv", "id,limit,since\nx,5,2026-01-01T00:00:00Z\n"
                                 "x,500,2026-03-01T00:05:00Z\n")
        pipeline = self.write("limits.yaml", """name: limits
schema: {key: id, time: ts, fields: {a: number}}
enrich:
  - {table: limits.csv, key: id, add: limit, valid_from: since}
""")
        rows = "".join(f'{{"id":"x","ts":{1772323200 + i},"a":{i * i % 7}}}\n' for i in range(600))

        def anomalies(*flags):
            done = ouzel("score", pipeline, *flags, stdin=rows.encode())
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout.count('"label":"anomaly"')
        self.assertEqual(anomalies(), 0)
        self.assertGreater(anomalies("--set", "model={detector: {of: [a, limit]}}"), 0)

    def test_a_card_that_does_not_fit_is_refused(self):
        short = self.run_here(78, "model", "card", "net.onnx", "--features", "a", "--out", "x.onnx")
        self.assertIn("takes 2 columns", short.stderr)
        gone = self.run_here(78, "model", "card", "net.onnx", "--features", "a,b", "--reference",
                             "rows.csv", "--out", "x.onnx")
        self.assertIn("no column 'b'; it has [a, c]", gone.stderr)
        self.assertFalse((self.folder / "x.onnx").exists())

    def test_what_is_no_model_is_refused(self):
        whole = (self.folder / "net.onnx").read_bytes()
        for bad in (b"", b"PK\x03\x04", whole[:len(whole) // 2], b"\xff" * 4096):
            (self.folder / "model.onnx").write_bytes(bad)
            self.assertIn("not an ONNX model", self.run_here(78, "model", "show",
                                                             "model.onnx").stderr)
            self.assertIn("onnx:", self.run_here(1, "lint", "pipeline.yaml").stdout)

    def test_both_lists_stand_in_the_refusal(self):
        self.need_onnx()
        (self.folder / "model.onnx").write_bytes(dense_net([2, 1]))
        said = self.run_here(1, "lint", "pipeline.yaml").stdout
        self.assertIn("takes 2 columns", said)
        self.assertIn("[a, b, c]", said)


def hear_interrupts():
    """Who started the tests in the background may have them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Stopped(InScratch):
    """A signal ends what waits for the trial of a model that never answers."""

    def setUp(self):
        super().setUp()
        if not json.loads(ouzel("version", "--json").stdout)["features"]["model.onnx"]:
            self.skipTest("this build has no ONNX Runtime")
        self.model = self.folder / "model.onnx"
        self.model.write_bytes(endless_loop(2))
        self.pipeline = self.write("live.yaml", PIPELINE.replace(
            "model.onnx", "{file: model.onnx, inputs: [a, c]}"))

    def trial(self, process):
        """Waits until it has begun: the process id of the child that makes it."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            if of := children.read_text().split():
                return int(of[0])
            time.sleep(0.01)
        self.fail(f"no trial: {process.poll()}")

    def test_a_running_engine(self):
        self.model.write_bytes(dense_net([2, 4, 1]))
        with Engine(self.pipeline, self.folder / "data") as engine, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.write("other.onnx", "").write_bytes(endless_loop(2))
            (self.folder / "other.onnx").replace(self.model)
            asked = pool.submit(ouzel, "apply", "--url", f"http://127.0.0.1:{engine.port}")
            child = self.trial(engine.process)
            self.assertEqual(engine.connect().post(b'{"id":"x","a":1,"b":1,"c":2}\n')[0], 202)
            engine.signal(signal.SIGTERM)
            self.assertEqual(engine.wait(25), 0)
            self.assertFalse(os.path.exists(f"/proc/{child}"))
            self.assertEqual(asked.result().returncode, 69)
            self.assertIn("could not be changed yet", asked.result().stderr)
            self.assertIn("given up, as the program was told to stop", asked.result().stderr)
        self.assertEqual(len(tap(self.folder / "data", "outcomes")), 1)

    def test_an_engine_that_starts_and_a_lint(self):
        # A terminal's Ctrl-C, like many a supervisor's SIGTERM, goes to the child, too.
        for command, number, to, code in (("run", signal.SIGTERM, os.kill, 0),
                                          ("run", signal.SIGINT, os.killpg, 0),
                                          ("lint", signal.SIGINT, os.killpg, -signal.SIGINT)):
            with self.subTest(command=command, number=number), \
                    subprocess.Popen([PROGRAM, command, self.pipeline], cwd=self.folder,
                                     stderr=subprocess.PIPE, start_new_session=True,
                                     preexec_fn=hear_interrupts) as process:
                child = self.trial(process)
                to(process.pid, number)
                try:
                    self.assertEqual(process.wait(25), code)
                finally:
                    process.kill()
                said = process.stderr.read().decode()
                self.assertEqual("given up, as the program" in said, command == "run", said)
                self.gone(child)
        self.assertFalse((self.folder / "ouzel-data").exists())

    def gone(self, child):
        """The kernel kills it with its parent; who reaps it may take a moment."""
        stat = pathlib.Path(f"/proc/{child}/stat")
        end = time.monotonic() + 10
        while stat.exists() and ") Z" not in stat.read_text() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertLess(time.monotonic(), end)


if __name__ == "__main__":
    unittest.main()
