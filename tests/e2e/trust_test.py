"""Receivers that must be trusted, and that want to know who comes: certificates, bearer tokens, and
what Knative binds."""
import json
import shutil
import ssl
import subprocess

from egress_test import FAST, Egress
from engine import Engine, ouzel
from place import PIPELINE
from receiver import Answer, Receiver


class Trust(Egress):
    def trouble(self, engine, text):
        """Until the sink says that it waits for this."""
        engine._until(lambda: text in engine.get("/readyz?verbose")[1] or None,
                      f"trouble: {text}: {engine.get('/readyz?verbose')[1]}")

    def settle(self, engine):
        engine._until(lambda: engine.total("ouzel_sink_lag_events") == 0 or None, "delivered")


class Certificates(Trust):
    def setUp(self):
        super().setUp()
        if not shutil.which("openssl"):
            self.skipTest("openssl is not here to make certificates")
        for name in ("right", "wrong"):
            self.openssl("req", "-x509", *self.new_key(f"{name}-ca"), "-days", "2",
                         "-subj", f"/CN={name} authority", "-out", f"{name}-ca.pem")
        self.openssl("req", *self.new_key("leaf"), "-subj", "/CN=receiver", "-out", "leaf.csr",
                     "-addext", "subjectAltName=IP:127.0.0.1")
        self.openssl("x509", "-req", "-in", "leaf.csr", "-CA", "right-ca.pem", "-CAkey",
                     "right-ca.key", "-CAcreateserial", "-copy_extensions", "copy", "-days", "2",
                     "-out", "leaf.pem")
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.folder / "leaf.pem", self.folder / "leaf.key")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    @staticmethod
    def new_key(name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key")

    def ca(self, name):
        return self.folder / f"{name}-ca.pem"

    def test_the_right_authority_passes_and_another_is_refused(self):
        with Receiver(tls=self.tls) as receiver:
            def pipeline(name):   # Relative to its own file.
                return self.pipeline(self.webhook(receiver, f"ca_file: {name}-ca.pem, {FAST}"))
            with Engine(pipeline("wrong"), self.folder / "data") as engine:
                self.post(engine, 0, 10)
                self.trouble(engine, "names its authority in ca_file")
                self.assertEqual(receiver.got(), [])
                self.assertEqual(engine.stop(), 0)
            with Engine(pipeline("right"), self.folder / "data") as engine:
                self.assertTrue(receiver.wait_ids(10), engine.log())
                self.settle(engine)
                self.assertEqual(engine.stop(), 0)

    def test_nobody_is_trusted_whom_neither_the_system_nor_the_file_names(self):
        with Receiver(tls=self.tls) as receiver:
            for first, (settings, said) in enumerate((
                    ("", "names its authority in ca_file"),
                    ("ca_file: /none/ca.pem, ", "/none/ca.pem"))):
                with self.subTest(settings), Engine(self.pipeline(self.webhook(
                        receiver, settings + FAST)), self.folder / "data") as engine:
                    self.post(engine, first, 1)
                    self.trouble(engine, said)
                    self.assertEqual(engine.stop(), 0)
            self.assertEqual(receiver.got(), [])

    def test_a_certificate_for_another_host_is_refused(self):
        with Receiver(tls=self.tls) as receiver:
            receiver.url = receiver.url.replace("127.0.0.1", "localhost")
            pipeline = self.pipeline(self.webhook(receiver, f"ca_file: {self.ca('right')}, {FAST}"))
            with Engine(pipeline, self.folder / "data") as engine:
                self.post(engine, 0, 1)
                self.trouble(engine, "localhost")
                self.assertEqual(engine.stop(), 0)
            self.assertEqual(receiver.got(), [])

    def test_k_ca_certs(self):
        with Receiver(tls=self.tls) as receiver:
            def environment(name):
                return {"K_SINK": receiver.url, "K_CA_CERTS": self.ca(name).read_text()}
            with Engine(PIPELINE, self.folder / "data", environment=environment("wrong")) as engine:
                self.post(engine, 0, 10)
                self.trouble(engine, "certificate")
                self.assertEqual(engine.stop(), 0)
            with Engine(PIPELINE, self.folder / "data", environment=environment("right")) as engine:
                self.assertTrue(receiver.wait_ids(10), engine.log())
                self.assertEqual(engine.stop(), 0)


class Tokens(Trust):
    def test_a_token_is_read_anew_for_each_request(self):
        token = self.write("token", "first\n")
        with Receiver() as receiver:
            pipeline = self.pipeline(self.webhook(receiver, f"token_file: {token.name}, {FAST}"))
            with Engine(pipeline, self.folder / "data") as engine:
                def sent():
                    return {got.headers["Authorization"] for got in receiver.got()}
                self.post(engine, 0, 10)
                self.settle(engine)
                self.assertEqual(sent(), {"Bearer first"})
                self.write("next", "second").replace(token)
                self.post(engine, 10, 10)
                self.settle(engine)
                self.assertEqual(sent(), {"Bearer first", "Bearer second"})
                token.unlink()
                self.post(engine, 20, 10)
                self.trouble(engine, f"cannot read the token in {token}")
                self.write("token", "third")
                self.settle(engine)
                self.assertEqual(sent(), {"Bearer first", "Bearer second", "Bearer third"})
                self.assertEqual(len(receiver.got()), 30)
                self.assertEqual(engine.stop(), 0)
                self.assertNotIn("second", engine.log())

    def test_the_receiver_of_dead_letters_does_not_get_it(self):
        token = self.write("token", "hush")
        with Receiver() as dead, Receiver(lambda _: Answer(418)) as receiver:
            pipeline = self.pipeline(self.webhook(
                receiver, f"token_file: {token}, dead_letter: \"{dead.url}\""))
            with Engine(pipeline, self.folder / "data") as engine:
                self.post(engine, 0, 3)
                self.settle(engine)
                self.assertEqual(engine.stop(), 0)
            self.assertEqual({got.headers["Authorization"] for got in receiver.got()},
                             {"Bearer hush"})
            self.assertEqual({got.headers["Authorization"] for got in dead.got()}, {None})

    def test_two_credentials_are_refused(self):
        done = ouzel("lint", self.pipeline("{http: {url: \"http://a/\", token_file: t, "
                                           "headers: {authorization: x}}}"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("both token_file and a header Authorization", done.stdout)


class Bound(Trust):
    """K_SINK: what could not be delivered to it can be sent again."""

    def test_replay(self):
        with Receiver(lambda _: Answer(400)) as receiver:
            environment = {"K_SINK": receiver.url,
                           "K_CE_OVERRIDES": json.dumps({"extensions": {"plant": "north"}})}
            with Engine(PIPELINE, self.folder / "data", environment=environment) as engine:
                self.post(engine, 0, 10)
                self.settle(engine)
                self.assertEqual(engine.stop(), 0)
            self.assertEqual(len(receiver.got()), 10)
            receiver.answer = lambda _: Answer(202)
            replay = ("dlq", "replay", "--pipeline", PIPELINE, "--data-dir", self.folder / "data")
            unbound = ouzel(*replay)
            self.assertEqual(unbound.returncode, 1)
            self.assertIn("no receiver called k-sink", unbound.stdout)
            self.assertIn("K_SINK", unbound.stdout)
            done = ouzel(*replay, environment=environment)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            again = receiver.got()[10:]
            self.assertEqual({got.headers["ce-plant"] for got in again}, {"north"})
            self.assertEqual({got.headers["Idempotency-Key"] for got in again},
                             {got.headers["Idempotency-Key"] for got in receiver.got()[:10]})
            self.assertEqual(len(again), 10)
