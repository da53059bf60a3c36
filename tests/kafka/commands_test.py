"""The commands that work with Kafka, on a real one: topics, simulate, send, tap, dlq, doctor; and
what each says of a broker that it cannot use."""
import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import broker
import certificates
import clients
import worker

RUN_S = 60
WAIT_S = 60
GIVEN_UP_S = 14   # 10 s, and what the machine does beside
DONE, FAILED, WRONG_USE, UNAVAILABLE, CONFIG = 0, 1, 2, 69, 78
# What `ouzel simulate` writes.
PIPELINE = """\
name: press
source: {{kafka: telemetry}}
schema:
  key: device_id
  fields:
    temperature: number
    vibration: number
features:
  - {{of: temperature, take: [mean], last: 8}}
kafka:
  bootstrap.servers: "{servers}"
{kafka}"""
LOGIN = """\
  security.protocol: SASL_SSL
  sasl: {{mechanism: SCRAM-SHA-512, username: alice, password: "${{env:SECRET}}"}}
  ssl.ca.location: {ca}
"""


class NoSchemas(http.server.BaseHTTPRequestHandler):
    """As Confluent's registry answers."""
    protocol_version = "HTTP/1.1"
    login = "Basic " + base64.b64encode(b"alice:alice-secret").decode()

    def do_GET(self):
        known = self.headers.get("Authorization") == self.login
        body = b'{"error_code":40403,"message":"Schema not found"}' if known else b"{}"
        self.send_response(404 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Gives unsigned tokens to press."""
    login = "Basic " + base64.b64encode(b"press:press-secret").decode()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.headers.get("Authorization") == self.login
        now = int(time.time())
        claims = {"sub": "press", "iat": now, "exp": now + self.server.life_s}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
                 for part in ({"alg": "none"}, claims)]
        self.server.given += known
        answer = {"access_token": ".".join(parts) + "."} if known else {"error": "invalid_client"}
        body = json.dumps(answer).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Commands(unittest.TestCase):
    """A secured broker: its plain door is the administrator's, alice needs rules."""
    certificate = "good"
    settings = None     # more, of the broker

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(
            broker.Cluster(certificate=cls.certificate, settings=cls.settings))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.plain = cls.write("plain.yaml", cls.cluster.bootstrap)
        cls.secure = cls.write("secure.yaml", cls.cluster.addresses("sasl"),
                               LOGIN.format(ca=cls.cluster.security.authority))

    @classmethod
    def write(cls, name, servers, kafka=""):
        path = cls.folder / name
        path.write_text(PIPELINE.format(servers=servers, kafka=kafka))
        return path

    def ouzel(self, *arguments, exit_code=DONE, **variables):
        variables.setdefault("SECRET", os.environ.get("SECRET", "alice-secret"))
        done = subprocess.run([worker.program(), *map(str, arguments)], capture_output=True,
                              text=True, timeout=RUN_S, check=False, cwd=self.folder,
                              env={**os.environ, **variables})
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        for secret in ("alice-secret", "press-secret"):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def lines(self, *arguments):
        return [json.loads(line) for line in self.ouzel(*arguments).stdout.splitlines()]


class Topics(Commands):
    def test_are_made_once_and_listed(self):
        missing = self.ouzel("topics", "ls", self.plain, exit_code=FAILED)
        self.assertEqual(missing.stdout.count("missing"), 5)
        made = self.ouzel("topics", "create", self.plain, "--partitions", 3)
        self.assertEqual(made.stdout,
                         "events    telemetry: made, 3 partitions\n"
                         "outcomes  press-outcomes: made, 3 partitions\n"
                         "rejects   press-rejects: made, 3 partitions\n"
                         "journal   press-journal: made, 1 partition\n"
                         "models    press-models: made, 1 partition\n")
        for again in ((), ("--partitions", 3)):
            again = self.ouzel("topics", "create", self.plain, *again)
            self.assertEqual(again.stdout.count("is there: 3 partitions, 1 copy\n"), 3)
        more = self.ouzel("topics", "create", self.plain, "--partitions", 5, exit_code=FAILED)
        self.assertIn("events    telemetry: is there: 3 partitions, 1 copy: left so, although 5 "
                      "were asked for\n", more.stdout)
        self.assertEqual(more.stdout.count("is there: 3 partitions, 1 copy\n"), 2)
        self.assertEqual(self.ouzel("topics", "ls", self.plain).stdout.count("copy"), 5)
        hidden = self.ouzel("topics", "ls", self.secure, exit_code=FAILED)
        self.assertEqual(hidden.stdout.count("not there, or not for this user"), 5)
        doctor = json.loads(self.ouzel("doctor", self.secure, "--format", "json",
                                       exit_code=FAILED).stdout)
        self.assertEqual([one["state"] for one in doctor if one["check"] == "topic"], 5 * ["fail"])

    def test_that_do_not_fit_are_told(self):
        other = ("--set", "source.kafka={topic: wide, outcomes: narrow}")
        self.cluster.create_topic("wide", partitions=3)
        self.cluster.create_topic("narrow", partitions=2)
        listed = self.ouzel("topics", "ls", self.plain, *other, exit_code=FAILED).stdout
        self.assertIn("narrow: 2 partitions, 1 copy: must have 3, as the events", listed)
        self.assertIn("narrow: is there: 2 partitions, 1 copy: must have 3, as the events",
                      self.ouzel("topics", "create", self.plain, *other, exit_code=FAILED).stdout)


class SchemaRegistry(Commands):
    """What doctor says of a registry; the worker asks it in the same way."""

    def serve(self, kind=None):
        """The URL of one that knows no schema and wants alice's login; `kind`: of its certificate,
        else it speaks no TLS. Beside it who is to be trusted."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoSchemas)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port, made = server.server_address[1], None
        if kind is not None:
            made = certificates.Security(self.folder / f"registry-{port}", kind)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(made.server)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http{'' if kind is None else 's'}://127.0.0.1:{port}", made

    def check(self, url, authority=None, login="alice:alice-secret"):
        sets = [f"source.kafka={{topic: telemetry, registry: '{url}', registry_login: '{login}'}}"]
        if authority is not None:
            sets.append(f"source.kafka.registry_ca_file={authority}")
        done = self.ouzel("doctor", self.plain, "--format", "json", exit_code=FAILED,
                          *(word for one in sets for word in ("--set", one)))
        return next(one for one in json.loads(done.stdout) if one["check"] == "schema registry")

    def test_that_answers(self):
        url, _ = self.serve()
        self.assertEqual(self.check(url), {"check": "schema registry", "state": "ok",
                                           "found": f"{url} answers", "advice": ""})
        url, made = self.serve("good")
        self.assertEqual(self.check(url, made.authority)["state"], "ok")
        beside = made.authority.relative_to(self.folder)   # the pipeline file is there too
        self.assertEqual(self.check(url, beside)["state"], "ok")

    def told(self, words, advice, found):
        self.assertEqual(found["state"], "fail")
        self.assertIn(words, found["found"])
        self.assertEqual(found["advice"], advice)

    def test_that_cannot_be_trusted(self):
        advice = "source.kafka.registry_ca_file names who is trusted"
        url, made = self.serve("good")
        self.told("self-signed certificate in certificate chain", advice, self.check(url))
        self.told("certificate", advice, self.check(url, made.other_authority))
        self.told("nowhere.pem", advice, self.check(url, "nowhere.pem"))
        for kind, words in (("expired", "certificate has expired"),
                            ("self_signed", "self-signed certificate")):
            url, made = self.serve(kind)
            self.told(words, advice, self.check(url, made.authority))

    def test_that_does_not_let_us_in_or_is_away(self):
        url, _ = self.serve()
        self.told("HTTP 401", "see source.kafka.registry_login", self.check(url, login="a:b"))
        self.told("onnect", "see source.kafka.registry in press's file",
                  self.check("http://127.0.0.1:1"))


class Tokens(Commands):
    """OAUTHBEARER, and a broker that asks for a fresh token now and then. What lives for less than
    a second more is no use: the broker takes no two logins of a connection within one."""
    settings = {"connections.max.reauth.ms": 8000}
    life_s, events = 12, 25

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for what in ("--topic", "--group", "--transactional-id"):
            cls.cluster.allow("press", "--operation", "All", what, "*")

    def pipeline(self, name, **settings):
        settings = {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER",
                    "ssl.ca.location": self.cluster.security.authority, **settings}
        return self.write(name, self.cluster.addresses("sasl"),
                          "".join(f"  {key}: {value}\n" for key, value in settings.items()))

    def goes_on(self, pipeline):
        """A worker that logs in anew several times."""
        self.ouzel("topics", "create", pipeline, "--partitions", 1)
        before = len(self.lines("tap", "outcomes", "--pipeline", pipeline))
        one = worker.Worker(self.folder, 0, pipeline).start({"SECRET": "press-secret"})
        self.addCleanup(one.end)
        for _ in range(self.events):
            clients.produce(self.cluster.bootstrap, "telemetry", [(b"k", b"{}")])
            time.sleep(1)
        end = time.monotonic() + WAIT_S
        while len(self.lines("tap", "outcomes", "--pipeline", pipeline)) < before + self.events:
            self.assertLess(time.monotonic(), end, one.log_tail())
        self.assertEqual(one.stop(), 0)

    def test_that_nobody_signed(self):
        self.goes_on(self.pipeline("unsigned.yaml", **{
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": f"principal=press lifeSeconds={self.life_s}"}))

    def test_from_an_endpoint(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
        server.life_s, server.given = self.life_s, 0
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "sasl.oauthbearer.token.endpoint.url"
        pipeline = self.pipeline("endpoint.yaml", **{
            url: f"http://127.0.0.1:{server.server_address[1]}/token",
            "sasl.oauthbearer.client.id": "press",
            "sasl.oauthbearer.client.secret": "${env:SECRET}"})
        os.environ["SECRET"] = "press-secret"
        self.addCleanup(os.environ.pop, "SECRET")
        self.goes_on(pipeline)
        self.assertGreater(server.given, 6)
        said = self.ouzel("topics", "ls", pipeline, exit_code=CONFIG, SECRET="wrong").stderr
        self.assertIn("gives no token: HTTP 401: ", said)
        self.assertIn("(check kafka.sasl.oauthbearer.client.id, client.secret and scope)", said)
        said = self.ouzel("topics", "ls", pipeline, "--set", f"kafka.{url}=http://127.0.0.1:1/t",
                          exit_code=UNAVAILABLE).stderr
        self.assertIn("http://127.0.0.1:1/t gives no token: ", said)


class AccessRules(Commands):
    """Just those that docs/howto/use-kafka.md lists: nothing asks for a group of another name."""

    def test_what_the_page_lists_is_enough(self):
        self.ouzel("topics", "create", self.plain, "--partitions", 1)
        written = [word for name in ("outcomes", "rejects", "journal", "models")
                   for word in ("--topic", f"press-{name}")]
        write = ("--operation", "Write", "--operation", "Describe")
        for rule in (("--operation", "Read", "--operation", "Describe", "--topic", "telemetry"),
                     (*write, *written),
                     ("--operation", "Read", "--topic", "press-models", "--group", "press"),
                     (*write, "--transactional-id", "press", "--resource-pattern-type", "prefixed"),
                     # Of who looks, not of the engine.
                     ("--operation", "Read", "--topic", "press-outcomes")):
            self.cluster.allow("alice", *rule)
        clients.produce(self.cluster.bootstrap, "telemetry", [(b"k", b'{"device_id":"k"}')] * 5)
        one = worker.Worker(self.folder, 0, self.secure).start({"SECRET": "alice-secret"})
        self.addCleanup(one.end)
        end = time.monotonic() + WAIT_S
        while len(self.lines("tap", "outcomes", "--pipeline", self.secure)) < 5:
            self.assertTrue(one.alive and time.monotonic() < end, one.says())
        self.assertEqual(one.stop(), 0)
        self.assertNotIn("uthorization failed", self.ouzel("doctor", self.secure).stdout)


class ThroughAPipeline(Commands):
    """Events in by simulate and send, outcomes and rejects out by tap and dlq."""

    def setUp(self):
        self.ouzel("topics", "create", self.plain, "--partitions", 4)

    def run_worker(self, outcomes):
        """A worker until there are so many outcomes."""
        command = [worker.program(), "run", self.plain, "--data-dir", self.folder / "data",
                   "--listen", "127.0.0.1:0"]
        with open(self.folder / "worker.log", "ab") as log:
            process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log)
        try:
            end = time.monotonic() + WAIT_S
            while time.monotonic() < end:
                shown = self.lines("tap", "outcomes", "--pipeline", self.plain)
                if len(shown) >= outcomes:
                    return shown
            self.fail((self.folder / "worker.log").read_text())
        finally:
            process.terminate()
            process.wait(WAIT_S)

    def test_events_go_in_and_outcomes_come_out(self):
        target = f"kafka:{self.cluster.bootstrap}/telemetry"
        self.ouzel("simulate", "--count", 200, "--rate", 0, "--devices", 20, "--malformed", 0.1,
                   "--out", target)
        events = self.folder / "events.ndjson"
        events.write_text('{"device_id":"sent","temperature":20.5,"vibration":1.5}\nnot json\n')
        self.ouzel("send", events, "--to", "kafka", "--pipeline", self.plain)
        self.ouzel("send", events, "--to", target, exit_code=WRONG_USE)   # no schema, so no key

        # librdkafka's and Java's partition of each key: what others write lands beside it.
        keys = sorted({record.key() for record in clients.read(self.cluster.bootstrap, "telemetry",
                                                               202) if record.key()})
        self.assertGreaterEqual(len(keys), 21)   # a key may be broken on purpose
        self.cluster.create_topic("like", partitions=4)
        placed = clients.produce(self.cluster.bootstrap, "like", [(key, b"") for key in keys])
        where = dict(zip(keys, (partition for partition, _ in placed)))
        for record in clients.read(self.cluster.bootstrap, "telemetry", 202):
            if record.key():
                self.assertEqual(record.partition(), where[record.key()], record.key())

        outcomes = self.run_worker(202)
        self.assertEqual(len({line["id"] for line in outcomes}), 202)
        rejected = {line["id"] for line in outcomes if line["data"]["status"] == "rejected"}
        self.assertGreater(len(rejected), 5)
        self.check_tap(rejected, {line["id"]: line for line in outcomes})
        said = self.ouzel("tap", "outcomes", "--data-dir", self.folder / "data", exit_code=CONFIG)
        self.assertIn("ouzel tap outcomes --pipeline FILE", said.stderr)
        self.check_dlq(rejected)

    def check_tap(self, rejected, outcomes):
        tap = ("tap", "--pipeline", self.plain)
        rejects = self.lines(*tap, "rejects")
        self.assertEqual({line["id"] for line in rejects}, rejected)
        self.assertEqual({line["data"]["status"] for line in rejects}, {"rejected"})
        for line in rejects:      # is called what its outcome calls it
            event = dict(line["data"]["event"])
            self.assertTrue(event.pop("bytes", None) or event.pop("bytes_base64", None), line)
            self.assertEqual(event, outcomes[line["id"]]["data"]["event"])
            self.assertEqual(line.get("time"), outcomes[line["id"]].get("time"))
        self.assertIn("not json", [line["data"]["event"].get("bytes") for line in rejects])
        events = self.lines(*tap, "events")
        self.assertEqual(len({line["ouzelposition"] for line in events}), 202)
        some = events[100]
        self.assertEqual(self.lines(*tap, "events", "--from", some["ouzelposition"], "--limit", 1),
                         [some])
        outcome = self.lines(*tap, "outcomes", "--from", some["ouzelposition"], "--limit", 1)
        self.assertEqual(outcome[0]["id"], some["ouzelposition"])
        for partition in (0, 3):
            theirs = sorted((line["data"]["position"]["offset"], line["id"])
                            for line in outcomes.values()
                            if line["data"]["position"]["partition"] == partition)
            for begin in (0, len(theirs) // 2, len(theirs) - 1):
                shown = self.lines(*tap, "outcomes", "--from", theirs[begin][1])
                self.assertEqual([line["id"] for line in shown], [id for _, id in theirs[begin:]])
            behind = f"{partition}:{theirs[-1][0] + 1}"
            self.assertEqual(self.lines(*tap, "outcomes", "--from", behind), [])
        self.assertEqual(self.lines(*tap, "outcomes", "--from", "end"), [])
        self.ouzel(*tap, "outcomes", "--from", "9:0", exit_code=CONFIG)
        end = clients.ends(self.cluster.bootstrap, "telemetry")[0]
        said = self.ouzel(*tap, "events", "--from", f"0:{end + 1}", exit_code=CONFIG).stderr
        self.assertIn(f"there is no such offset, it holds 0 to {end - 1}", said)

    def check_dlq(self, rejected):
        dlq = ("dlq", "--rejects", "--pipeline", self.plain)
        self.assertEqual({line["key"] for line in self.lines(*dlq, "ls")}, rejected)
        one = sorted(rejected)[0]
        self.assertEqual(self.lines(*dlq, "show", "--key", one)[0]["id"], one)
        self.ouzel(*dlq, "show", "--key", "3:99999", exit_code=FAILED)
        self.ouzel(*dlq, "replay")
        self.assertEqual(self.lines(*dlq, "ls"), [])
        self.run_worker(202 + len(rejected))
        again = self.lines(*dlq, "ls")
        self.assertEqual(len(again), len(rejected))
        self.assertEqual({line["attempts"] for line in again}, {"2"})
        self.check_replay_beside_a_worker(dlq, len(rejected))
        self.run_worker(202 + 2 * len(rejected))
        self.check_doctor()

    def check_replay_beside_a_worker(self, dlq, count):
        """What it rejects again at once is for the next time."""
        one = worker.Worker(self.folder, "replay", self.plain).start()
        try:
            end = time.monotonic() + WAIT_S
            while "partitions taken over" not in one.log_path.read_text():
                self.assertLess(time.monotonic(), end, one.log_tail())
                time.sleep(0.1)
            self.assertIn(f"ouzel dlq: {count} sent again", self.ouzel(*dlq, "replay").stderr)
        finally:
            one.stop()

    def check_doctor(self):
        def found():
            checks = json.loads(self.ouzel("doctor", self.plain, "--data-dir", self.folder / "data",
                                           "--format", "json").stdout)
            return {one["check"]: one["found"] for one in checks}
        before = found()
        self.assertEqual(before["group"], "press: 0 offsets behind")
        self.assertIn(" of the newest 80 are rejected; ", before["records"])
        event = b'{"device_id":"a","temperature":1,"vibration":1}'
        clients.produce(self.cluster.bootstrap, "telemetry", 3 * [(None, event)])
        self.assertIn("3 of the newest 80 have none; ", found()["record key"])
        self.assertIn(" free", self.snapshots_check(self.folder))
        new = self.folder / "new"
        self.assertEqual(self.snapshots_check(new), f"{new} will be made")
        self.assertEqual(self.snapshots_check(self.plain, FAILED), f"{self.plain} is a file")
        self.assertEqual(self.snapshots_check("/nowhere/shared", FAILED), "/nowhere does not exist")

    def snapshots_check(self, path, exit_code=DONE):
        checks = json.loads(self.ouzel("doctor", self.plain, "--format", "json", "--set",
                                       f"source.kafka={{topic: telemetry, snapshots: {path}}}",
                                       "--data-dir", self.folder / "data",
                                       exit_code=exit_code).stdout)
        return next(one["found"] for one in checks if one["check"] == "snapshots")


class Bench(Commands):
    def test_bench_finds_every_outcome_once(self):
        """In a topic that is used already: what others wrote is none of its events."""
        self.ouzel("topics", "create", self.plain, "--partitions", 4)
        self.ouzel("simulate", "--count", 50, "--rate", 0, "--out",
                   f"kafka:{self.cluster.bootstrap}/telemetry")
        bench = ("bench", "--pipeline", self.plain, "--duration", "1s", "--devices", 100)
        one = worker.Worker(self.folder, "bench", self.plain).start()
        try:
            self.ouzel(*bench, "--json", "figures.json")
            refused = self.ouzel("send", "figures.json", "--to", one.url, exit_code=FAILED).stderr
            self.assertIn("its events from Kafka topic telemetry: produce there", refused)
        finally:
            one.stop()
        figures = {figure["name"]: figure for figure in
                   json.loads((self.folder / "figures.json").read_text())["figures"]}
        self.assertEqual(list(figures), [
            "event to outcome p50, 1000 ev/s", "event to outcome p99, 1000 ev/s",
            "event to outcome p50, 5000 ev/s", "event to outcome p99, 5000 ev/s",
            "throughput, all committed"])
        for figure in figures.values():
            self.assertGreater(figure["value"], 0)
            self.assertIn(figure["beside"].split(" events: ")[1:],
                          ([], ["0 lost, 0 doubled, 0 rejected"]))
        self.assertIn("does a worker run?",
                      self.ouzel(*bench, "--only", "latency", exit_code=UNAVAILABLE).stderr)
        self.ouzel(*bench, "--only", "restart", exit_code=CONFIG)


class Trouble(Commands):
    """Each is a clear message and the right exit code, from whatever command meets it."""

    def told(self, exit_code, words, *arguments, **variables):
        said = self.ouzel("topics", "ls", *arguments, exit_code=exit_code, **variables).stderr
        self.assertIn(words, said)
        doctor = self.ouzel("doctor", *arguments, **variables, exit_code=(
            UNAVAILABLE if exit_code == UNAVAILABLE else FAILED)).stdout
        self.assertIn(words.split(" (")[0], doctor)

    def test_nobody_there(self):
        self.told(UNAVAILABLE, "127.0.0.1:1 refuses the connection (does a broker listen at",
                  self.plain, "--set", "kafka.bootstrap.servers=127.0.0.1:1")
        # What fails besides goes first: no waiting mends it.
        self.ouzel("doctor", self.plain, "--data-dir", self.plain, exit_code=FAILED,
                   OUZEL_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
        self.told(UNAVAILABLE, "no.invalid:9092: its name cannot be resolved (check the names",
                  self.plain, OUZEL_KAFKA_BOOTSTRAP_SERVERS="no.invalid")

    def test_who_is_waited_for_is_said_soon(self):
        began = time.monotonic()
        said = self.ouzel("simulate", "--count", 1, "--out", "kafka:127.0.0.1:1/telemetry",
                          exit_code=UNAVAILABLE).stderr
        self.assertLess(time.monotonic() - began, GIVEN_UP_S)
        refused = "kafka: 127.0.0.1:1 refuses the connection ("
        self.assertEqual(said.count("ouzel simulate: " + refused), 2)
        self.assertTrue(said.splitlines()[0].endswith("; trying for another 7 s"), said)

    def test_the_wrong_login(self):
        self.told(CONFIG, "refuses the login: Authentication failed", self.secure, SECRET="wrong")

    def test_the_wrong_door(self):
        tls = self.cluster.addresses("sasl")
        self.told(CONFIG, f"{self.cluster.bootstrap} speaks no TLS at this port", self.secure,
                  "--set", f"kafka.bootstrap.servers={self.cluster.bootstrap}")
        self.told(UNAVAILABLE, f"{tls} closes the connection at once (does that port want TLS?",
                  self.plain, "--set", f"kafka.bootstrap.servers={tls}")

    def test_another_authority(self):
        self.told(CONFIG, "its certificate is not trusted: ", self.secure, "--set",
                  f"kafka.ssl.ca.location={self.cluster.security.other_authority}")
        self.told(CONFIG, "nowhere.pem be read?", self.secure, "--set",
                  "kafka.ssl.ca.location=nowhere.pem")

    def test_javas_spelling_of_a_login(self):
        login = ("org.apache.kafka.common.security.plain.PlainLoginModule required "
                 "username=\"bob\" password=\"bob-secret\";")
        java = self.write("java.yaml", self.cluster.addresses("sasl"),
                          "  security.protocol: SASL_SSL\n  sasl.mechanism: PLAIN\n"
                          "  sasl.jaas.config: ${env:JAAS}\n"
                          "  ssl.truststore.type: PEM\n"
                          f"  ssl.truststore.location: {self.cluster.security.authority}\n")
        listed = self.ouzel("topics", "ls", java, exit_code=FAILED, JAAS=login).stdout
        self.assertEqual(listed.count("not there, or not for this user"), 5)

    def test_no_topic_and_no_right(self):
        target = f"kafka:{self.cluster.bootstrap}/nowhere"
        said = self.ouzel("simulate", "--count", 1, "--out", target, exit_code=CONFIG).stderr
        self.assertIn("topic nowhere: there is no such topic", said)
        self.cluster.create_topic("locked", partitions=1)
        said = self.ouzel("tap", "events", "--pipeline", self.secure, "--set",
                          "source.kafka=locked", exit_code=CONFIG).stderr
        self.assertIn("topic locked: Broker: Topic authorization failed (an access rule", said)


class Expired(Commands):
    certificate = "expired"

    def test_is_called_so(self):
        said = self.ouzel("topics", "ls", self.secure, exit_code=CONFIG).stderr
        self.assertIn("its certificate is not trusted: it has expired (", said)


class SelfSigned(Commands):
    certificate = "self_signed"

    def test_is_called_so(self):
        said = self.ouzel("topics", "ls", self.secure, exit_code=CONFIG).stderr
        self.assertIn("its certificate is not trusted: it is self-signed (", said)


if __name__ == "__main__":
    unittest.main()
