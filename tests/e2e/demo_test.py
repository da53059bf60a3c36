"""The demo without a terminal: it ends by itself, goes on where it was, and survives a kill."""
import os
import re
import signal
import subprocess
import sys
import time

from engine import PROGRAM, ROOT
from place import InScratch

SECONDS = 8
MOTES = ROOT / "build" / "demo" / "node_modules"


class Demo(InScratch):
    def play(self, meanwhile=None):
        """What it printed. Without the motes' data it stays away from npm, which would need a
        network."""
        environment = dict(os.environ) if MOTES.exists() else {**os.environ, "PATH": "absent"}
        with subprocess.Popen(
                [sys.executable, ROOT / "scripts" / "demo" / "run", "--ouzel", PROGRAM,
                 "--data-dir", self.folder / "demo", "--seconds", str(SECONDS), "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, env=environment) as demo:
            if meanwhile is not None:
                meanwhile(demo)
            out, said = demo.communicate(timeout=90)
        self.assertEqual(demo.returncode, 0, out + said)
        return out, said

    def total(self, out):
        return int(re.search(r"since the first demo: accepted ([\d,]+)", out)[1].replace(",", ""))

    def test_plays_goes_on_and_survives_a_kill(self):
        first, _ = self.play()
        self.assertRegex(first, r"lost 0 +doubled 0")
        self.assertGreater(self.total(first), 1000)

        def kill_engine(demo):
            said = ""
            while "process" not in said:
                said = demo.stderr.readline()
            time.sleep(SECONDS / 2)
            os.kill(int(re.search(r"process (\d+)", said)[1]), signal.SIGKILL)
        second, said = self.play(kill_engine)
        self.assertRegex(second, r"lost 0 +doubled 0")
        self.assertIn("killed and started again 1 times", said)
        self.assertGreater(self.total(second), self.total(first) + 1000)
