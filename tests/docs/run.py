#!/usr/bin/env python3
"""Types what the pages say: run.py [-v] [WORD…], words select pages by name.

Of each page in PAGES every block marked `sh` or `console` runs in order, in one bash, in an empty
folder. A `sh` block is commands. In a `console` block the lines after `$ ` are commands, the others
what they must print, in that order: `…` stands for anything, within a line or as a line. A command
that fails, or does not print it, fails the page. A block after `<!-- not run: WHY -->` is left out
and counted as skipped. Each port of 127.0.0.1 becomes a free one, so that pages run side by side.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build"))
PAGES = ("docs/tutorial.md", "docs/howto/*.md")
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>[^\n]*) -->\n)?^```(?P<kind>sh|console)\n"
                   r"(?P<text>.*?)^```$", re.M | re.S)
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
PAGE_MAX_S = 120
MARK = "@@ ouzel docs block"


class Block:
    def __init__(self, page, match):
        self.line = page.count("\n", 0, match.start("text")) + 1
        self.why = match["why"]
        lines = match["text"].splitlines()
        if match["kind"] == "sh":
            self.commands, self.expected = lines, []
            return
        self.commands = [line[2:] for line in lines if line.startswith("$ ")]
        self.expected = [line for line in lines if not line.startswith("$ ")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_ports(text, ports):
    """The text with the page's ports replaced; `ports` gains a free one for each that is new."""
    def put(match):
        if match[1] not in ports:
            ports[match[1]] = free_port()
        return f"127.0.0.1:{ports[match[1]]}"
    return PORT.sub(put, text)


def script_of(blocks, ports):
    """The commands of all blocks, with a mark before each."""
    parts = ["set -eo pipefail"]
    for number, block in enumerate(blocks):
        parts.append(f"echo '{MARK} {number}'")
        parts += block.commands
    parts.append(f"echo '{MARK} {len(blocks)}'")
    return with_ports("\n".join(parts) + "\n", ports)


def play(script, folder, listen):
    """(exit status or None after the time limit, all it printed, stderr among it)."""
    environment = dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}", NO_COLOR="1",
                       OUZEL_LISTEN=listen, OUZEL_URL=f"http://{listen}",
                       PYTHONPATH=str(ROOT / "python"))
    with tempfile.TemporaryFile() as printed:
        shell = subprocess.Popen(["bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL,
                                 stdout=printed, stderr=subprocess.STDOUT, env=environment,
                                 start_new_session=True)
        try:
            status = shell.wait(PAGE_MAX_S)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(shell.pid, signal.SIGKILL)    # What the page left in the background.
        except ProcessLookupError:
            pass
        shell.wait()
        printed.seek(0)
        return status, printed.read().decode(errors="replace")


def pattern_of(line):
    return re.compile("[^\n]*".join(re.escape(part) for part in line.rstrip().split("…")))


def missing(block, printed):
    """The first expected line that does not stand in what was printed, in order; else None."""
    lines, at = printed.splitlines(), 0
    for expected in block.expected:
        if expected.strip() in ("", "…"):
            continue
        pattern = pattern_of(expected)
        while at < len(lines) and not pattern.fullmatch(lines[at].rstrip()):
            at += 1
        if at == len(lines):
            return expected
        at += 1
    return None


def check(path):
    """[what failed] of a page, and how many blocks ran and were skipped."""
    page = path.read_text()
    name = path.relative_to(ROOT)
    every = [Block(page, match) for match in BLOCK.finditer(page)]
    skipped = [block for block in every if block.why is not None]
    blocks = [block for block in every if block.why is None]
    ports = {}
    listen = with_ports("127.0.0.1:8080", ports)
    with tempfile.TemporaryDirectory(prefix="ouzel-docs-") as folder:
        status, printed = play(script_of(blocks, ports), folder, listen)
    for port, free in ports.items():
        printed = printed.replace(f"127.0.0.1:{free}", f"127.0.0.1:{port}")
    parts = re.split(rf"^{MARK} \d+\n", printed, flags=re.M)[1:]
    for block in skipped:
        print(f"skipped {name}:{block.line}: {block.why}")
    for block, part in zip(blocks, parts):
        if (line := missing(block, part)) is not None:
            return [f"{name}:{block.line}: never printed: {line}\n{part}"], skipped, blocks
    if status != 0 or len(parts) != len(blocks) + 1:
        at = blocks[max(len(parts), 1) - 1].line if blocks else 1
        end = "no end within the limit" if status is None else f"exit status {status}"
        return [f"{name}:{at}: {end}\n{parts[-1] if parts else printed}"], skipped, blocks
    return [], skipped, blocks


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    pages = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    pages = [path for path in pages if not words or any(word in str(path) for word in words)]
    passed = failed = skipped = 0
    for path in pages:
        wrong, left_out, blocks = check(path)
        for text in wrong:
            print(f"{text}\nFAILED {path.relative_to(ROOT)}")
        failed += len(wrong)
        passed += 0 if wrong else len(blocks)
        skipped += len(left_out)
        if "-v" in sys.argv[1:] and not wrong:
            print(f"ok {path.relative_to(ROOT)}: {len(blocks)} blocks")
    if not pages:
        print("FAILED no page was found")
    print(f"{passed} passed, {failed + (not pages)} failed, {skipped} skipped")
    sys.exit(1 if failed or not pages else 0)


if __name__ == "__main__":
    main()
