"""What the pages say, typed by a test.

Each block of README.md and docs/ that is marked `sh` or `console` is typed by one part of the
tests: by `docs`, or by the part that a line before it names, as in `<!-- in part: kafka -->`. A
page's blocks of one part run in order, in one bash, in a folder that holds nothing but the program,
as `build/ouzel`. A `sh` block is commands. In a `console` block the lines after `$ ` are commands,
the others what they must print, in that order: `…` stands for anything, within a line or as a line.
Each port of 127.0.0.1 becomes a free one, so that pages run side by side.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build"))
# What each knows that a page does not say: kafka, where a broker is; models, a Python with
# scikit-learn; e2e is root on a copy of this machine.
PARTS = ("docs", "e2e", "kafka", "models")
BLOCK = re.compile(r"(?:<!-- in part: (?P<part>[^\n]*) -->\n)?^```(?P<kind>sh|console)\n"
                   r"(?P<text>.*?)^```$", re.M | re.S)
FENCE = re.compile(r"^(?P<before>.*)(?:```|~~~)(?P<kind>[^`\n]*)$", re.M)
KINDS = ("", "console", "cpp", "json", "python", "sh", "yaml")
NOTE = re.compile(r"^<!-- in part: [^\n]*$(?!\n```(?:sh|console)$)", re.M)
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
PAGE_MAX_S = 120
MARK = "@@ ouzel docs block"


@dataclass
class Place:
    """Where a page is typed. `ports`: what stands for a port of the page, else it is a free one;
    `programs`: folders that go before PATH; `shell`: is given the commands as last argument."""
    ports: dict = field(default_factory=dict)
    programs: tuple = ()
    shell: tuple = ("bash", "-c")


class Block:
    def __init__(self, page, match):
        self.line = page.count("\n", 0, match.start("text")) + 1
        self.part = match["part"] or "docs"
        lines = match["text"].splitlines()
        if match["kind"] == "sh":
            self.commands, self.expected = lines, []
            return
        self.commands = [line[2:] for line in lines if line.startswith("$ ")]
        self.expected = [line for line in lines if not line.startswith("$ ")]


def every_page():
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(path, part):
    """Those of one part; None: all."""
    page = path.read_text()
    every = [Block(page, match) for match in BLOCK.finditer(page)]
    return [block for block in every if part in (None, block.part)]


def of(part):
    """The pages of which it types something."""
    return [path for path in every_page() if blocks_of(path, part)]


def lost(path):
    """[where, and why] of what no part would type."""
    page, name = path.read_text(), path.relative_to(ROOT)

    def at(match):
        return f"{name}:{page.count(chr(10), 0, match.start()) + 1}"
    out = [f"{name}:{block.line}: no part of the tests is called {block.part}; known: "
           + " ".join(PARTS) for block in blocks_of(path, None) if block.part not in PARTS]
    out += [f"{at(match)}: it says a part, and no block of sh or console follows"
            for match in NOTE.finditer(page)]
    return out + [f"{at(match)}: a block must begin in the first column, with ``` and one of: "
                  + " ".join(filter(None, KINDS)) for match in FENCE.finditer(page)
                  if match["before"] or match["kind"] not in KINDS]


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


def play(script, place, folder, listen):
    """(exit status or None after the time limit, all it printed, stderr among it)."""
    path = os.pathsep.join(map(str, (*place.programs, BUILD, os.environ["PATH"])))
    environment = dict(os.environ, PATH=path, NO_COLOR="1", OUZEL_LISTEN=listen,
                       OUZEL_URL=f"http://{listen}", PYTHONPATH=str(ROOT / "python"))
    with tempfile.TemporaryFile() as printed:
        shell = subprocess.Popen([*place.shell, script], cwd=folder, stdin=subprocess.DEVNULL,
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


def check(path, part, place=None):
    """(what failed or None, how many blocks) of a page, as that part types it."""
    name, blocks, place = path.relative_to(ROOT), blocks_of(path, part), place or Place()
    ports = dict(place.ports)
    listen = with_ports("127.0.0.1:8080", ports)
    with tempfile.TemporaryDirectory(prefix="ouzel-docs-") as folder:
        (pathlib.Path(folder) / "build").symlink_to(BUILD)
        status, printed = play(script_of(blocks, ports), place, folder, listen)
    for port, free in ports.items():
        printed = printed.replace(f"127.0.0.1:{free}", f"127.0.0.1:{port}")
    parts = re.split(rf"^{MARK} \d+\n", printed, flags=re.M)[1:]
    for block, shown in zip(blocks, parts):
        if (line := missing(block, shown)) is not None:
            return f"{name}:{block.line}: never printed: {line}\n{shown}", len(blocks)
    if status != 0 or len(parts) != len(blocks) + 1:
        at = blocks[min(max(len(parts), 1), len(blocks)) - 1].line
        end = "no end within the limit" if status is None else f"exit status {status}"
        return f"{name}:{at}: {end}\n{parts[-1] if parts else printed}", len(blocks)
    return None, len(blocks)
