#!/usr/bin/env python3
"""Runs the golden cases: run.py [--update] [-v] [CASE…].

A case is a folder with pipeline.yaml, input.ndjson (one event a line), expect.ndjson (its outcomes,
sorted by partition and offset), expect_rejects.ndjson where there are any, and case.json:
  form     ndjson (default) | payload | structured | batched: how the lines are posted; or binary:
           a line is {"headers": {name: value}, "body": text} of a request; a reply that is an
           outcome (`Prefer: reply`) must be among the outcomes, byte by byte; or file: the
           pipeline's source is the file `input`
  simulate arguments of `ouzel simulate`, which then makes the input instead of input.ndjson
  net      arguments of onnx_writer.dense_net, which then writes the case's model.onnx
  edits    [{"at": N, …}]: after N lines, all of which have their outcome, the pipeline changes: the
           files of the folder edit_<1, 2, …> come over the case's, and "net" over its model.onnx.
           Ways with one life say `ouzel apply`, the others stop and start
  files    {name of a file sink: the topic whose lines it must hold}
  reply    what the replies add up to: {"accepted": n, "duplicates": n, "refused": {reason: n}}
It may have an oracle.py, which works expect.ndjson out in another way (exit 1: they differ).
Each case is run in the ways below; none of them may change a byte.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "driver"))
import sink_files  # noqa: E402
from engine import Engine, ouzel, tap  # noqa: E402
from onnx_writer import dense_net  # noqa: E402
from sink_files import position  # noqa: E402

TYPES = {"ndjson": "application/x-ndjson", "payload": "application/json",
         "structured": "application/cloudevents+json",
         "batched": "application/cloudevents-batch+json"}


# Many segments and snapshots, so that a life after a kill begins from one and replays the rest.
SMALL = ("--set", "limits.segment_bytes=64KiB", "--set", "limits.snapshot_bytes=64KiB")


@dataclass
class Way:
    """How the same input is played: events of a request, workers of each life of the process (it
    is killed between two lives), the pause after a request, and more flags."""
    name: str
    events: int = 4096
    workers: tuple = (1,)
    pause_s: float = 0.0
    flags: tuple = ()


WAYS = [
    Way("whole"),
    Way("one by one", events=1, workers=(2,)),
    Way("7 workers, batches of 4,096", workers=(7,)),
    Way("7 workers, batches of 1", events=1, workers=(7,)),
    Way("2 workers, slowly", events=5, workers=(2,), pause_s=0.003),
    Way("killed and resumed with other workers", events=7, workers=(2, 7, 1)),
    Way("killed and resumed from snapshots", events=7, workers=(7, 1, 2), flags=SMALL),
    Way("killed one by one", events=1, workers=(1, 2)),
]


ORACLE = Way("oracle")
# `ouzel score` in place of an engine.
SCORE = Way("score")
WAYS.append(SCORE)
# Reasons for which a door gives an event no place.
REFUSED = {"malformed", "envelope", "no_key", "too_large"}


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        settings = folder / "case.json"
        self.settings = json.loads(settings.read_text()) if settings.exists() else {}
        self.form = self.settings.get("form", "ndjson")
        if "net" in self.settings:
            (folder / "model.onnx").write_bytes(dense_net(**self.settings["net"]))
        if "simulate" in self.settings:
            made = ouzel("simulate", "--rate", 0, *self.settings["simulate"])
            assert made.returncode == 0, made.stderr
            text = made.bytes
        elif self.form == "file":
            text = b""
        else:
            text = (folder / "input.ndjson").read_bytes()
        self.lines = text.rstrip(b"\n").split(b"\n")

    def edits(self):
        return self.settings.get("edits", [])

    def edit(self, number, place):
        """Makes edit `number` (from 1) to the case's copy at `place`."""
        change = self.edits()[number - 1]
        if "net" in change:
            (place / "model.onnx").write_bytes(dense_net(**change["net"]))
        if (self.folder / f"edit_{number}").exists():
            shutil.copytree(self.folder / f"edit_{number}", place, dirs_exist_ok=True)

    def spans(self, way):
        """The requests between the edits."""
        places = [0, *(edit["at"] for edit in self.edits()), len(self.lines)]
        return [self.requests(way, first, end) for first, end in zip(places, places[1:])]

    def requests(self, way, begin, end):
        """[(body, headers)]"""
        if self.form == "binary":
            return [(line["body"].encode(), line["headers"])
                    for line in map(json.loads, self.lines[begin:end])]
        size = 1 if self.form in ("payload", "structured") else way.events
        made = []
        for first in range(begin, end, size):
            some = self.lines[first:min(first + size, end)]
            body = b"[" + b",".join(some) + b"]" if self.form == "batched" else b"\n".join(some)
            headers = {"Idempotency-Key": f"line-{first}"} if self.form == "payload" else {}
            made.append((body, {"Content-Type": TYPES[self.form], **headers}))
        return made

    def expected(self, topic):
        name = "expect.ndjson" if topic == "outcomes" else "expect_rejects.ndjson"
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def update(self, topic, lines):
        name = "expect.ndjson" if topic == "outcomes" else "expect_rejects.ndjson"
        path = self.folder / name
        if lines:
            path.write_text("\n".join(lines) + "\n")
        else:
            path.unlink(missing_ok=True)


def play_life(engine, way, requests, kill_at, chance, outcomes):
    """Sends `requests`; at number `kill_at` kills the engine while that one is under way. Returns
    how many were acknowledged and what the replies add up to; `outcomes` gets those among them."""
    totals = collections.Counter()
    connection = engine.connect()
    for number, (body, headers) in enumerate(requests):
        if number == kill_at:
            connection.send("POST", "/events", body, headers)
            time.sleep(chance.uniform(0, 0.004))
            engine.kill()
            return number, totals
        status, text, _ = connection.ask("POST", "/events", body, headers)
        if status == 200:
            outcomes.append(text)
            totals["accepted"] += 1
            continue
        reply = json.loads(text)
        assert status in (202, 400), f"request {number}: {status} {reply}"
        totals["accepted"] += reply["accepted"]
        totals["duplicates"] += reply["duplicates"]
        for refusal in reply["refused"]:
            totals["refused " + refusal["reason"]] += 1
        if way.pause_s:
            time.sleep(way.pause_s)
    connection.close()
    return len(requests), totals


def play_file(case, way, data_dir, chance):
    """The pipeline names its own input, and ends with it."""
    for life, workers in enumerate(way.workers):
        with Engine(case.folder / "pipeline.yaml", data_dir, "--workers", workers, *way.flags,
                    ready=False) as engine:
            if life < len(way.workers) - 1:
                time.sleep(chance.uniform(0, 0.05))
                engine.kill()
            else:
                assert engine.wait() == 0, engine.log()
    return topics_of(data_dir), None


def topics_of(data_dir):
    return {topic: sorted(tap(data_dir, topic), key=position)
            for topic in ("outcomes", "rejects")}


def apply(engine):
    done = ouzel("apply", "--url", f"http://127.0.0.1:{engine.port}")
    assert done.returncode == 0, done.stderr


def play_span(case, way, left, start, engine, chance, replied):
    """One span of the input; `start` makes an engine, `engine` is one that runs or None. Returns
    the engine of the last life, and what the replies to it add up to."""
    totals = collections.Counter()
    for life, workers in enumerate(way.workers):
        last = life == len(way.workers) - 1
        engine = engine or start(workers)
        kill_at = None if last else chance.randrange(len(left))
        done, totals = play_life(engine, way, left, kill_at, chance, replied)
        left = left[done:]
        if not last:
            engine = None
    return engine, totals


def play(case, way, folder):
    """{topic: sorted lines} and what the replies add up to (nothing for ways with a kill)."""
    data_dir = os.path.join(folder, "data")
    chance = random.Random(f"{case.name} {way.name}")
    if case.form == "file":
        return play_file(case, way, data_dir, chance)
    place = case.folder
    if case.edits():
        place = pathlib.Path(shutil.copytree(case.folder, os.path.join(folder, "case")))
    with contextlib.ExitStack() as lives:
        def start(workers):
            return lives.enter_context(Engine(place / "pipeline.yaml", data_dir, "--workers",
                                              workers, *way.flags))
        totals, replied, engine = collections.Counter(), [], None
        for number, requests in enumerate(case.spans(way)):
            if number > 0 and len(way.workers) > 1:
                engine = stop(engine)
            if number > 0:
                case.edit(number, place)
            if number > 0 and engine:
                apply(engine)
            engine, some = play_span(case, way, requests, start, engine, chance, replied)
            totals += some
        stop(engine)
    topics = topics_of(data_dir)
    assert set(replied) <= set(topics["outcomes"]), "a reply is no outcome"
    check_files(case, data_dir, topics)
    return topics, totals if len(way.workers) == 1 else None


def stop(engine):
    status = engine.stop()
    assert status == 0, f"exit {status} after SIGTERM: {engine.log()}"


def check_files(case, data_dir, topics):
    """A file sink holds the topic's lines."""
    for sink, topic in case.settings.get("files", {}).items():
        lines = sink_files.lines(os.path.join(data_dir, "out"), sink)
        fault = sink_files.fault(lines, topics[topic])
        assert not fault, f"sink {sink}: {fault}"


def flat(reply):
    totals = collections.Counter(accepted=reply.get("accepted", 0),
                                 duplicates=reply.get("duplicates", 0))
    for reason, count in reply.get("refused", {}).items():
        totals["refused " + reason] = count
    return +totals


def difference(expected, got):
    if len(expected) != len(got):
        return f"expected {len(expected)} lines, got {len(got)}"
    number = next(i for i, pair in enumerate(zip(expected, got)) if pair[0] != pair[1])
    return f"line {number + 1}:\n  expected {expected[number]}\n  got      {got[number]}"


def judge(case, topics, totals):
    """Why the result is wrong; None if it is right."""
    for topic, lines in topics.items():
        if lines != case.expected(topic):
            return f"{topic}: {difference(case.expected(topic), lines)}"
    if totals is not None and "reply" in case.settings and +totals != flat(case.settings["reply"]):
        return f"replies: expected {dict(flat(case.settings['reply']))}, got {dict(+totals)}"
    return None


def ask_oracle(case):
    asked = subprocess.run([sys.executable, case.folder / "oracle.py"], timeout=60,
                           capture_output=True, text=True)
    return None if asked.returncode == 0 else f"oracle: {asked.stderr}"


def scored(case):
    """Outcomes of `ouzel score` for the same events."""
    flags = ("--in", case.folder / case.settings["input"]) if case.form == "file" else (
        "--format", "ndjson")
    done = ouzel("score", case.folder / "pipeline.yaml", *flags,
                 stdin=b"\n".join(case.lines) + b"\n")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ordered(outcomes, anywhere):
    """By position; `anywhere`: in the order of each partition, without the offsets."""
    order = {}
    for number, outcome in enumerate(outcomes):
        place = outcome["data"]["position"]
        order[number] = place["partition"], place["offset"]
        if anywhere:
            del outcome["id"], place["offset"]
    return [json.dumps(outcomes[number]) for number in sorted(order, key=order.get)]


def judge_score(case):
    """Why `ouzel score` does not give what the engine gave, bit for bit; None if it does. Two
    things are its own: what a door refuses has a place there, and no event is clock_ahead."""
    if case.form in ("payload", "binary"):   # ids, or attributes, that only a request has
        return None
    try:
        outcomes = scored(case)
    except AssertionError as error:
        return str(error)
    expected = [json.loads(line) for line in case.expected("outcomes")]
    ahead = {outcome["data"]["event"]["id"] for outcome in expected
             if outcome["data"].get("reason") == "clock_ahead"}
    kept = [outcome for outcome in outcomes
            if case.form == "file" or outcome["data"].get("reason") not in REFUSED]
    anywhere = len(kept) < len(outcomes)
    want, got = (ordered([outcome for outcome in some
                          if outcome["data"]["event"]["id"] not in ahead], anywhere)
                 for some in (expected, kept))
    return None if got == want else difference(want, got)


def run_way(case, way, update):
    if way is ORACLE:
        return ask_oracle(case)
    if way is SCORE:
        return judge_score(case)
    with tempfile.TemporaryDirectory(prefix="ouzel-golden-") as folder:
        try:
            topics, totals = play(case, way, folder)
        except Exception as error:   # the engine's end, a refused connection: one failed test
            return f"{type(error).__name__}: {error}"
    if update:
        for topic, lines in topics.items():
            case.update(topic, lines)
    return judge(case, topics, totals)


def has_onnx():
    return json.loads(ouzel("version", "--json").stdout)["features"]["model.onnx"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write what the first way gives")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    folders = [path.parent for path in sorted(HERE.glob("*/pipeline.yaml"))]
    cases = [Case(folder) for folder in folders
             if not options.cases or folder.name in options.cases]
    jobs = [(case, way) for case in cases for way in (WAYS[:1] if options.update else WAYS)
            if way is not SCORE or not case.edits()]   # which scores by one plan
    jobs += [(case, ORACLE) for case in cases
             if (case.folder / "oracle.py").exists() and not options.update]
    skipped = len(jobs)
    if not has_onnx():   # said, and counted: a build without ONNX Runtime refuses such pipelines
        jobs = [(case, way) for case, way in jobs if "net" not in case.settings]
    skipped -= len(jobs)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (case, way), why in zip(jobs, pool.map(lambda j: run_way(*j, options.update), jobs)):
            failed += why is not None
            if why:
                print(f"{case.name}, {way.name}: {why}\nFAILED {case.name}, {way.name}", flush=True)
            elif options.verbose:
                print(f"ok {case.name}, {way.name}", flush=True)
    print(f"{len(jobs) - failed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not jobs else 0)


if __name__ == "__main__":
    main()
