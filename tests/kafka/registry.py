"""A real schema registry for tests: Apicurio, which speaks the API of Confluent's.

It keeps what it is told in memory only: after a stop it knows nothing, and gives the same ids again
to the same schemas in the same order. Who makes a Registry ends it (it is a context manager).
"""
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import broker

ARTIFACT = "io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"   # later ones need Java 21
PLACE = broker.CACHE / "registry"
ARCHIVE = PLACE / "classes.jsa"
START_S, STOP_S, ANSWER_S = 90, 20, 30
CONTENT = "application/vnd.schemaregistry.v1+json"


def program():
    """The jar, by its name in PLACE. Raises Unavailable."""
    broker.require()
    found = next(PLACE.glob("apicurio-registry-app-*-runner.jar"), None)
    if found is None:
        raise broker.Unavailable("no schema registry in .cache/kafka")
    return found.name


class Registry:
    def __init__(self):
        self.program = program()
        self.port, = broker.free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.java_options = [f"-XX:SharedArchiveFile={ARCHIVE}"] if ARCHIVE.exists() else []
        self.process = None
        self.log = tempfile.TemporaryFile()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Ready when it returns."""
        command = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                   "-Xshare:auto", "-Xlog:disable", *self.java_options,
                   f"-Dquarkus.http.port={self.port}", "-Dquarkus.http.host=127.0.0.1", "-jar",
                   self.program]
        self.process = subprocess.Popen(command, cwd=PLACE, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                self.ask("/subjects")
                return self
            except OSError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        raise broker.BrokerFailed(f"the registry did not come up:\n{said[-3000:]}")

    def stop(self, within_s=STOP_S):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.stop()
        self.log.close()

    def ask(self, path, body=None):
        """GET, or POST of a body; the answer's JSON. Raises urllib's HTTPError, an OSError."""
        request = urllib.request.Request(
            self.url + path, headers={"Content-Type": CONTENT, "Accept": CONTENT},
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            return json.loads(answer.read())

    def register(self, subject, schema, kind="AVRO"):
        """The id of a schema (a dict, or text as of PROTOBUF); `kind`: AVRO, JSON or PROTOBUF."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return self.ask(f"/subjects/{subject}/versions", {"schema": text, "schemaType": kind})["id"]


def make_archive():
    """As broker.make_archive."""
    fresh = ARCHIVE.with_name(f"{ARCHIVE.name}.{os.getpid()}")
    ARCHIVE.unlink(missing_ok=True)
    registry = Registry()
    registry.java_options = [f"-XX:ArchiveClassesAtExit={fresh}"]
    with registry:
        registry.register("t", {"type": "string"})
        registry.register("j", {"$schema": "http://json-schema.org/draft-07/schema#"}, "JSON")
        registry.register("p", 'syntax = "proto3"; message M { int32 x = 1; }', "PROTOBUF")
        registry.stop(broker.ARCHIVE_S)
    fresh.rename(ARCHIVE)
