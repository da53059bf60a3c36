"""The program from the shell: commands, exit codes, spelling help, the round trip."""
import csv
import http.server
import json
import re
import shutil
import socket
import subprocess
import threading

from engine import PROGRAM, ROOT, Engine, ouzel, tap
from place import PIPELINE, InScratch, good, goods

COMMANDS = ("create", "run", "lint", "echo", "schema", "list", "graph", "simulate", "tap", "top",
            "bench", "completion", "doctor", "model", "version", "help")


class Usage(InScratch):
    def expect(self, code, *arguments):
        done = ouzel(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def test_help_names_every_command(self):
        done = self.expect(0, "--help")
        for command in COMMANDS:
            self.assertIn(command, done.stdout)
            self.assertIn("--help", self.expect(0, command, "--help").stdout)

    def test_version(self):
        self.assertRegex(self.expect(0, "version").stdout, r"\d+\.\d+\.\d+")
        self.assertIn("version", json.loads(self.expect(0, "version", "--json").stdout))

    def test_misspelt_command(self):
        self.assertRegex(self.expect(2, "rnu").stderr, r"\brun\b")
        self.assertRegex(self.expect(2, "simulte").stderr, r"\bsimulate\b")

    def test_misspelt_help(self):
        said = self.expect(2, "help", "rnu").stderr
        self.assertIn("did you mean 'run'?", said)
        self.assertIn("known: create, run", self.expect(2, "help", "nosuch").stderr)

    def test_what_an_action_needs(self):
        self.write("a.onnx", "")
        self.assertIn("--out FILE", self.expect(2, "model", "card", "a.onnx").stderr)
        self.assertIn("--key KEY", self.expect(2, "dlq", "show").stderr)
        self.assertIn("--pipeline FILE", self.expect(2, "dlq", "replay").stderr)
        self.assertIn("only with --rejects",
                      self.expect(2, "dlq", "ls", "--pipeline", PIPELINE).stderr)
        self.assertIn("ouzel tap rejects --data-dir DIR", self.expect(
            78, "dlq", "ls", "--rejects", "--pipeline", PIPELINE).stderr)

    def test_wrong_flags_of_send_and_bench(self):
        self.assertIn("--pipeline FILE",
                      self.expect(2, "send", PIPELINE, "--to", "kafka:127.0.0.1:1/t").stderr)
        self.assertIn("did you mean 'latency'?", self.expect(2, "bench", "--only", "lateny").stderr)

    def test_kafka_is_no_file(self):
        said = self.expect(2, "simulate", "--count", "1", "--out", "kafka").stderr
        self.assertIn("'kafka' is not kafka:HOST:PORT/TOPIC", said)
        self.assertFalse((self.folder / "kafka").exists())

    def test_wrong_flags_of_simulate(self):
        self.assertIn("did you mean 'temperature'?",
                      self.expect(2, "simulate", "--drift", "5s:temprature:3").stderr)
        self.assertIn("ftp://x", self.expect(2, "simulate", "--out", "ftp://x").stderr)
        self.assertIn("interval", self.expect(2, "simulate", "--interval", "0s").stderr)
        absent = self.folder / "absent" / "file"
        for flag in ("--out", "--truth"):
            said = self.expect(1, "simulate", "--count", "1", flag, absent).stderr
            self.assertIn(f"cannot open {absent}", said)

    def test_a_topic_that_nothing_writes(self):
        for place in ((), ("--url", "http://127.0.0.1:1"), ("--pipeline", PIPELINE)):
            self.assertIn("nothing writes topic alarms yet",
                          self.expect(0, "tap", "alarms", *place).stderr)

    def test_who_fails_at_once_prints_nothing(self):
        for form in ("json", "csv"):
            for place in (("--data-dir", "absent"), ("--url", "http://127.0.0.1:1")):
                done = ouzel("tap", "events", "--format", form, *place, cwd=self.folder)
                self.assertEqual((done.returncode == 0, done.stdout), (False, ""), done.stderr)

    def test_a_topic_of_kafka_alone(self):
        for place in ((), ("--url", "http://127.0.0.1:1")):
            self.assertIn("topic models is there on Kafka only: ouzel tap models --pipeline FILE",
                          self.expect(2, "tap", "models", *place).stderr)

    def test_a_name_that_no_line_has(self):
        for topic, flag, name, meant in (
                ("outcomes", "--where", "rout=alert", "did you mean 'route'?"),
                ("outcomes", "--where", "key=press-12", "did you mean 'event.key'?"),
                ("outcomes", "--columns", "id,event.kye", "did you mean 'event.key'?"),
                ("outcomes", "--columns", "reasons.1.faeture", "did you mean 'reasons.0.feature'?"),
                ("rejects", "--where", "data.reson!=schema", "did you mean 'reason'?"),
                ("rejects", "--where", "features.a=1", "known: id, time, "),
                ("models", "--where", "wroker=a", "did you mean 'worker'?")):
            said = self.expect(2, "tap", topic, flag, name, "--data-dir", "absent").stderr
            self.assertIn(meant, said)
        for topic, term in (("events", "temprature>3"), ("outcomes", "features.any_name>3")):
            self.assertIn("absent", self.expect(78, "tap", topic, "--where", term, "--data-dir",
                                                "absent").stderr)

    def test_every_name_that_a_line_has_is_known(self):
        """Of the lines that all golden cases expect."""
        def paths(value, path=()):
            yield ".".join(path)
            members = value.items() if isinstance(value, dict) else enumerate(
                value if isinstance(value, list) else ())
            for name, member in members:
                yield from paths(member, (*path, str(name)))
        for topic, name in (("outcomes", "expect.ndjson"), ("rejects", "expect_rejects.ndjson")):
            found = set()
            for case in (ROOT / "tests" / "golden").glob(f"*/{name}"):
                for line in case.read_text().splitlines():
                    found.update(paths(json.loads(line)))
            found.discard("")
            self.assertGreater(len(found), 20)
            self.expect(78, "tap", topic, "--columns", ",".join(found), "--data-dir", "absent")

    def test_misspelt_flag(self):
        self.assertIn("--data-dir", self.expect(2, "run", PIPELINE, "--data-dri", "x").stderr)

    def test_output_that_cannot_be_written(self):
        for words in (["create"], ["schema"], ["--help"], ["list"]):
            with self.subTest(words), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 1, words)
                self.assertIn("not all could be written", done.stderr)
        # A reader that has seen enough is no failure.
        done = subprocess.run(["bash", "-c", '"$0" schema | (exec >&-; read -r x)', PROGRAM],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.stderr, "")

    def test_nothing_asked(self):
        self.expect(2)
        self.expect(2, "run")
        self.expect(2, "tap")

    def test_misspelt_topic(self):
        self.assertRegex(self.expect(2, "tap", "outcome").stderr, r"\boutcomes\b")

    def test_missing_files(self):
        self.assertIn("absent.yaml", self.expect(78, "run", "absent.yaml").stderr)
        for command in (("tap", "outcomes"), ("dlq", "ls")):
            self.assertIn("absent", self.expect(78, *command, "--data-dir", "absent").stderr)

    def test_no_colour_without_a_terminal(self):
        for done in (self.expect(0, "--help"), self.expect(2, "rnu")):
            self.assertNotIn("\x1b", done.stdout + done.stderr)


class Completion(InScratch):
    """The script as bash itself runs it."""

    def complete(self, *words):
        """What is offered for the last word."""
        script = ouzel("completion", "bash").stdout
        line = " ".join(words)
        ask = (f"COMP_WORDS=({line.replace('=', ' = ')} {'' if words[-1] else chr(39) * 2})\n"
               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ouzel ouzel\n"
               "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-uc", script + ask], capture_output=True, text=True,
                              check=False, cwd=self.folder, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.split()

    def test_commands(self):
        offered = self.complete("ouzel", "")
        shown = re.findall(r"(?m)^  ([a-z]+) {2,}\S", ouzel("--help").stdout)
        self.assertEqual(sorted(offered), sorted(shown))
        self.assertLessEqual(set(COMMANDS), set(offered))
        self.assertEqual(self.complete("ouzel", "gr"), ["graph"])

    def test_flags_and_values(self):
        self.assertIn("--data-dir", self.complete("ouzel", "run", "--d"))
        self.assertEqual(self.complete("ouzel", "run", "--log-format", "j"), ["json"])
        self.assertEqual(self.complete("ouzel", "run", "--log-format=j"), ["json"])
        self.assertEqual(self.complete("ouzel", "tap", "re"), ["rejects"])
        self.assertEqual(self.complete("ouzel", "help", "ex"), ["exit-codes"])

    def test_files_and_folders(self):
        self.write("my pipeline.yaml", "")
        (self.folder / "my-data").mkdir()
        self.assertEqual(" ".join(self.complete("ouzel", "lint", "my\\ ")), "my pipeline.yaml")
        self.assertEqual(self.complete("ouzel", "run", "a.yaml", "--data-dir", "m"), ["my-data"])

    def test_other_shells_read_theirs(self):
        tried = 0
        for shell in ("zsh", "fish"):
            script = ouzel("completion", shell).stdout
            for command in COMMANDS:
                self.assertIn(command, script)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", self.write(shell, script)], check=False,
                                      capture_output=True, text=True, timeout=20)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                tried += 1
        if not tried:
            self.skipTest("neither zsh nor fish is here to read its script")


class Graph(InScratch):
    def test_text_and_dot(self):
        text = ouzel("graph", PIPELINE)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertRegex(text.stdout, r"detector +the model")
        dot = ouzel("graph", PIPELINE, "--format", "dot")
        self.assertTrue(dot.stdout.startswith('digraph "'), dot.stdout)
        self.assertEqual(dot.stdout.count("{"), dot.stdout.count("}"))
        path = self.press_without("decide:", "decide: {treshold: 0.9}")
        self.assertEqual(ouzel("graph", path).returncode, 78)


class Manual(InScratch):
    def test_every_command_stands_in_it(self):
        page = ouzel("help", "man").stdout
        for command in COMMANDS:
            self.assertIn(f"\n.SS ouzel {command}", page)
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-k", "-z"], input=page,
                                  capture_output=True, text=True, check=False, timeout=20)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


class Doctor(InScratch):
    def doctor(self, code, *arguments):
        """{check: (state, found, advice)}"""
        done = ouzel("doctor", "--format", "json", *arguments, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return {one["check"]: (one["state"], one["found"], one["advice"])
                for one in json.loads(done.stdout)}

    def test_a_good_place(self):
        checks = self.doctor(0, PIPELINE, "--listen", "127.0.0.1:0")
        for name in ("pipeline", "data_dir", "port"):
            self.assertEqual(checks[name][0], "ok", checks)
        self.assertRegex(checks["sync"][1], r"p50 [\d.]+ ms")
        for state, _, advice in checks.values():
            self.assertEqual(state == "ok", advice == "", checks)
        self.assertEqual(list(self.folder.iterdir()), [], "it leaves nothing behind")
        text = ouzel("doctor", "--listen", "127.0.0.1:0", cwd=self.folder).stdout
        self.assertRegex(text, r"(?m)^ok +data_dir +\./ouzel-data will be made$")

    def test_a_bad_pipeline(self):
        path = self.press_without("decide:", "decide: {treshold: 0.9}")
        self.assertIn("threshold", self.doctor(1, path)["pipeline"][1])

    def test_bad_places(self):
        self.write("file", "")
        for place in ("file", "absent/below"):
            state, _, advice = self.doctor(1, "--data-dir", place)["data_dir"]
            self.assertEqual(state, "fail")
            self.assertTrue(advice)
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        self.assertEqual(self.doctor(0, "--data-dir", "open", "--listen", "127.0.0.1:0")
                         ["permissions"][0], "warn")

    def test_a_full_disk(self):
        place = self.mount("1m")
        with open(place / "ballast", "wb", buffering=0) as ballast, \
                self.assertRaises(OSError):
            while True:
                ballast.write(bytes(4096))
        checks = self.doctor(1, "--data-dir", place, "--listen", "127.0.0.1:0")
        self.assertIn("No space left", checks["data_dir"][1])
        self.assertIn("room", checks["data_dir"][2])
        self.assertEqual(checks["space"][0], "fail")
        self.assertEqual([path.name for path in place.iterdir()], ["ballast"])

    def test_damage_in_the_log(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            for number in range(5):
                self.assertEqual(engine.connect().post(good(number))[0], 202)
            self.assertEqual(engine.stop(), 0)
        arguments = ("--data-dir", "data", "--listen", "127.0.0.1:0")
        self.assertEqual(self.doctor(0, *arguments)["log"][0], "ok")
        for segment in (self.folder / "data" / "log").glob("*.seg"):
            with open(segment, "r+b") as file:
                file.seek(4096 + 100)   # Behind the header's page.
                file.write(b"rotten")
        state, found, _ = self.doctor(1, *arguments)["log"]
        self.assertEqual(state, "fail")
        self.assertRegex(found, r"\.seg: bytes \d+ to \d+ are damaged")

    def test_receivers(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            path = self.write("sink.yaml", PIPELINE.read_text() + "sinks: [{http: {url: "
                              f'"http://127.0.0.1:{port}/secret-path"}}}}]\n')
            there = self.doctor(0, path, "--listen", "127.0.0.1:0")["receiver"]
            self.assertEqual(there[0], "ok", there)
        gone = self.doctor(0, path, "--listen", "127.0.0.1:0")["receiver"]
        self.assertEqual(gone[0], "warn")
        self.assertNotIn("secret-path", there[1] + gone[1])

    def test_beside_a_running_engine(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            here = ("--data-dir", "data", "--listen", f"127.0.0.1:{engine.port}")
            checks = self.doctor(1, self.press_without("name:", "name: other"), *here)
            self.assertEqual(checks["port"][0], "fail")
            self.assertRegex(checks["port"][1], r"an ouzel has it")
            checks = self.doctor(0, PIPELINE, *here)
            self.assertEqual(checks["port"][0], "warn")
            self.assertRegex(checks["port"][1], r"press\S* runs there already$")
            self.assertRegex(checks["data_dir"][1], r"an engine runs")
            self.assertEqual(engine.get("/readyz")[0], 200)
            self.assertEqual(engine.stop(), 0)
        checks = self.doctor(1, PIPELINE, "--data-dir", "data", "--listen", "127.0.0.1:0",
                             "--set", "limits.partitions=3")
        self.assertRegex(checks["data_dir"][1], r"8 partitions, not 3")


class Lint(InScratch):
    def lint(self, line_start, replacement, *arguments):
        path = self.press_without(line_start, replacement)
        return path, ouzel("lint", path, *arguments)

    def test_good_file(self):
        done = ouzel("lint", PIPELINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_misspelt_key_is_named_with_its_place(self):
        path, done = self.lint("decide:", "decide: {treshold: 0.9}")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout + done.stderr, r"press\.yaml:15:10\b")
        self.assertRegex(done.stdout + done.stderr, r"\bthreshold\b")
        run = ouzel("run", path, "--data-dir", self.folder / "data")
        self.assertEqual(run.returncode, 78)
        self.assertRegex(run.stderr, r"\bthreshold\b")

    def test_bad_values(self):
        for line_start, replacement in (("decide:", "decide: {threshold: 1.5}"),
                                        ("decide:", "decide: {threshold: high}"),
                                        ("time:", "time: {max_late: 1 fortnight}"),
                                        ("model:", "model: oracle"),
                                        ("- {of:", "  - {of: nothing, take: [mean], last: 4}"),
                                        ("- {of:", "  - {of: mode, take: [mean], last: 4}"),
                                        ("- {of:", "  - {of: pressure, take: [mode], last: 4}"),
                                        ("mode:", "    mode: {type: string, pattern: '('}"),
                                        ("key:", "  key: nowhere.at.all"),
                                        ("name:", "name: [a]"),
                                        ("name:", "name: a: b"),
                                        ("model:", "decide: {threshold: 0.5}")):
            with self.subTest(replacement):
                path, done = self.lint(line_start, replacement)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout + done.stderr, r"press\.yaml:\d+:\d+")
                run = ouzel("run", path, "--data-dir", self.folder / "data", timeout_s=20)
                self.assertEqual(run.returncode, 78, run.stderr)

    def test_json(self):
        _, done = self.lint("decide:", "decide: {treshold: 0.9}", "--format", "json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("treshold", json.dumps(json.loads(done.stdout)))

    def test_set_takes_a_path_as_findings_write_it(self):
        done = ouzel("lint", PIPELINE, "--set", "features[0].last=0")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        said = done.stdout.splitlines()
        self.assertEqual(len(said), 1, said)
        self.assertIn("features[0].last: must be", said[0])
        self.assertEqual(ouzel("lint", PIPELINE, "--set", "features[0].last=8").returncode, 0)

    def test_all_that_is_wrong_with_a_json_schema(self):
        self.write("a.json", '{"properties": {"a": {"minimun": 1}, "b": {"type": "x"}}, "not": 7}')
        _, done = self.lint("key:", "  key: device_id\n  json_schema: a.json")
        self.assertEqual([line.split(": ")[3] for line in done.stdout.splitlines()],
                         ["#/properties/a/minimun", "#/properties/b/type", "#/not"], done.stdout)

    def test_what_is_not_set_is_said_once(self):
        _, done = self.lint("decide:", "decide: {threshold: '${env:OUZEL_TEST_UNSET}'}")
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertIn("OUZEL_TEST_UNSET is not set", done.stdout)

    def test_set_is_linted_too(self):
        done = ouzel("run", PIPELINE, "--set", "decide.treshold=0.5",
                     "--data-dir", self.folder / "data", timeout_s=20)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertRegex(done.stderr, r"\bthreshold\b")


class RoundTrip(InScratch):
    def test_create_lint_simulate_run_tap(self):
        created = ouzel("create")
        self.assertEqual(created.returncode, 0, created.stderr)
        pipeline = self.write("pipeline.yaml", created.stdout)
        linted = ouzel("lint", pipeline)
        self.assertEqual(linted.returncode, 0, linted.stdout + linted.stderr)
        made = ouzel("simulate", "--devices", 10, "--count", 500, "--rate", 0, "--seed", 3)
        self.assertEqual(made.stdout.count("\n"), 500, made.stderr)
        data_dir = self.folder / "data"
        with Engine(pipeline, data_dir) as engine:
            status, reply = engine.connect().post(made.stdout.encode())
            self.assertEqual((status, reply["accepted"], reply["refused"]), (202, 500, []))
            live = engine.settled("outcomes", 500)
            self.assertEqual(engine.stop(), 0)
        outcomes = tap(data_dir, "outcomes")
        self.assertEqual(len(outcomes), 500)
        self.assertEqual(sorted(live), sorted(outcomes))
        self.assertEqual(len(tap(data_dir, "events")), 500)
        self.assertEqual(tap(data_dir, "rejects"), [])
        for line in outcomes:
            outcome = json.loads(line)
            self.assertEqual(outcome["type"], "dev.ouzel.outcome.v1")
            self.assertEqual(outcome["data"]["status"], "scored")
        self.assertEqual(len(tap(data_dir, "outcomes", "--limit", 7)), 7)
        rows = list(csv.DictReader(tap(data_dir, "outcomes", "--format", "csv")))
        for row, line in zip(rows, map(json.loads, outcomes), strict=True):
            self.assertEqual((row["id"], row["event.key"]),
                             (line["id"], line["data"]["event"]["key"]))
            self.assertEqual(float(row["score"]), line["data"]["score"])
            self.assertEqual(row["flags"], ";".join(line["data"]["flags"]))
        chosen = tap(data_dir, "events", "--format", "csv", "--columns", "id,data", "--limit", 1)
        self.assertEqual(chosen[0], "id,data")
        first = json.loads(tap(data_dir, "events", "--limit", 1)[0])
        self.assertEqual(json.loads(next(csv.reader(chosen[1:]))[1]), first["data"])
        array = json.loads("\n".join(tap(data_dir, "outcomes", "--format", "json")))
        self.assertEqual(array, [json.loads(line) for line in outcomes])
        self.assertEqual(tap(data_dir, "rejects", "--format", "json"), ["[]"])
        alerts = [line for line in outcomes if json.loads(line)["data"]["route"] == "alert"]
        self.assertEqual(tap(data_dir, "outcomes", "--where", "route=alert"), alerts)
        warming = [line for line in outcomes
                   if "warming" in json.loads(line)["data"].get("flags", [])]
        self.assertTrue(warming)
        self.assertEqual(tap(data_dir, "outcomes", "--where", "flags=warming"), warming)
        self.assertEqual(tap(data_dir, "outcomes", "--where", "flags!=warming"),
                         [line for line in outcomes if line not in warming])

    def test_a_running_engine_shows_the_bytes_of_its_files(self):
        with Engine(PIPELINE, self.folder / "data") as engine:
            bad = b'{"device_id":"press-1","ts":1772352000,"temperature":"\xc3\xa4","pressure":5}'
            text = goods(0, 2500) + b"\n" + bad + b'\n{"data": [1, {"]}": "]"}]}\n'
            event = {"specversion": "1.0", "id": "a,]", "source": "/s", "type": "t", "more": "\t}",
                     "data": {"device_id": "press-1", "ts": 1772353000, "nothing": [{}, []]}}
            connection = engine.connect()
            connection.post(text)
            connection.post(json.dumps(event, indent=1).encode(), "application/cloudevents+json")
            engine.wait_scored()
            url = f"http://127.0.0.1:{engine.port}"
            for topic in ("outcomes", "rejects", "events"):
                for more in ((), ("--from", "0:3"), ("--from", "end"), ("--limit", 3),
                             ("--where", "event.key=press-1" if topic != "events"
                              else "device_id=press-1"), ("--format", "json"),
                             ("--format", "csv")):
                    files = tap(self.folder / "data", topic, *more)
                    served = ouzel("tap", topic, "--url", url, *more)
                    self.assertEqual((served.returncode, served.stderr), (0, ""), (topic, more))
                    self.assertEqual(served.stdout.split("\n")[:-1], files, (topic, more))
                self.assertGreater(len(tap(self.folder / "data", topic)), 1)
            for place in (("--url", url), ("--data-dir", self.folder / "data")):
                for topic in ("outcomes", "rejects", "events"):
                    wrong = ouzel("tap", topic, *place, "--from", "99:0")
                    self.assertEqual((wrong.returncode, wrong.stdout), (2, ""), wrong.stderr)
                    self.assertRegex(wrong.stderr, "no partition 99 here, of 8: 0 to 7|"
                                     "data has 8 partitions, none 99")
            self.assertEqual(ouzel("tap", "events", "--url", "ftp://x").returncode, 2)
            self.assertEqual(ouzel("tap", "events", "--url", "http://127.0.0.1:1").returncode, 69)

    def test_an_offset_that_retention_has_passed_is_said_once(self):
        small = ("--set", "limits.segment_bytes=64KiB", "--set", "limits.log_bytes=1MiB",
                 "--set", "limits.snapshot_bytes=64KiB", "--set", "limits.partitions=1")
        data_dir = self.folder / "data"
        with Engine(PIPELINE, data_dir, *small) as engine:
            connection = engine.connect()
            for number in range(60):
                connection.post(goods(number * 200, 200))
            engine.wait_scored()
            self.assertEqual(engine.stop(), 0)
        with Engine(PIPELINE, data_dir, *small) as engine:
            for place in (("--url", f"http://127.0.0.1:{engine.port}"), ("--data-dir", data_dir)):
                for topic in ("outcomes", "rejects", "events"):
                    done = ouzel("tap", topic, *place, "--from", "0:3")
                    self.assertRegex(done.stderr, r"\Aouzel tap: partition 0: offsets 3 to \d+ "
                                     r"are no longer there\n\Z")
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stdout == "", topic == "rejects")

    def serve(self, answer):
        """URL of a server whose answers are `answer(path)`: (status, text)."""
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, text = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    def test_a_running_engine_is_read_to_its_present_end(self):
        """However much comes meanwhile: here an event before each answer."""
        asked = []
        with Engine(PIPELINE, self.folder / "data") as engine:
            def answer(path):
                asked.append(path)
                engine.connect().post(good(1000 + len(asked)))
                return engine.get(path)[:2]
            url = self.serve(answer)
            engine.connect().post(goods(0, 1000))
            done = ouzel("tap", "events", "--url", url, timeout_s=15)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertGreater(done.stdout.count("\n"), 1000)
            self.assertLess(len(asked), 6)
            followed = ouzel("tap", "events", "--url", url, "--from", "end", "--follow",
                             "--limit", 3, timeout_s=15)
            self.assertEqual(followed.stdout.count("\n"), 3)

    def test_what_a_running_engine_cannot_read_is_said(self):
        page = '{"rejects":[{"a":"]"}],"next":"x","damage":["bytes 1 to 2 are damaged"]}'
        done = ouzel("tap", "rejects", "--url", self.serve(lambda _: (200, page)), "--limit", 1)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, '{"a":"]"}\n', "ouzel tap: bytes 1 to 2 are damaged\n"))
        for status, text, code in ((404, '{"detail":"it is not here"}', 2),
                                   (503, '{"detail":"it is not here"}', 1),
                                   (200, '{"outcomes":[],"next":""}', 1), (200, "<html>", 1)):
            url = self.serve(lambda _, reply=(status, text): reply)
            done = ouzel("tap", "rejects", "--url", url)
            self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
            self.assertIn("no page of rejects" if status == 200 else "it is not here", done.stderr)

    def test_the_list_of_topics_is_known(self):
        data_dir = self.folder / "data"
        with Engine(PIPELINE, data_dir) as engine:
            self.assertEqual(engine.stop(), 0)
        for topic in ("events", "outcomes", "rejects"):
            self.assertEqual(tap(data_dir, topic), [])


class Simulate(InScratch):
    def play(self, *arguments):
        truth = self.folder / "truth.ndjson"
        done = ouzel("simulate", "--devices", 20, "--count", 2000, "--rate", 0,
                     "--anomaly-rate", 0.05, "--truth", truth, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, truth.read_text()

    def test_a_seed_gives_the_same_bytes(self):
        first = self.play("--seed", 7)
        self.assertEqual(first, self.play("--seed", 7))
        other = self.play("--seed", 8)
        self.assertNotEqual(first[0], other[0])
        self.assertEqual(first[0].count("\n"), 2000)
        self.assertGreater(len(first[1]), 0)

    def test_the_example_has_the_anomalies_it_asks_for(self):
        example = re.search(r"ouzel simulate (.*--anomaly-rate (\S+))",
                            (ROOT / "README.md").read_text())
        truth = self.folder / "truth.ndjson"
        done = ouzel("simulate", *example[1].split(), "--rate", 0, "--truth", truth)
        self.assertEqual(done.returncode, 0, done.stderr)
        share = len(truth.read_text().splitlines()) / len(done.stdout.splitlines())
        self.assertAlmostEqual(share, float(example[2]), delta=float(example[2]) / 2)

    def test_lines_are_cloud_events(self):
        for line in self.play("--seed", 7)[0].splitlines():
            event = json.loads(line)
            self.assertEqual(event["specversion"], "1.0")
            for attribute in ("id", "source", "type", "time", "data"):
                self.assertIn(attribute, event)

    def test_rate_changes_no_byte(self):
        some = ("--devices", 5, "--count", 200, "--seed", 1)
        fast = ouzel("simulate", *some, "--rate", 0)
        slow = ouzel("simulate", *some, "--rate", 1000)
        self.assertEqual(fast.stdout, slow.stdout)
