"""Events from files: `ouzel score`, and files as a pipeline's source, through kills, rotation and
truncation: each line has one outcome, and the two ways give the same bytes."""
import collections
import gzip
import json
import os
import random
import signal
import subprocess
import time

from engine import PROGRAM, Engine, ouzel, tap
from place import PIPELINE, InScratch
from receiver import Receiver

ROWS = 30_000
TIMEOUT_S = 60


def rows(first, count):
    return "".join(f"press-{n % 7},{1772352000 + n},{60 + n % 3},5\n"
                   for n in range(first, first + count))


HEADER = "device_id,ts,temperature,pressure\n"


def position(line):
    partition, offset = json.loads(line)["id"].split(":")
    return int(partition), int(offset)


def ids(lines):
    return collections.Counter(json.loads(line)["data"]["event"]["id"] for line in lines)


class Score(InScratch):
    def score(self, path, *flags):
        done = ouzel("score", PIPELINE, "--in", path, *flags)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_dialects_say_the_same(self):
        lines = [json.dumps({"device_id": f"press-{n % 7}", "ts": 1772352000 + n,
                             "temperature": 60.5 + n % 3, "pressure": 5}) for n in range(50)]
        plain = self.write("a", "\n" + "\n".join(lines) + "\n")
        expected = self.score(plain)
        cells = [list(json.loads(line).values()) for line in lines]
        names = ["device_id", "ts", "temperature", "pressure"]
        comma = "\n".join(",".join(map(str, row)) for row in [names, *cells])
        self.assertEqual(self.score(self.write("a", comma)), expected)
        quoted = "\r\n".join(";".join(f'"{cell}"' for cell in row) for row in [names, *cells])
        self.assertEqual(self.score(self.write("a", "\ufeff" + quoted.replace(".5", ",5")),
                                    "--decimal", ","), expected)
        tabs = "\n" + "\n".join("\t".join(map(str, row)) for row in cells)
        self.assertEqual(self.score(self.write("a", tabs), "--columns", ",".join(names)), expected)
        (self.folder / "a").write_bytes(gzip.compress(comma.encode()))
        self.assertEqual(self.score(self.folder / "a"), expected)

    def test_bad_rows_are_outcomes(self):
        day = self.write("day.csv", HEADER + rows(0, 1) + "press-1,2\n" + rows(1, 1))
        done = ouzel("score", PIPELINE, "--in", day)
        self.assertEqual((done.returncode, done.stderr),
                         (0, "ouzel score: 1 of 3 events rejected; the first is day.csv:3: "
                             "malformed: line 3: expected 4 cells, got 2\n"))
        data = [json.loads(line)["data"] for line in done.stdout.splitlines()]
        self.assertEqual([one["status"] for one in data], ["scored", "rejected", "scored"])
        self.assertEqual((data[1]["reason"], data[1]["detail"]),
                         ("malformed", "line 3: expected 4 cells, got 2"))
        self.assertEqual(data[1]["event"]["id"], "day.csv:3")

    def test_what_is_no_file_takes_lines_too(self):
        day = self.write("day.csv", HEADER + rows(0, 50))
        expected = self.score(day)
        self.assertEqual(self.score(day, "--out", "/dev/null"), [])
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
            self.assertEqual(self.score(day, "--out", pipe), [])
            self.assertEqual(reader.communicate(timeout=20)[0].splitlines(), expected)
        longer = self.write("out", "x" * 100_000)
        self.assertEqual(self.score(day, "--out", longer), [])
        self.assertEqual(longer.read_text().splitlines(), expected)
        made = ouzel("simulate", "--count", 10, "--rate", 0, "--out", "/dev/null", "--truth",
                     "/dev/null")
        self.assertEqual(made.returncode, 0, made.stderr)
        full = ouzel("score", PIPELINE, "--in", day, "--out", "/dev/full")
        self.assertEqual(full.returncode, 1)
        self.assertIn("/dev/full: No space left", full.stderr)

    def test_pipes_are_read(self):
        """As a shell's <(command) gives them."""
        day = self.write("day.csv", HEADER + rows(0, 50))
        expected = self.score(day)
        script = ('"$0" score <(cat "$1") --in <(gzip -c "$2") && '
                  '"$0" lint <(cat "$1") && "$0" score "$1" --in /dev/stdin <"$2"')
        done = subprocess.run(["bash", "-c", script, PROGRAM, PIPELINE, day],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line)["data"]["score"] for line in done.stdout.splitlines()
                 if line.startswith("{")]
        self.assertEqual(lines, 2 * [json.loads(line)["data"]["score"] for line in expected])

    def test_never_empties_its_input(self):
        day = self.write("day.csv", HEADER + rows(0, 50))
        link = self.folder / "link.csv"
        link.symlink_to(day)
        for out in (day, link):
            done = ouzel("score", PIPELINE, "--in", day, "--out", out)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("--out is the file of --in", done.stderr)
            self.assertEqual(day.read_text(), HEADER + rows(0, 50))
        done = ouzel("simulate", "--count", 10, "--rate", 0, "--out", self.folder / "new",
                     "--truth", self.folder / "new")
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_unreadable_input_is_a_failure(self):
        cases = {"no such file": self.folder / "none.csv",
                 "twice": self.write("twice.csv", "a,a\n1,2\n"),
                 "cut": self.folder / "cut.gz"}
        cases["cut"].write_bytes(gzip.compress(HEADER.encode() + rows(0, 99).encode())[:-9])
        for name, path in cases.items():
            with self.subTest(name):
                self.assertEqual(ouzel("score", PIPELINE, "--in", path).returncode, 1)


class Source(InScratch):
    def pipeline(self, source):
        return self.press_without("source:", f"source: {{file: {source}}}")

    def until(self, data_dir, count):
        """The outcomes once they are `count`."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            lines = tap(data_dir, "outcomes")
            if len(lines) >= count:
                return lines
            time.sleep(0.05)
        self.fail(f"{len(lines)} outcomes, expected {count}")

    def test_a_file_ends_and_so_does_the_program(self):
        day = self.write("day.csv", HEADER + rows(0, 2000) + "x\n")
        pipeline = self.pipeline("{path: day.csv}")
        data_dir = self.folder / "data"
        for _ in range(2):   # the second time there is nothing left to read
            with Engine(pipeline, data_dir, ready=False) as engine:
                self.assertEqual(engine.wait(), 0, engine.log())
        scored = ouzel("score", pipeline, "--in", day).stdout.splitlines()
        self.assertEqual(sorted(tap(data_dir, "outcomes"), key=position),
                         sorted(scored, key=position))
        rejects = [json.loads(line)["data"] for line in tap(data_dir, "rejects")]
        self.assertEqual([(one["detail"], one["event"]["bytes"]) for one in rejects],
                         [("line 2002: expected 4 cells, got 1", "x")])

    def test_kills_lose_and_double_nothing(self):
        chance = random.Random(4)
        self.write("day.csv", HEADER + rows(0, ROWS))
        (self.folder / "day.gz").write_bytes(gzip.compress((self.folder / "day.csv").read_bytes()))
        for name in ("day.csv", "day.gz"):
            pipeline = self.pipeline(f"{{path: {name}}}")
            data_dir = self.folder / ("data-" + name)
            for _ in range(6):
                with Engine(pipeline, data_dir, ready=False) as engine:
                    time.sleep(chance.uniform(0, 0.12))
                    engine.kill()
            with Engine(pipeline, data_dir, ready=False) as engine:
                self.assertEqual(engine.wait(), 0, engine.log())
            self.assertEqual(ids(tap(data_dir, "outcomes")),
                             {f"{name}:{line}": 1 for line in range(2, ROWS + 2)})

    def test_follows_growth_rotation_and_truncation(self):
        log = self.write("day.csv", HEADER + rows(0, 10))
        data_dir = self.folder / "data"
        pipeline = self.pipeline("{path: day.csv, follow: true}")
        with Engine(pipeline, data_dir) as engine:
            self.until(data_dir, 10)
            with log.open("a") as more:
                more.write(rows(10, 5) + "press-1,17723")
            self.until(data_dir, 15)
            with log.open("a") as more:
                more.write("52015,60,5\n")
            self.until(data_dir, 16)
            engine.kill()
            with log.open("a") as more:   # nobody looks while it grows and goes
                more.write(rows(16, 4) + "press-2,1772352020,60,5")
            os.rename(log, self.folder / "day.csv.1")
            self.write("day.csv", HEADER + rows(21, 10))
        with Engine(pipeline, data_dir) as engine:
            self.until(data_dir, 31)
            status, reply = engine.connect().post("{}")
            self.assertEqual(status, 404)
            self.assertIn("source.file", reply["detail"])
            os.rename(log, self.folder / "day.csv.2")
            self.write("day.csv", HEADER + rows(31, 10))
            self.until(data_dir, 41)
            log.write_text(HEADER + rows(41, 1))
            self.until(data_dir, 42)
            self.assertEqual(engine.total("ouzel_events_received_total"), 26)
            self.assertEqual(json.loads(engine.get("/api/v1/status")[1])["received"], 26)
            self.assertEqual(engine.stop(), 0)
            self.assertIn("got shorter", engine.log())
        outcomes = [json.loads(line)["data"] for line in tap(data_dir, "outcomes")]
        self.assertEqual(sorted(one["event"]["time"] for one in outcomes),
                         sorted({one["event"]["time"] for one in outcomes}))
        self.assertEqual({one["status"] for one in outcomes}, {"scored"})
        self.assertEqual(len(outcomes), 42)

    def test_counters_go_on_through_an_edit(self):
        day = self.write("day.csv", HEADER + rows(0, 10))
        data_dir = self.folder / "data"
        pipeline = self.pipeline("{path: day.csv, follow: true}")
        with Engine(pipeline, data_dir) as engine:
            self.until(data_dir, 10)
            pipeline.write_text(pipeline.read_text() + "serve: {shutdown_delay: 1s}\n")
            applied = ouzel("apply", "--url", f"http://127.0.0.1:{engine.port}")
            self.assertEqual(applied.returncode, 0, applied.stderr)
            with day.open("a") as more:
                more.write(rows(10, 5))
            self.until(data_dir, 15)
            self.assertEqual(engine.total("ouzel_events_received_total"), 15)

    def test_a_file_written_anew_in_place_begins_again(self):
        log = self.write("day.csv", HEADER + rows(0, 3))
        data_dir = self.folder / "data"
        pipeline = self.pipeline("{path: day.csv, follow: true}")
        with Engine(pipeline, data_dir) as engine:
            self.until(data_dir, 3)
            log.write_text(HEADER + rows(3, 3))      # as long as before
            self.until(data_dir, 6)
            log.write_text(HEADER + rows(6, 40))     # longer, behind more than is compared
            self.until(data_dir, 46)
            with log.open("a") as more:
                more.write(rows(46, 2))
            self.until(data_dir, 48)
            self.assertEqual(engine.log().count("was written anew"), 2)
            engine.kill()
            log.write_text(HEADER + rows(48, 50))    # nobody looks
        with Engine(pipeline, data_dir) as engine:
            self.until(data_dir, 98)
            log.write_text(HEADER + rows(98, 50))    # nothing was read since it began
            self.until(data_dir, 148)
            self.assertEqual(engine.stop(), 0)
        times = [json.loads(line)["data"]["event"]["time"] for line in tap(data_dir, "outcomes")]
        self.assertEqual((len(times), len(set(times))), (148, 148))

    def test_a_file_that_ended_and_was_written_anew_is_read(self):
        pipeline = self.pipeline("{path: day.csv}")
        for first, read in ((0, 5), (0, 5), (5, 10), (10, 15)):
            self.write("day.csv", HEADER + rows(first, 5))
            with Engine(pipeline, self.folder / "data", ready=False) as engine:
                self.assertEqual(engine.wait(), 0, engine.log())
            self.assertEqual(len(tap(self.folder / "data", "outcomes")), read)

    def test_a_file_written_anew_while_it_is_read_begins_again(self):
        """Also where nobody follows it."""
        log = self.write("day.csv", HEADER + rows(0, ROWS))
        data_dir = self.folder / "data"
        slow = ("--set", "limits.partitions=1", "--set", "limits.duplicates=64")  # 32 rows a time
        with Engine(self.pipeline("{path: day.csv}"), data_dir, *slow, ready=False) as engine:
            self.until(data_dir, 1)
            engine.signal(signal.SIGSTOP)
            log.write_text(HEADER + rows(ROWS, 50))
            engine.signal(signal.SIGCONT)
            self.assertEqual(engine.wait(), 0, engine.log())
            self.assertEqual(engine.log().count("was written anew"), 1)
        outcomes = [json.loads(line)["data"]["event"] for line in tap(data_dir, "outcomes")]
        self.assertLess(len(outcomes), ROWS)
        times = [event.get("time") for event in outcomes]  # A torn line has none.
        self.assertEqual(len(set(times)), len(times))
        self.assertEqual([event["id"] for event in outcomes[-50:]],
                         [f"day.csv:{line}" for line in range(2, 52)])

    def test_reads_a_directory_and_marks_what_is_done(self):
        for finished in ("marker", "rename"):
            inbox = self.folder / finished
            inbox.mkdir()
            for name, text in (("b.csv", HEADER + rows(0, 10)), ("a.csv", HEADER + rows(10, 10)),
                               ("bad.csv", "a,a\n1,2\n"), ("c.csv", HEADER + rows(20, 10)),
                               ("d.txt", "not mine"), (".e.csv", HEADER + rows(30, 10))):
                (inbox / name).write_text(text)
            data_dir = self.folder / ("data-" + finished)
            pipeline = self.pipeline(
                f'{{path: {finished}, pattern: "*.csv", finished: {finished}}}')
            with Engine(pipeline, data_dir, ready=False) as engine:
                self.assertEqual(engine.wait(), 0, engine.log())
                self.assertIn("bad.csv: the header: two columns have the name a", engine.log())
            want = [f"{name}:{line}" for name in ("a.csv", "b.csv", "c.csv")
                    for line in range(2, 12)]
            self.assertEqual(sorted(ids(tap(data_dir, "outcomes")).elements()), sorted(want))
            names = {path.name for path in inbox.iterdir()}
            self.assertLessEqual({"a.csv.done", "bad.csv.failed", "c.csv.done"}, names)
            self.assertEqual("a.csv" in names, finished == "marker")

    def test_what_is_named_gz_and_is_no_gzip_and_what_is_no_file_is_left(self):
        inbox = self.folder / "inbox"
        inbox.mkdir()
        (inbox / "1.gz").write_text("garbage")
        (inbox / "2.gz").write_bytes(gzip.compress((HEADER + rows(0, 3)).encode()))
        (inbox / "3.gz").write_bytes(b"")
        os.mkfifo(inbox / "0")
        data_dir = self.folder / "data"
        with Engine(self.pipeline("{path: inbox}"), data_dir, ready=False) as engine:
            self.assertEqual(engine.wait(), 0, engine.log())
            self.assertIn(f"{inbox / '0'}: is no regular file", engine.log())
            for name in ("1.gz", "3.gz"):
                self.assertIn(f"{inbox / name}: is no gzip file", engine.log())
        self.assertEqual(len(tap(data_dir, "outcomes")), 3)
        self.assertEqual({path.name for path in inbox.iterdir()},
                         {"0", "0.failed", "1.gz", "1.gz.failed", "2.gz", "2.gz.done", "3.gz",
                          "3.gz.failed"})

    def test_a_missing_file_is_said(self):
        with Engine(self.pipeline("{path: none.csv}"), self.folder / "data", ready=False) as engine:
            self.assertEqual(engine.wait(), 1)
            self.assertIn("none.csv", engine.log())


class Send(InScratch):
    def send(self, path, engine, *flags):
        done = ouzel("send", path, "--to", f"http://127.0.0.1:{engine.port}", *flags)
        return done.returncode, done.stderr.splitlines()

    def test_sent_again_doubles_nothing(self):
        day = self.write("day.csv", HEADER + rows(0, 1200))
        with Engine(PIPELINE, self.folder / "data") as engine:
            status, said = self.send(day, engine)
            self.assertEqual((status, said),
                             (0, ["accepted=1200 duplicates=0 refused=0 skipped=0"]))
            with day.open("a") as more:   # a last request that grows keeps its key
                more.write(rows(1200, 10))
            status, said = self.send(day, engine, "--connections", "3")
            self.assertEqual((status, said),
                             (0, ["accepted=10 duplicates=1200 refused=0 skipped=0"]))
            self.assertFalse((self.folder / "day.csv.ouzel-send").exists())
            engine.wait_scored()
            self.assertEqual(engine.total("ouzel_events_accepted_total"), 1210)

    SHOP = """\
name: shop
schema:
  key: card
  time: at
  fields:
    paid: {type: boolean, required: false}
    zip: {type: string, required: false}
    amount: {type: number, required: false}
features: [{of: amount, take: mean, last: 4}]
model: {detector: {of: amount}}
decide: {include_features: true}
"""
    SALES = ("card;at;paid;zip;amount\n"
             "1e5;2026-03-27T07:00:00;true;1010;60,25\n"
             "007;2026-03-27T07:00:01;0;01010;NA\n"
             "42;2026-03-27T07:00:02;;;1,5\n")
    DIALECT = ("--decimal", ",", "--utc-offset", "+01:00")

    def test_cells_are_what_the_receivers_schema_says(self):
        sales, shop = self.write("sales.csv", self.SALES), self.write("shop.yaml", self.SHOP)
        scored = ouzel("score", shop, "--in", sales, *self.DIALECT)
        expected = [json.loads(line)["data"] for line in scored.stdout.splitlines()]
        with Engine(shop, self.folder / "data") as engine:
            status, said = self.send(sales, engine, *self.DIALECT)
            self.assertEqual((status, said), (0, ["accepted=3 duplicates=0 refused=0 skipped=0"]))
            engine.wait_scored()
            sent = [json.loads(line)["data"] for line in tap(self.folder / "data", "outcomes")]
        self.assertEqual([one["status"] for one in sent], ["scored"] * 3)

        def known(data):
            return (data["event"]["key"], data["event"]["time"], data["features"])
        self.assertEqual(sorted(map(known, sent), key=str), sorted(map(known, expected), key=str))

    def test_cells_for_a_receiver_that_tells_no_schema(self):
        sales, shop = self.write("sales.csv", self.SALES), self.write("shop.yaml", self.SHOP)
        with Receiver() as receiver:
            for flags in (), ("--pipeline", shop):
                ouzel("send", sales, "--to", receiver.url, *self.DIALECT, *flags)
            guessed, typed = (request.body.splitlines()[0] for request in receiver.requests)
        self.assertEqual(guessed, b'{"card":1e5,"at":"2026-03-27T07:00:00","paid":"true",'
                                  b'"zip":1010,"amount":"60,25"}')
        self.assertEqual(typed, b'{"card":"1e5","at":"2026-03-27T07:00:00+01:00","paid":true,'
                                b'"zip":"1010","amount":60.25}')

    def test_refusals_are_told_with_their_line(self):
        bad = self.write("a.ndjson", '{"device_id":"a","ts":1,"temperature":1,"pressure":1}\n\n'
                                     '{"ts":2}\n{"device_id":"b",\n')
        with Engine(PIPELINE, self.folder / "data") as engine:
            status, said = self.send(bad, engine)
        self.assertEqual(status, 1)
        self.assertEqual([line.split(":")[0] for line in said[:2]],
                         ["line 3 refused", "line 4 refused"])
        self.assertEqual(said[-1], "accepted=1 duplicates=0 refused=2 skipped=0")

    def test_goes_on_where_it_was_killed(self):
        day = self.write("day.csv", HEADER + rows(0, 3000))
        state = self.folder / "day.csv.ouzel-send"
        with Engine(PIPELINE, self.folder / "data") as engine:
            url = f"http://127.0.0.1:{engine.port}"
            sending = subprocess.Popen([str(PROGRAM), "send", str(day), "--to", url, "--rate",
                                        "400"], stderr=subprocess.DEVNULL)
            end = time.monotonic() + TIMEOUT_S
            while not state.exists() and time.monotonic() < end:
                time.sleep(0.02)
            sending.kill()
            sending.wait()
            status, said = self.send(day, engine)
            self.assertEqual(status, 0, said)
            totals = dict(word.split("=") for word in said[-1].split())
            self.assertGreater(int(totals["skipped"]), 0)
            self.assertFalse(state.exists())
            engine.wait_scored()
            self.assertEqual(engine.total("ouzel_events_accepted_total"), 3000)

    def test_nobody_there(self):
        day = self.write("day.csv", HEADER + rows(0, 3))
        done = ouzel("send", day, "--to", "http://127.0.0.1:9")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertNotIn("accepted=", done.stderr)
