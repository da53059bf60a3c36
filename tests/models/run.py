#!/usr/bin/env python3
"""Parity of exported models with the libraries that made them: tests/models/run.py [STACK…].

Stacks: trees (scikit-learn, XGBoost, LightGBM), keras, torch. Each makes its models with its own
tools; `ouzel score` scores 10,000 rows of each; the scores may differ by 1e-5 (relative beyond 1)
and no label may flip. And pages: what docs/ says of a library, typed. A stack that cannot be
installed, or a program without ONNX Runtime, is skipped and said. The last line is `N passed,
N failed, N skipped`.
"""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "docs"))
import pages  # noqa: E402

BUILD = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build"))
OUZEL = BUILD / "ouzel"
CACHE = pathlib.Path(os.environ.get("OUZEL_CACHE", ROOT / ".cache")) / "models"
INSTALL_S = 600
EXPORT_S = 300
SCORE_S = 120
DIFFERENCE_MAX = 1e-5
STACKS = ["trees", "pages", "keras", "torch"]


class Unavailable(Exception):
    """A stack cannot be had here."""


def log(line):
    print(line, flush=True)


def venv_python(stack):
    """The interpreter of a virtual environment with the stack's pinned packages."""
    wanted = (HERE / f"requirements-{stack}.txt").read_text(encoding="ascii")
    folder = CACHE / stack
    mark = folder / "installed.txt"
    python = folder / "bin" / "python"
    if mark.is_file() and mark.read_text(encoding="ascii") == wanted:
        return python
    log(f"models: installing {stack}")
    steps = ([sys.executable, "-m", "venv", "--clear", str(folder)],
             [str(python), "-m", "pip", "install", "-q", "-r",
              str(HERE / f"requirements-{stack}.txt")])
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_S,
                                  check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"cannot install: {type(error).__name__}") from error
        if done.returncode != 0:
            raise Unavailable("cannot install: " + done.stderr.strip()[-300:])
    mark.write_text(wanted, encoding="ascii")
    return python


def torch_python():
    """Debian's PyTorch: what the package index has brings gigabytes for graphics cards along."""
    python = "/usr/bin/python3"
    probe = subprocess.run([python, "-W", "ignore", "-c", "import torch"], capture_output=True,
                           text=True, check=False)
    if probe.returncode != 0:
        raise Unavailable("no python3-torch: scripts/setup models installs it")
    return python


def export(stack, folder):
    python = torch_python() if stack == "torch" else venv_python(stack)
    done = subprocess.run([str(python), "-W", "ignore", str(HERE / f"export_{stack}.py"),
                           str(folder)], capture_output=True, text=True, timeout=EXPORT_S,
                          check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode != 0:
        raise RuntimeError("the export failed: " + done.stderr.strip()[-1000:])


def scores(case):
    """Score and label of each row, as the program gives them."""
    done = subprocess.run([str(OUZEL), "score", "pipeline.yaml", "--in", "rows.csv"], cwd=case,
                          capture_output=True, text=True, timeout=SCORE_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ouzel score ended with {done.returncode}: {done.stderr[-500:]}")
    out = []
    for line in done.stdout.splitlines():
        data = json.loads(line)["data"]
        if data["status"] != "scored":
            raise RuntimeError(f"a row was rejected: {data['reason']}: {data['detail']}")
        out.append((data["score"], data["label"] == "anomaly"))
    return out


def compare(case):
    """(largest difference, flipped labels, rows compared)."""
    with open(case / "expected.txt", encoding="ascii") as lines:
        expected = [float(line) for line in lines]
    threshold = json.loads((case / "case.json").read_text(encoding="ascii"))["threshold"]
    got = scores(case)
    if len(got) != len(expected):
        raise RuntimeError(f"{len(expected)} rows expected, got {len(got)}")
    largest, flipped, compared = 0.0, 0, 0
    for (score, anomaly), want in zip(got, expected):
        if math.isnan(want):
            continue
        compared += 1
        largest = max(largest, abs(score - want) / max(1.0, abs(want)))
        # A score within the tolerance of the threshold may stand on either side.
        near = abs(want - threshold) <= DIFFERENCE_MAX * max(1.0, abs(want))
        flipped += anomaly != (want >= threshold) and not near
    return largest, flipped, compared


def run_stack(stack):
    """(passed, failed)."""
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        export(stack, folder)
        for case in sorted(pathlib.Path(folder).iterdir()):
            started = time.monotonic()
            try:
                largest, flipped, compared = compare(case)
                good = largest <= DIFFERENCE_MAX and flipped == 0 and compared > 9000
                what = (f"{compared} rows, largest difference {largest:.1e}, "
                        f"{flipped} labels flipped")
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                good, what = False, str(error)
            passed, failed = passed + good, failed + (not good)
            log(f"{'ok    ' if good else 'FAILED'} {case.name}: {what}, "
                f"{time.monotonic() - started:.1f} s")
    return passed, failed


def type_pages():
    """(passed, failed): blocks, pages."""
    place = pages.Place(programs=(venv_python("trees").parent,))
    passed = failed = 0
    for path in pages.of("models"):
        fault, blocks = pages.check(path, "models", place)
        log(f"FAILED {fault}" if fault else f"ok     {path.name}: {blocks} blocks")
        passed, failed = passed + (0 if fault else blocks), failed + bool(fault)
    return passed, failed


def has_onnx():
    done = subprocess.run([str(OUZEL), "version", "--json"], capture_output=True, text=True,
                          check=True)
    return bool(json.loads(done.stdout).get("features", {}).get("model.onnx"))


def main():
    passed = failed = skipped = 0
    stacks = sys.argv[1:] or STACKS
    for stack in stacks:
        if stack not in STACKS:
            sys.exit(f"models: unknown stack {stack} (known: {' '.join(STACKS)})")
        if not has_onnx():
            log(f"skipped {stack}: this program has no ONNX Runtime")
            skipped += 1
            continue
        try:
            good, bad = type_pages() if stack == "pages" else run_stack(stack)
            passed, failed = passed + good, failed + bad
        except Unavailable as why:
            log(f"skipped {stack}: {why}")
            skipped += 1
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            log(f"FAILED {stack}: {error}")
            failed += 1
    log(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
