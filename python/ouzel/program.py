"""What the program `ouzel` does from the shell, for scripts and notebooks."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from typing import Any, Iterable, Iterator

from ouzel.errors import OuzelError
from ouzel.frames import json_line, rows_of, to_frame


def program() -> str:
    """The path of the program: what OUZEL names, else the one in PATH."""
    named = os.environ.get("OUZEL")
    found = shutil.which(named or "ouzel")
    if found is None:
        raise OuzelError(f"there is no program {named}" if named else
                         "there is no ouzel in PATH; set OUZEL to where it is")
    return found


def read_outcomes(data_dir: str | os.PathLike[str], *, where: Iterable[str] = (),
                  limit: int = 0) -> Iterator[dict[str, Any]]:
    """Outcomes from the files of a data directory, whether an engine runs there or not.

    `where` are terms of `ouzel tap`: "route=alert", "score>=0.9"; all must hold. Damaged files
    raise OuzelError, after what is whole.
    """
    command = [program(), "tap", "outcomes", "--data-dir", os.fspath(data_dir)]
    command += [f"--where={term}" for term in where]
    command += ["--limit", str(limit)] if limit else []
    yield from _lines(command, None)


def score(pipeline: str | os.PathLike[str], events: Any, *, sets: Iterable[str] = ()) -> Any:
    """Scores events with a pipeline file: no engine, no data directory, nothing kept.

    `events` are as for Client.send. A DataFrame gives a DataFrame (see to_frame), anything else a
    list of outcomes; both in the order of the events.
    """
    command = [program(), "score", os.fspath(pipeline), "--in", "-", "--out", "-"]
    command += [f"--set={one}" for one in sets]
    with tempfile.TemporaryFile() as lines:    # A pipe on both sides could fill up on both.
        for event in rows_of(events):
            lines.write(json_line(event) + b"\n")
        lines.seek(0)
        outcomes = list(_lines(command, lines))
    return to_frame(outcomes) if hasattr(events, "itertuples") else outcomes


def _lines(command: list[str], stdin: Any) -> Iterator[dict[str, Any]]:
    """The lines that a command prints. What it says on stderr is the error's text."""
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=said) as process:
            try:
                for line in process.stdout:
                    yield json.loads(line)
            except GeneratorExit:
                process.terminate()      # Nobody wants the rest.
                raise
        said.seek(0)
        if process.returncode != 0:
            text = said.read(10_000).decode(errors="replace").strip()
            raise OuzelError(text or f"{command[0]} ended with {process.returncode}")
