"""What every export script writes for a model, and how: one folder with the model, its rows as CSV,
the pipeline that scores them, and what the library itself predicts.
"""
import json
import pathlib

import numpy as np

ROWS = 10_000
FEATURES = 6
START_S = 1_767_225_600          # 2026-01-01T00:00:00Z


def names(count=FEATURES):
    return [f"f{i}" for i in range(count)]


def training_rows(seed=1, rows=2000, columns=FEATURES):
    """(X float32, y 0/1): a rule that no linear model holds, with some noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)).astype(np.float32)
    margin = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + 0.3 * random.normal(size=rows)
    return x, (margin > 0.8).astype(np.int64)


def test_rows(seed=2, missing=False, extreme=1e6, columns=FEATURES):
    """10,000 float32 rows with extreme values and, where the model bears it, missing ones."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(ROWS, columns)).astype(np.float32)
    marks = random.random(x.shape)
    x[marks < 0.02] = 0
    x[(marks > 0.02) & (marks < 0.03)] = np.float32(extreme)
    x[(marks > 0.03) & (marks < 0.04)] = np.float32(-extreme)
    x[(marks > 0.04) & (marks < 0.05)] = np.float32(1e-30)
    if missing:
        x[marks > 0.9] = np.nan
    return x


ERROR_THRESHOLD = 2.0
AUTOENCODER = {"kind": "autoencoder", "error_threshold": ERROR_THRESHOLD}


def autoencoder_score(rows, again):
    """The mean squared error e of a row in double precision, as e / (e + threshold / 9)."""
    difference = again.astype(np.float64) - rows.astype(np.float64)
    error = np.mean(difference * difference, axis=1)
    return error / (error + ERROR_THRESHOLD / 9)


def write(folder, model, rows, expected, options=None, threshold=0.5):
    """`model`: bytes of the ONNX file. `expected`: a float a row, NaN where nothing is compared.
    `options`: what the pipeline's model section says beside the file and its inputs."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    columns = names(rows.shape[1])
    with open(folder / "rows.csv", "w", encoding="ascii") as out:
        out.write("device,ts," + ",".join(columns) + "\n")
        for i, row in enumerate(rows):
            cells = ("" if np.isnan(v) else np.format_float_scientific(v, trim="0") for v in row)
            out.write(f"d,{START_S + i}," + ",".join(cells) + "\n")
    with open(folder / "expected.txt", "w", encoding="ascii") as out:
        out.writelines(f"{float(v)!r}\n" for v in np.asarray(expected, dtype=np.float64))
    (folder / "case.json").write_text(json.dumps({"threshold": threshold}), encoding="ascii")
    section = {"file": "model.onnx", "inputs": columns, **(options or {})}
    fields = "".join(f"    {name}: {{type: number, required: false}}\n" for name in columns)
    (folder / "pipeline.yaml").write_text(
        "name: parity\nsource: {http: {}}\nschema:\n  key: device\n  time: ts\n  fields:\n" + fields
        + f"model: {{onnx: {json.dumps(section)}}}\n"
        + f"decide: {{threshold: {threshold!r}, review: {threshold!r}, hold_off: 0s}}\n",
        encoding="ascii")
