"""`make demo-kafka` without a terminal: one engine is killed, and its count is right."""
import subprocess
import sys
import unittest

import broker
import worker


class Demo(unittest.TestCase):
    def test_nothing_is_lost_when_one_of_two_engines_is_killed(self):
        done = subprocess.run(
            [sys.executable, broker.ROOT / "scripts" / "demo" / "kafka", "--ouzel",
             worker.program(), "--seconds", "8"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"events written [\d,]{4,} +outcomes .* lost 0 +doubled 0")
        self.assertIn("kill -9", done.stderr)
