"""The CloudEvents SDK for Python, both ways: what it sends is taken, what we answer it reads."""
import json
import os
import pathlib
import subprocess
import sys

from engine import ROOT, Engine
from place import HERE, PIPELINE, InScratch

CACHE = pathlib.Path(os.environ.get("OUZEL_CACHE", ROOT / ".cache")) / "cloudevents"
VERSIONS = ("1.12.1", "2.2.0")   # The newest of both generations of its interface.
INSTALL_S = 180


def sdk_python(version):
    """The interpreter of a virtual environment with that version; None: it cannot be had."""
    python = CACHE / version / "bin" / "python"
    if (CACHE / version / "installed").exists():
        return python
    for step in ([sys.executable, "-m", "venv", "--clear", str(CACHE / version)],
                 [str(python), "-m", "pip", "install", "-q", f"cloudevents=={version}"]):
        try:
            subprocess.run(step, capture_output=True, timeout=INSTALL_S, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
    (CACHE / version / "installed").touch()
    return python


class Sdk(InScratch):
    def talk(self, version, subject):
        python = sdk_python(version)
        if python is None:
            self.skipTest(f"cloudevents {version} cannot be installed")
        with Engine(PIPELINE, self.folder / "data") as engine:
            done = subprocess.run([str(python), str(HERE / "sdk_client.py"), str(engine.port)],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            binary, structured, again = json.loads(done.stdout)
            shown = {event["id"]: event for event in map(json.loads, engine.settled("events", 3))}
        for answer, identity in ((binary, "binary"), (structured, "structured")):
            self.assertEqual(answer["status"], 200, answer)
            self.assertEqual(answer["attributes"]["type"], "dev.ouzel.outcome.v1")
            self.assertEqual(answer["attributes"]["source"], "/ouzel/press-line")
            self.assertEqual(answer["data"]["event"]["id"], identity)
            self.assertEqual(answer["data"]["status"], "scored")
            for name, value in (("subject", subject), ("plant", "seven"),
                                ("source", "/line/1"), ("datacontenttype", "application/json")):
                self.assertEqual(shown[identity][name], value)
            self.assertEqual(shown[identity]["data"]["temperature"], 61.5)
        self.assertEqual((again["status"], again["answer"]["accepted"]), (202, 1))

    def test_version_1(self):
        self.talk(VERSIONS[0], "cell 7")

    def test_version_2(self):
        self.talk(VERSIONS[1], "cell é 100%")
