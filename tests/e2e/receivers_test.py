"""What a receiver may do to a sink, and what the sink makes of it."""
import base64
import json
import os
import time

import promtool
from egress_test import FAST, SECRET, Egress
from engine import Engine, ouzel, tap
from place import PIPELINE, goods
from receiver import Answer, Receiver, verify_webhook


class Receivers(Egress):
    """What a receiver may do, and what the sink makes of it."""

    def dlq(self, *arguments):
        return ouzel("dlq", *arguments, "--data-dir", self.folder / "data")

    def run_against(self, answer, settings, events=20, more="when: all"):
        """Sends `events` to an engine whose receiver answers so, until the sink has passed them.
        The requests, the metrics and the dead letters."""
        with Receiver(answer) as receiver, \
                Engine(self.pipeline(self.webhook(receiver, settings, more)),
                       self.folder / "data") as engine:
            self.post(engine, 0, events)
            engine.wait_scored()
            self.assertTrue(receiver.wait(
                lambda _: engine.total("ouzel_sink_lag_events") == 0, 20), engine.log())
            metrics = engine.metrics()
            self.assertEqual(engine.stop(), 0)
            listed = self.dlq("ls")
            self.assertEqual(listed.returncode, 0, listed.stderr)
            letters = [json.loads(line) for line in listed.stdout.splitlines()]
            return receiver.got(), metrics, letters

    def metric(self, metrics, name):
        return metrics[f'ouzel_sink_{name}_total{{sink="webhook"}}']

    def test_metrics_pass_promtool(self):
        with Receiver() as receiver, \
                Engine(self.pipeline(self.webhook(receiver)), self.folder / "data") as engine:
            self.post(engine, 0, 20)
            engine.wait_scored()
            self.assertEqual(promtool.complaints(engine.get("/metrics")[1]), "")

    def test_500_for_ever(self):
        got, metrics, letters = self.run_against(
            lambda _: Answer(500, body=b"not today"), "retries: 2, backoff: 1ms, backoff_max: 2ms")
        self.assertEqual(len(got), 60)
        self.assertEqual(self.metric(metrics, "dead_letters"), 20)
        self.assertEqual(self.metric(metrics, "retries"), 40)
        self.assertEqual(self.metric(metrics, "delivered"), 0)
        self.assertEqual({(one["status"], one["tries"], one["answer"]) for one in letters},
                         {(500, 3, "not today")})
        self.assertEqual({one["key"] for one in letters},
                         {request.headers["Idempotency-Key"] for request in got})

    def test_replay(self):
        self.run_against(lambda _: Answer(503), "retries: 0")
        with Receiver() as receiver:
            pipeline = self.pipeline(self.webhook(receiver))
            key = json.loads(self.dlq("ls").stdout.splitlines()[0])["key"]
            shown = json.loads(self.dlq("show", "--key", key).stdout)
            self.assertEqual(len(shown["events"]), 1)
            done = self.dlq("replay", "--pipeline", pipeline)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.dlq("ls").stdout, "")
            self.judge_at_least_once_and_in_order(receiver, tap(self.folder / "data", "outcomes"))
            self.assertIn(key, {got.headers["Idempotency-Key"] for got in receiver.got()})
        failed = self.dlq("show", "--key", "none")
        self.assertEqual(failed.returncode, 1)
        self.assertEqual(self.dlq("ls", "--sink", "webhook").returncode, 0)
        nosuch = self.dlq("ls", "--sink", "webhok")
        self.assertEqual(nosuch.returncode, 1)
        self.assertIn("no sink called webhok; did you mean 'webhook'?", nosuch.stderr)

    def test_damaged_letters_are_named_and_the_others_shown(self):
        self.run_against(lambda _: Answer(503), "retries: 0")
        path = self.folder / "data" / "dlq" / "webhook.ndjson"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:7]) + b"x\n" * 3 + b"".join(lines[10:]))
        done = self.dlq("ls")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 17), done.stderr)
        at = sum(map(len, lines[:7]))
        self.assertIn(f"3 are no dead letters, the first at line 8, byte {at}\n", done.stderr)
        for left, letters, said in ((b"".join(lines)[:-9], 19, "ends within a line"),
                                    (b"", 0, "holds nothing")):
            path.write_bytes(left)
            done = self.dlq("ls")
            self.assertEqual((done.returncode, done.stdout.count("\n")), (1, letters))
            self.assertIn(said, done.stderr)
            with Engine(self.folder / "press.yaml", self.folder / "data") as engine:
                self.assertIn(said, engine.log())
                self.assertEqual(engine.stop(), 0)

    def test_an_emptied_cursor_is_told_from_a_new_sink(self):
        self.run_against(lambda _: Answer(204), "retries: 0")
        pipeline, data = self.folder / "press.yaml", self.folder / "data"
        for size, told in ((None, False), (0, True)):
            if size is not None:
                os.truncate(data / "sinks" / "webhook.cursor", size)
            with Engine(pipeline, data) as engine:
                self.assertEqual("cursor file holds none" in engine.log(), told, engine.log())
                self.assertEqual(engine.stop(), 0)

    def test_a_running_engine_is_asked(self):
        """The same by its API, slice by slice; what is refused again stays, and is told."""
        good = [False]

        def answer(got):
            refused = not good[0] or int(got.headers["ce-id"].split(":")[1]) % 5 == 0
            return Answer(400 if refused else 204)
        with Receiver(answer) as receiver, \
                Engine(self.pipeline(self.webhook(receiver)), self.folder / "data") as engine:
            self.post(engine, 0, 60)
            self.assertTrue(receiver.wait(
                lambda _: engine.total("ouzel_sink_dead_letters_total") == 60), engine.log())

            def ask(code, *arguments):
                done = ouzel("dlq", *arguments, "--url", f"http://127.0.0.1:{engine.port}")
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                return done
            listed = ask(0, "ls", "--sink", "webhook").stdout
            self.assertEqual(listed, self.dlq("ls").stdout)
            keys = [json.loads(line)["key"] for line in listed.splitlines()]
            self.assertEqual(len(keys), 60)
            shown = ask(0, "show", "--key", keys[7]).stdout
            self.assertEqual(shown, self.dlq("show", "--key", keys[7]).stdout)
            after = engine.get(f"/api/v1/dead-letters?after={keys[49]}")[1]
            self.assertEqual([json.loads(line)["key"] for line in after.splitlines()], keys[50:])
            self.assertIn("no sink called", ask(1, "ls", "--sink", "nosuch").stderr)
            self.assertIn("no dead letter", ask(1, "show", "--key", "a/0/1&b").stderr)
            self.assertIn("--pipeline", ask(2, "replay", "--pipeline", PIPELINE).stderr)
            self.assertRegex(engine.get("/readyz?verbose")[1], r"\[-\]sink-\S+ \S+: answered 400")
            good[0] = True
            done = ask(1, "replay")
            self.assertRegex(engine.get("/readyz?verbose")[1], r"\[\+\]sink-\S+ ok")
            told = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([one["key"] for one in told], keys)
            refused = [one for one in told if not one["delivered"]]
            self.assertEqual({one["why"] for one in refused}, {"answered 400"})
            self.assertIn(f"{60 - len(refused)} delivered, {len(refused)} left", done.stderr)
            left = [json.loads(line)["key"] for line in ask(0, "ls").stdout.splitlines()]
            self.assertEqual(left, [one["key"] for one in refused])
            self.assertEqual(engine.stop(), 0)
        gone = ouzel("dlq", "ls", "--url", f"http://127.0.0.1:{engine.port}")
        self.assertEqual(gone.returncode, 69)

    def test_an_engine_that_stops_ends_its_replay(self):
        hang = [False]
        with Receiver(lambda _: Answer(worse="hang") if hang[0] else Answer(400)) as receiver, \
                Engine(self.pipeline(self.webhook(receiver, "retries: 0, timeout: 5m")),
                       self.folder / "data") as engine:
            self.post(engine, 0, 3)
            self.assertTrue(receiver.wait(
                lambda _: engine.total("ouzel_sink_dead_letters_total") == 3), engine.log())
            hang[0] = True
            engine.connect().send("POST", "/api/v1/dead-letters/replay")
            self.assertTrue(receiver.wait(lambda me: len(me.got()) == 4))
            second = self.dlq("replay", "--pipeline", self.folder / "press.yaml")
            self.assertEqual(second.returncode, 1)
            self.assertIn("another replay runs", second.stderr)
            self.assertEqual(engine.stop(), 0)
            self.assertEqual(len(self.dlq("ls").stdout.splitlines()), 3)

    def test_what_is_not_repeated(self):
        for status in (400, 401, 403, 410, 302, 304):
            with self.subTest(status=status):
                self.setUp()
                got, _, letters = self.run_against(
                    lambda _, status=status: Answer(status), "retries: 5, backoff: 1ms", events=5)
                self.assertEqual(len(got), 5)
                self.assertEqual({one["status"] for one in letters}, {status})

    def test_what_is_repeated(self):
        for status in (404, 408, 409, 429, 500, 503):
            with self.subTest(status=status):
                self.setUp()
                seen = set()

                def answer(got, status=status, seen=seen):
                    key = got.headers["Idempotency-Key"]
                    first = key not in seen
                    seen.add(key)
                    return Answer(status if first else 204)
                got, _, letters = self.run_against(answer, "retries: 1, backoff: 1ms", events=5)
                self.assertEqual((len(got), letters), (10, []))

    def test_retry_after(self):
        def run(settings):
            times = []

            def answer(_):
                times.append(time.monotonic())
                return Answer(429, {"Retry-After": "1"}) if len(times) == 1 else Answer(200)
            self.setUp()
            self.run_against(answer, settings, events=1)
            return times[1] - times[0]
        self.assertGreaterEqual(run("retries: 3, backoff: 1ms"), 0.95)
        self.assertLess(run("retries: 3, backoff: 1ms, retry_after_max: 10ms"), 0.9)

    def misbehave(self, worse, body=b""):
        """The first try of each event meets the worst; a second sink must not notice."""
        seen = set()

        def answer(got):
            key = got.headers["Idempotency-Key"]
            first = key not in seen
            seen.add(key)
            return Answer(200, body=body, worse=worse) if first else Answer(200)
        settings = "retries: 5, backoff: 1ms, timeout: 200ms"
        with Receiver(answer) as receiver, Receiver() as good_one:
            pipeline = self.pipeline(
                self.webhook(receiver, settings),
                f"{{http: {{url: \"{good_one.url}\", mode: structured}}, when: all}}")
            with Engine(pipeline, self.folder / "data") as engine:
                self.post(engine, 0, 10)
                started = time.monotonic()
                self.assertTrue(good_one.wait_ids(10), engine.log())
                self.assertLess(time.monotonic() - started, 2)
                self.assertTrue(receiver.wait(
                    lambda _: engine.total("ouzel_sink_lag_events") == 0), engine.log())
                self.assertEqual(engine.total("ouzel_sink_dead_letters_total"), 0)
                self.assertEqual(engine.stop(), 0)
            lines = tap(self.folder / "data", "outcomes")
            self.judge_at_least_once_and_in_order(receiver, lines)
            self.judge_at_least_once_and_in_order(good_one, lines)
            self.assertEqual(sorted(map(json.dumps, good_one.events())),
                             sorted(json.dumps(json.loads(line)) for line in lines))

    def test_hang(self):
        self.misbehave("hang")

    def test_reset(self):
        self.misbehave("reset")

    def test_trickle(self):
        self.misbehave("trickle", b"x" * 1000)

    def test_endless_answer_is_cut_off(self):
        got, metrics, _ = self.run_against(
            lambda _: Answer(200, body=b"y" * (4 << 20)), "retries: 0, timeout: 5s", events=3)
        self.assertEqual((len(got), self.metric(metrics, "delivered")), (3, 3))

    def test_redirect_to_metadata_is_not_followed(self):
        got, _, letters = self.run_against(
            lambda _: Answer(307, {"Location": "http://169.254.169.254/latest/meta-data"}),
            "retries: 5, backoff: 1ms", events=3)
        self.assertEqual(len(got), 3)
        self.assertEqual({one["status"] for one in letters}, {307})

    def test_metadata_address_is_refused(self):
        def sink(url):
            return self.pipeline(
                f"{{http: {{url: \"{url}\", retries: 0, timeout: 2s}}, when: all}}")
        for url in ("http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:a9fe:a9fe]/",
                    "http://100.100.100.200/"):
            said = ouzel("lint", sink(url))
            self.assertEqual(said.returncode, 1, url)
            self.assertIn("name it in allow", said.stdout)
        # What the file does not show, the sink finds when it sends.
        for url in ("http://0xa9fea9fe/", "http://2852039166/"):
            with self.subTest(url=url):
                self.setUp()
                pipeline = sink(url)
                with Engine(pipeline, self.folder / "data") as engine:
                    self.post(engine, 0, 1)
                    engine.wait_scored()
                    engine._until(lambda: engine.total("ouzel_sink_dead_letters_total") or None,
                                  "given up")
                    self.assertEqual(engine.stop(), 0)
                letter = json.loads(self.dlq("ls").stdout)
                self.assertIn("allow", letter["error"])

    def test_proxy_of_the_environment_is_not_used(self):
        with Receiver() as proxy:
            pipeline = self.pipeline(
                "{http: {url: \"http://0xa9fea9fe/\", retries: 0}, when: all}")
            with Engine(pipeline, self.folder / "data", environment={
                    "http_proxy": f"http://127.0.0.1:{proxy.port}"}) as engine:
                self.post(engine, 0, 1)
                engine._until(lambda: engine.total("ouzel_sink_dead_letters_total") or None,
                              "given up")
                self.assertEqual(engine.stop(), 0)
            self.assertEqual(proxy.got(), [])

    def test_signature(self):
        other = "whsec_" + base64.b64encode(b"another secret, thirty two bytes").decode()
        got, _, _ = self.run_against(None, f"secret: [\"{SECRET}\", \"{other}\"], {FAST}")
        for request in got:
            for secret in (SECRET, other):
                self.assertEqual(verify_webhook(secret, request.headers, request.body),
                                 request.headers["webhook-id"])
            self.assertIsNone(verify_webhook(SECRET, request.headers, request.body + b" "))
        self.assertEqual(len({request.headers["webhook-id"] for request in got}), 20)

    def test_batched(self):
        got, metrics, _ = self.run_against(None, f"mode: batched, batch: 7, {FAST}", events=300)
        self.assertLess(len(got), 300)
        self.assertEqual(max(len(request.events()) for request in got), 7)
        self.assertEqual(self.metric(metrics, "delivered"), 300)
        lines = tap(self.folder / "data", "outcomes")
        self.assertEqual(sorted(json.dumps(event) for one in got for event in one.events()),
                         sorted(json.dumps(json.loads(line)) for line in lines))

    def test_receiver_of_dead_letters(self):
        with Receiver() as dead:
            got, metrics, letters = self.run_against(
                lambda _: Answer(418, body=b"short\nand stout"),
                f"headers: {{Authorization: Bearer hush}}, dead_letter: \"{dead.url}\"", events=4)
            self.assertEqual((len(got), letters), (4, []))
            self.assertEqual({one.headers["Authorization"] for one in got}, {"Bearer hush"})
            self.assertEqual(self.metric(metrics, "dead_letters"), 4)
            for one in dead.got():
                event = one.events()[0]
                self.assertEqual(event["knativeerrorcode"], "418")
                self.assertTrue(event["knativeerrordest"].startswith("http://127.0.0.1:"))
                self.assertEqual(event["knativeerrordata"], "short%20and%20stout")
                self.assertNotIn("Authorization", one.headers)

    def test_secrets_are_not_shown(self):
        pipeline = self.pipeline(
            f"{{webhook: {{url: \"http://127.0.0.1:9/path-token\", secret: \"{SECRET}\", "
            "headers: {Authorization: Bearer hush}}}")
        shown = ouzel("echo", pipeline).stdout
        with Engine(pipeline, self.folder / "data") as engine:
            for path in ("/api/v1/status", "/api/v1/pipeline", "/metrics", "/readyz?verbose"):
                shown += engine.get(path)[1]
            engine.stop()
            shown += engine.log()
        for secret in ("path-token", SECRET, "hush"):
            self.assertNotIn(secret, shown)

    def test_k_sink(self):
        with Receiver() as receiver:
            environment = {"K_SINK": receiver.url,
                           "K_CE_OVERRIDES": json.dumps({"extensions": {"plant": "7 north"}})}
            with Engine(PIPELINE, self.folder / "data", environment=environment) as engine:
                self.post(engine, 0, 10)
                self.assertTrue(receiver.wait_ids(10), engine.log())
                self.assertEqual(engine.stop(), 0)
            self.assertEqual({event["plant"] for event in receiver.events()}, {"7%20north"})


class Backlog(Egress):
    def post_until_taken(self, engine, first, count):
        """As a sender does: while the disk cannot keep up with small segments, again."""
        end = time.monotonic() + 20
        taken = 0
        while taken < count:
            reply = engine.connect().post(goods(first, count))[1]
            taken = reply["accepted"] + reply["duplicates"]
            self.assertLess(time.monotonic(), end, "the engine takes no events")

    def test_a_gap_is_passed_counted_and_told(self):
        """A sink that is further behind than limits.backlog_bytes loses what retention removes."""
        with Receiver() as receiver:
            port = receiver.port
        pipeline = self.pipeline(self.webhook(receiver))
        small = ("--set", "limits.segment_bytes=64KiB", "--set", "limits.snapshot_bytes=64KiB",
                 "--set", "limits.backlog_bytes=1MiB", "--set", "limits.log_bytes=1MiB")
        total = 0
        with Engine(pipeline, self.folder / "data", *small) as engine:
            for _ in range(20):
                self.post_until_taken(engine, total, 1000)
                total += 1000
                engine.wait_scored()
            engine.stop()
        with Engine(pipeline, self.folder / "data", *small) as engine, \
                Receiver(port=port) as receiver:
            self.assertTrue(receiver.wait(
                lambda _: engine.total("ouzel_sink_lag_events") == 0, 60), engine.log())
            skipped = engine.total("ouzel_sink_skipped_total")
            engine.stop()
            self.assertGreater(skipped, 0)
            self.assertIn("sink passes a gap", engine.log())
            self.assertEqual(len({event["id"] for event in receiver.events()}) + skipped, total)
