"""The card of an ONNX model: what goes in, and what was normal in training."""
from __future__ import annotations

import csv
import os
import subprocess
import tempfile
from typing import Any, Iterable

from ouzel.errors import OuzelError
from ouzel.frames import rows_of
from ouzel.program import program


def write_model_card(model: str | os.PathLike[str], out: str | os.PathLike[str], *,
                     features: Iterable[str] | None = None, reference: Any = None,
                     threshold: float | None = None, name: str | None = None,
                     version: int | None = None) -> None:
    """Writes `out`: the ONNX file `model` with its card, as `ouzel model card` does.

    `features` are the names of the model's inputs in its order. `reference` are the rows it was
    trained on: a DataFrame, an iterable of mappings, or the path of a CSV file; their means and
    quantiles go into the card. Without `features`, a DataFrame's columns are the features.
    `threshold`: the score, or error of an autoencoder, from which a row is odd. `version`: from 1,
    as outcomes and metrics name it; left out, the file's stays.
    """
    if features is None and hasattr(reference, "columns"):
        features = [str(column) for column in reference.columns]
    names = None if features is None else list(features)
    for one in names or []:
        if "," in one or not one:
            raise OuzelError(f"a feature needs a name without a comma: {one!r}")
    command = [program(), "model", "card", os.fspath(model), "--out", os.fspath(out)]
    command += [f"--features={','.join(names)}"] if names else []
    command += [f"--threshold={threshold!r}"] if threshold is not None else []
    command += [f"--name={name}"] if name is not None else []
    command += [f"--version={version}"] if version is not None else []
    if reference is None or isinstance(reference, (str, os.PathLike)):
        return _run(command + ([f"--reference={os.fspath(reference)}"] if reference else []))
    if not names:
        raise OuzelError("features: which columns of the reference go in, in order")
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(names)
        for row in rows_of(reference):
            if missing := [one for one in names if one not in row]:
                raise OuzelError(f"a row of the reference has no {missing[0]!r}")
            writer.writerow([_cell(row[one]) for one in names])
        table.flush()
        return _run(command + [f"--reference={table.name}"])


def _cell(value: Any) -> str:
    """A number as text; empty: missing."""
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    return repr(float(value))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise OuzelError(done.stderr.decode(errors="replace").strip() or
                         f"{command[0]} ended with {done.returncode}")
