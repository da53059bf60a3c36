#!/usr/bin/env python3
"""What the built-in detector finds in labelled data, by `ouzel score`, beside published figures.

  bench/detector_quality.py [DATA]        (DATA holds asd/ smd/ nab/; without it: ../shared/data)

Protocol: one pass in order, no look-ahead, no point adjustment. A file is one device. ASD and SMD
have a training part: the detector runs over it first, unlabelled, and only the test part counts.
AUC-PR is average precision; ties share. NAB's score is its standard profile (reward of the earliest
hit in a window, 0.11 a false alarm, 1 a missed window; the first 15 % of a file do not count), with
one threshold for all files, chosen on the labels, as NAB's own protocol has it: so it flatters.
"""
import bisect
import csv
import gzip
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUZEL = pathlib.Path(os.environ.get("OUZEL_BUILD", ROOT / "build")) / "ouzel"
START_S = 1_767_225_600          # 2026-01-01T00:00:00Z
SPACING_S = {"asd": 300, "smd": 60, "nab": 300}
THRESHOLDS = 400
ALARM = 0.9                      # The default of decide.threshold.


def table(path):
    """(names of the columns, rows as text)."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def scores(values, spacing_s):
    """The score of each row of `values` (lists of text), as the events of one device."""
    names = [f"c{i:02}" for i in range(len(values[0]))]
    fields = "".join(f"    {name}: {{type: number, required: false}}\n" for name in names)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "pipeline.yaml").write_text(
            "name: quality\nsource: {http: {}}\nschema:\n  key: device\n  time: t\n  fields:\n"
            + fields + "model: detector\n", encoding="ascii")
        with open(folder / "events.csv", "w", encoding="ascii") as out:
            out.write("device,t," + ",".join(names) + "\n")
            for i, row in enumerate(values):
                out.write(f"d,{START_S + i * spacing_s}," + ",".join(row) + "\n")
        done = subprocess.run([OUZEL, "score", "pipeline.yaml", "--in", "events.csv"], cwd=folder,
                              capture_output=True, text=True, check=True)
    out = []
    for line in done.stdout.splitlines():
        data = json.loads(line)["data"]
        if data["status"] != "scored":
            sys.exit(f"a row was rejected: {data['reason']}: {data['detail']}")
        out.append(data["score"])
    return out


def average_precision(scored):
    """Σ precision at each hit / hits, of (score, is an anomaly); ties share."""
    scored = sorted(scored, key=lambda pair: -pair[0])
    hits = total = at = 0
    anomalies = sum(anomaly for _, anomaly in scored)
    while at < len(scored):
        end = at
        here = 0
        while end < len(scored) and scored[end][0] == scored[at][0]:
            here += scored[end][1]
            end += 1
        hits += here
        total += here * hits / end
        at = end
    return total / anomalies if anomalies else 0.0


def server_metrics(data, name):
    """(mean AUC-PR, false alarms an event at the default threshold)."""
    precisions, normal, alarms = [], 0, 0
    for path in sorted((data / name).glob("*_test.csv.gz")):
        head, test = table(path)
        _, train = table(path.with_name(path.name.replace("_test", "_train")))
        columns = [i for i, column in enumerate(head) if i > 0 and column != "label"]
        label = head.index("label")
        rows = [[row[i] for i in columns] for row in train + test]
        marks = [row[label] == "1" for row in test]
        scored = list(zip(scores(rows, SPACING_S[name])[len(train):], marks))
        precisions.append(average_precision(scored))
        normal += len(marks) - sum(marks)
        alarms += sum(score >= ALARM and not anomaly for score, anomaly in scored)
    return sum(precisions) / len(precisions), alarms / normal


def weight(y):
    return 2 / (1 + math.exp(min(5 * y, 700))) - 1


def file_score(file, threshold, hold_off):
    """NAB's score of one (scores, windows [first, last]); one alert in `hold_off` rows."""
    found, windows = file
    skip = min(len(found) * 15 // 100, 750)
    ends = [last for _, last in windows]
    hit = [False] * len(windows)
    total, quiet = 0.0, 0
    for i in (i for i, score in enumerate(found) if score >= threshold):
        if i < skip or i < quiet:
            continue
        quiet = i + hold_off
        at = bisect.bisect_left(ends, i)
        if at < len(windows) and i >= windows[at][0]:
            if not hit[at]:
                first, last = windows[at]
                total += weight(-(last - i + 1) / (last - first + 1)) / weight(-1)
            hit[at] = True
        elif at == 0:
            total -= 0.11
        else:
            first, last = windows[at - 1]
            y = (i - last) / max(last - first, 1)
            total += -0.11 if y > 3 else 0.11 * weight(y)
    return total - hit.count(False), len(windows)


def nab_score(files, threshold, hold_off):
    parts = [file_score(file, threshold, hold_off) for file in files]
    windows = sum(count for _, count in parts)
    return 100 * (sum(score for score, _ in parts) + windows) / (2 * windows)


def nab(data, hold_off):
    """(best score of one threshold, that threshold, score at the default threshold)."""
    known = json.loads((data / "nab" / "windows.json").read_text(encoding="utf-8"))
    files = []
    for path in sorted((data / "nab").glob("*.csv.gz")):
        _, rows = table(path)
        times = [row[0] for row in rows]
        spans = known.get(path.name.removesuffix(".gz").replace("__", "/", 1), [])
        windows = [(bisect.bisect_left(times, start[:19]), bisect.bisect_right(times, end[:19]) - 1)
                   for start, end in spans]
        files.append((scores([row[1:] for row in rows], SPACING_S["nab"]), windows))
    ordered = sorted(score for found, _ in files for score in found)
    shares = (10 ** (-1 - 4 * i / THRESHOLDS) for i in range(THRESHOLDS))
    tried = {ordered[min(int(len(ordered) * (1 - share)), len(ordered) - 1)] for share in shares}
    best, at = max((nab_score(files, threshold, hold_off), threshold) for threshold in tried)
    return best, at, nab_score(files, ALARM, hold_off)


def main():
    data = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared" / "data")
    if not (data / "nab").is_dir():
        print(f"detector quality: not measured, no data sets in {data.name}/")
        return
    print(f"{'detector, by ouzel score':<32} {'value':>9}       published")
    smd, smd_alarms = server_metrics(data, "smd")
    print(f"{'SMD, 4 machines, AUC-PR':<32} {smd:>9.3f}       0.555 shrunk Mahalanobis, 0.486 "
          f"EWMA, 0.358 forest (8 machines); {smd_alarms:.5f} false alarms an event")
    asd, asd_alarms = server_metrics(data, "asd")
    print(f"{'ASD, 6 servers, AUC-PR':<32} {asd:>9.3f}       {asd_alarms:.5f} false alarms an "
          "event")
    best, at, default = nab(data, 50)
    print(f"{'NAB, 29 files, standard':<32} {best:>9.1f}       70.1 Numenta HTM, 58.2 Skyline, "
          f"51.7 random cut forest, 39.6 windowed Gaussian (58 files); threshold {at:.4f}, "
          f"{default:.1f} at 0.9")


if __name__ == "__main__":
    main()
