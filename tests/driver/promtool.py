"""Prometheus's own judge of a page of metrics."""
import shutil
import subprocess
import unittest


def complaints(page):
    """What it says of it, the exit status first if that is not 0. SkipTest without promtool."""
    if shutil.which("promtool") is None:
        raise unittest.SkipTest("no promtool in PATH: scripts/setup test fetches it, "
                                "scripts/test finds it")
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True,
                          text=True, check=False, timeout=60)
    status = f"exit status {done.returncode}\n" if done.returncode != 0 else ""
    return status + done.stdout + done.stderr
