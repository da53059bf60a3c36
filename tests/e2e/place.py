"""A scratch folder and good events for the end-to-end tests."""
import json
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PIPELINE = HERE / "press.yaml"


class InScratch(unittest.TestCase):
    """Each test has a folder of its own."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="ouzel-e2e-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def mount(self, size):
        """A disk of that size, as root may have one."""
        place = self.folder / "disk"
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"cannot mount a small disk: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=False)
        return place

    def press_without(self, line_start, replacement=""):
        """press.yaml with the line that starts so replaced, as a file in the folder."""
        lines = [replacement if line.lstrip().startswith(line_start) else line
                 for line in PIPELINE.read_text().splitlines()]
        return self.write("press.yaml", "\n".join(lines) + "\n")


def good(number, device=None, **fields):
    """One good event as bytes; the number makes id and time."""
    data = {"device_id": device or f"press-{number % 5}",
            "ts": 1772352000 + number, "temperature": 60 + number % 3, "pressure": 5, **fields}
    return json.dumps({"specversion": "1.0", "type": "reading", "source": "/line/1",
                       "id": str(number), "data": data}).encode()


def goods(first, count):
    return b"\n".join(good(number) for number in range(first, first + count))
