"""A real engine in a process of its own, and a connection to it.

`Engine` starts `ouzel run` on a free port; whoever made one ends it (it is a context manager).
"""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build"))
PROGRAM = BUILD / "ouzel"
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 30
REPLY_TIMEOUT_S = 30
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


class EngineFailed(Exception):
    """The engine ended, or did not come up; the text holds what it said on stderr."""


def ouzel(*arguments, stdin=b"", timeout_s=60, environment=None, cwd=None):
    """Runs one command of the program to its end: CompletedProcess with text, and `bytes`."""
    done = subprocess.run([str(PROGRAM), *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=timeout_s, check=False, cwd=cwd,
                          env=dict(os.environ, **(environment or {})))
    done.bytes = done.stdout
    done.stdout = done.stdout.decode(errors="replace")
    done.stderr = done.stderr.decode(errors="replace")
    return done


def tap(data_dir, topic, *arguments):
    """Lines of a topic, from the files."""
    done = ouzel("tap", topic, "--data-dir", data_dir, *arguments)
    if done.returncode != 0:
        raise EngineFailed(f"tap {topic}: exit {done.returncode}: {done.stderr}")
    return [line for line in done.stdout.split("\n") if line]   # splitlines knows more ends than \n


class Connection:
    """One HTTP connection; a request waits for its reply."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=REPLY_TIMEOUT_S)

    def send(self, method, path, body=None, headers=None):
        self.http.request(method, path, body=body, headers=headers or {})

    def reply(self):
        """(status, text, headers)."""
        response = self.http.getresponse()
        return response.status, response.read().decode(), response.headers

    def ask(self, method, path, body=None, headers=None):
        self.send(method, path, body, headers)
        return self.reply()

    def post(self, body, content_type="application/x-ndjson", **headers):
        """(status, parsed reply) of POST /events; `Idempotency_Key` stands for the header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, text, _ = self.ask("POST", "/events", body,
                                   {"Content-Type": content_type, **named})
        return status, json.loads(text)

    def close(self):
        self.http.close()


class Engine:
    def __init__(self, pipeline, data_dir, *arguments, environment=None, ready=True):
        self.data_dir = str(data_dir)
        self.log_path = self.data_dir.rstrip("/") + ".stderr"
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        command = [str(PROGRAM), "run", str(pipeline), "--data-dir", self.data_dir,
                   "--listen", "127.0.0.1:0", *map(str, arguments)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log,
                                            env=dict(os.environ, **(environment or {})))
        self.port = self._wait_for_port()
        if ready:
            self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def log(self):
        """What this process said on stderr."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def _until(self, check, what, timeout_s=START_TIMEOUT_S):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            value = check()
            if value is not None:
                return value
            if self.process.poll() is not None:
                raise EngineFailed(f"ended with {self.process.returncode}: {self.log()}")
            time.sleep(0.002)
        self.kill()
        raise EngineFailed(f"{what}: not within {timeout_s} s: {self.log()}")

    def _wait_for_port(self):
        def port():
            match = LISTENING.search(self.log())
            return int(match.group(1)) if match else None
        return self._until(port, "listening")

    def wait_ready(self):
        def ready():
            try:
                return True if self.get("/readyz")[0] == 200 else None
            except OSError:
                return None
        self._until(ready, "ready")

    def wait_log(self, text):
        """Until it has said that."""
        self._until(lambda: True if text in self.log() else None, text)

    def connect(self):
        return Connection(self.port)

    def get(self, path, **headers):
        """(status, text, headers), on a connection of its own."""
        connection = self.connect()
        try:
            return connection.ask("GET", path, headers=headers)
        finally:
            connection.close()

    def metrics(self):
        """{name with labels: value}."""
        status, text, _ = self.get("/metrics")
        assert status == 200, text
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def total(self, name):
        """Sum of a metric over its labels."""
        return sum(value for key, value in self.metrics().items()
                   if key == name or key.startswith(name + "{"))

    def wait_scored(self, timeout_s=30):
        """Until nothing accepted is without its outcome."""
        self.wait_metric("ouzel_events_in_flight", 0, timeout_s)

    def wait_metric(self, name, value, timeout_s=30):
        """Until the sum of a metric is that."""
        self._until(lambda: True if self.total(name) == value else None, f"{name} {value}",
                    timeout_s)

    def settled(self, topic, lines, timeout_s=10):
        """The topic's lines in the files once they are as many. A reader of the files may see a
        moment less than the engine: what is on disk is proven to it by what was written later."""
        def enough():
            got = tap(self.data_dir, topic)
            return got if len(got) >= lines else None
        return self._until(enough, f"{lines} lines of {topic}", timeout_s)

    def signal(self, which):
        self.process.send_signal(which)

    def wait(self, timeout_s=STOP_TIMEOUT_S):
        return self.process.wait(timeout_s)

    def stop(self):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
