#!/usr/bin/env python3
"""Damages copies of a data directory, one place at a time, and asks the engine what it makes of it.

Each case must be reported (exit status, stderr, a stopped partition) or be harmless (the same
events and outcomes); what is shown beside a report must still be true. A silent other answer is a
failure. One directory was stopped cleanly, one was killed under load, and one, killed too, is of a
pipeline with a model, a table and file sinks, which must hold their topic once all the same. Where
nothing on disk proves that the lost bytes were ever synced (the end of the log cut off, or a flip
behind the last witness after a kill), damage cannot be told from a torn tail: a shorter, otherwise
equal answer is then counted as `torn`. So is the loss of a whole oldest segment (cut off within its
header page), which looks as if retention had removed it.
"""
import argparse
import json
import os
import random
import re
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass

import campaign as campaigns
import checker
import client
import engine as engines
import ledger as ledgers
import load as loads
import ouzel_log
import pipelines
import sinks

SECTOR = 512
TOPICS = ('events', 'outcomes')
KINDS = ('flip', 'flip', 'flip', 'flip', 'flip', 'truncate', 'zero', 'misdirect')
RUN_SHARE = 0.2   # Of the cases that a running engine judges too, beside `tap`.


@dataclass
class Base:
    """A directory to damage, and what it truthfully shows."""
    name: str
    place: str
    data_dir: str
    shown: dict      # topic -> lines of tap
    after: list      # tap outcomes after the same further events were sent
    more: bytes      # Those events.
    proven: int      # Log position below which the disk proves what was synced.
    places: dict     # topic -> {partition:offset: log position of its frame}
    pipeline: pipelines.Pipeline


@dataclass
class Case:
    path: str        # Relative to the data directory.
    kind: str
    at: int
    bit: int = 0


def make_base(options, place, name, pipeline):
    """Fills a directory with some thousand events over several lives."""
    rng = random.Random(options.seed)
    data_dir = os.path.join(place, name)
    engine = engines.Engine(options.program, place, data_dir, pipeline, campaigns.SMALL)
    load = loads.Load(rng, ledgers.Ledger(rng), pause=0.002)
    for life in range(3):
        engine.start(workers=life + 1)
        begin, before = time.monotonic(), len(load.ledger.acked)
        load.run(engine, lambda: (time.monotonic() - begin > 10 or
                                  len(load.ledger.acked) > before + options.events // 3))
        if life == 2 and name == 'clean':
            load.settle(engine)
            engine.stop()
        engine.kill()
        load.after_death()
    log, _, _ = ouzel_log.read_data_dir(data_dir)
    shown = {}
    for topic in TOPICS:
        shown[topic], code, said = engines.tap(options.program, data_dir, topic)
        if code != 0:
            raise SystemExit(f'{name}: tap {topic} before any damage: exit {code}: {said}')
    more = further_events()
    base = Base(name, place, data_dir, shown, [], more, log.durable_end, {}, pipeline)
    base.places = {topic: frame_places(log, topic) for topic in TOPICS}
    verdict = run_copy(options, base, None)
    if verdict.reported:
        raise SystemExit(f'{name}: not accepted before any damage: {verdict.reported}')
    base.after = verdict.lines
    return base


def further_events():
    """Events that make the state visible: outcomes of keys that the directory knows."""
    lines = []
    for index in range(48):
        key = f'key-{index % 24}'
        data = {'device': key, 'ts': ledgers.START_NS + 10**15 + index * 10**9, 'u': 10**8 + index,
                'n': 10**6 + index, 'v': index}
        lines.append(json.dumps({'specversion': '1.0', 'type': 'crash', 'source': '/flip',
                                 'id': f'further-{index}', 'data': data}).encode())
    return b'\n'.join(lines)


def frame_places(log, topic):
    return {f'{frame.partition}:{frame.base + row}': frame.position for frame in log.frames
            if ouzel_log.TOPICS[frame.topic] == topic for row in range(frame.rows)}


def address_of(line):
    """partition:offset of a line of `tap`."""
    parsed = json.loads(line)
    return parsed.get('ouzelposition') or parsed['id']


def paths(base):
    """All files of the directory but those that file sinks made for others."""
    for folder, folders, names in os.walk(base.data_dir):
        folders[:] = sorted(set(folders) - {'out'})
        yield from (os.path.join(folder, name) for name in sorted(names))


def choose(base, rng):
    """A case: file by weight of its meaningful bytes, then a place in it."""
    files = [path for path in paths(base) if os.path.getsize(path)]
    weights = [min(os.path.getsize(path), 1 << 20) if path.endswith('.seg') else
               min(os.path.getsize(path), 1 << 15) for path in files]
    path = rng.choices(files, weights)[0]
    with open(path, 'rb') as file:
        used = len(file.read().rstrip(b'\0')) or 1
    at = rng.randrange(min(used + SECTOR, os.path.getsize(path)))
    if rng.random() < 0.15:
        at = rng.randrange(min(ouzel_log.PAGE, os.path.getsize(path)))
    return Case(os.path.relpath(path, base.data_dir), rng.choice(KINDS), at, rng.randrange(8))


def damage(data_dir, case):
    path = os.path.join(data_dir, case.path)
    with open(path, 'r+b') as file:
        data = file.read()
        sector = case.at // SECTOR * SECTOR
        if case.kind == 'truncate':
            file.truncate(case.at)
            return
        if case.kind == 'flip':
            at, new = case.at, bytes((data[case.at] ^ (1 << case.bit),))
        elif case.kind == 'zero':
            at, new = sector, bytes(len(data[sector:sector + SECTOR]))
        else:  # A sector written to a wrong place: its neighbour's content is here.
            next_one = sector + SECTOR
            source = next_one if next_one + SECTOR <= len(data) else max(0, sector - SECTOR)
            at, new = sector, data[source:source + SECTOR][:len(data) - sector]
        file.seek(at)
        file.write(new)


@dataclass
class Verdict:
    reported: str = ''
    lines: list = None
    sink_fault: str = ''


def tap_copy(options, data_dir, topic):
    lines, code, said = engines.tap(options.program, data_dir, topic)
    return Verdict(f'exit {code}: {said}' if code != 0 or said.strip() else '', lines)


def run_copy(options, base, case):
    """Starts the engine on a copy, sends the further events, shows the outcomes."""
    copy = os.path.join(base.place, 'copy')
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(base.data_dir, copy)
    if case:
        damage(copy, case)
    engine = engines.Engine(options.program, base.place, copy, base.pipeline, campaigns.SMALL)
    engine.log_path = os.path.join(base.place, 'copy.log')
    if os.path.exists(engine.log_path):
        os.remove(engine.log_path)
    engine.start(workers=1)
    reported = ''
    try:
        with client.connect(engine, 10) as connection:
            reply = client.post(connection, base.more)
            if reply.get('accepted') != base.more.count(b'\n') + 1:
                reported = 'further events refused'
            deadline = time.monotonic() + 10
            while not client.at_rest(connection):
                if time.monotonic() > deadline:
                    reported = reported or 'no rest'
                    break
                time.sleep(0.005)
    except (RuntimeError, OSError) as error:
        reported = f'not up: {str(error)[:200]}'
    code = engine.stop() if engine.alive() else engine.process.returncode
    loud = re.search(r'.*(damage|corrupt|partition stopped).*', engine.log_tail(200), re.I)
    reported = reported or (f'exit {code}' if code != 0 else '') or (loud[0] if loud else '')
    verdict = tap_copy(options, copy, 'outcomes')
    verdict.reported = reported or verdict.reported
    if base.name == 'sinks':
        verdict.sink_fault = sinks.file_fault(copy, 'all', sinks.decoded(verdict.lines))
    return verdict


def judge(base, case, verdict, truth, places):
    """reported, harmless, torn or SILENT."""
    got, want = Counter(verdict.lines), Counter(truth)
    if got - want:
        return 'SILENT', f'shows what is not true: {next(iter(got - want))!r}'
    if verdict.reported:
        return 'reported', ''
    if got == want:
        return 'harmless', ''
    missing = want - got
    cut = min(places.get(address_of(line), 0) for line in missing)
    later = [line for line in got if places.get(address_of(line), 0) > cut]
    unprovable = case.kind == 'truncate' or cut >= base.proven
    gone = case.kind == 'truncate' and case.at < ouzel_log.PAGE
    if (gone or (unprovable and not later)) and case.path.startswith('log'):
        return 'torn', ''
    return 'SILENT', f'{sum(missing.values())} lines are missing: {next(iter(missing))!r}'


def judge_run(base, case, verdict):
    """The same after a restart and further events, which show the state of the old ones."""
    old = Verdict(verdict.reported, [line for line in verdict.lines if b'"/flip"' not in line])
    truth = [line for line in base.after if b'"/flip"' not in line]
    found = judge(base, case, old, truth, base.places['events'])
    if found[0] == 'harmless' and Counter(verdict.lines) != Counter(base.after):
        wrong = Counter(verdict.lines) - Counter(base.after) or Counter(base.after)
        return 'SILENT', f'another outcome after the restart: {next(iter(wrong))!r}'
    if case.path.startswith('sinks/') and case.kind == 'truncate' and case.at == 0:
        return found  # As if somebody had removed it, which is how to begin anew.
    if found[0] == 'harmless' and verdict.sink_fault:
        return 'SILENT', f'file sink after the restart: {verdict.sink_fault}'
    return found


def check_case(options, base, case, running):
    """The worst verdict over what was asked, with its reason."""
    copy = os.path.join(base.place, 'copy')
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(base.data_dir, copy)
    damage(copy, case)
    found = [judge(base, case, tap_copy(options, copy, topic), base.shown[topic],
                   base.places[topic]) for topic in TOPICS]
    if running:
        found.append(judge_run(base, case, run_copy(options, base, case)))
    order = ('SILENT', 'reported', 'torn', 'harmless')
    return min(found, key=lambda item: order.index(item[0]))


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cases', type=int, default=300)
    parser.add_argument('--every-byte', action='store_true', help='flip every used byte instead')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--program', help='ouzel or ouzel_hooks; by default from build/')
    parser.add_argument('--events', type=int, default=900, help='in each directory')
    parser.add_argument('--seconds-max', type=float, default=3600)
    options = parser.parse_args(arguments)
    options.program = options.program or engines.default_program(False)
    return options


def every_byte(base):
    for path in paths(base):
        with open(path, 'rb') as file:
            used = len(file.read().rstrip(b'\0'))
        for at in range(used):
            yield Case(os.path.relpath(path, base.data_dir), 'flip', at, at % 8)


def run(options, counts):
    """Returns a Counter of verdicts."""
    engines.require(options.program)
    verdicts, deadline = Counter(), time.monotonic() + options.seconds_max
    rng = random.Random(options.seed)
    with engines.workplace() as place:
        wanted = {'clean': pipelines.Pipeline(), 'killed': pipelines.Pipeline()}
        if engines.has_onnx(options.program):
            sinks.write_assets(place)
            wanted['sinks'] = sinks.SinkPipeline(files=True)
        else:
            print('skipped flips of the directory with sinks: built without ONNX Runtime')
        bases = [make_base(options, place, name, pipeline) for name, pipeline in wanted.items()]
        cases = ([(base, case) for base in bases for case in every_byte(base)]
                 if options.every_byte else
                 [(base, choose(base, rng)) for index in range(options.cases)
                  for base in (bases[index % len(bases)],)])
        for base, case in cases:
            if time.monotonic() > deadline:
                break
            running = not case.path.startswith('log/') or rng.random() < RUN_SHARE
            verdict, why = check_case(options, base, case, running)
            verdicts[verdict] += 1
            if verdict == 'SILENT':
                counts.cry('STATE', f'{base.name}: {case}: {why}')
    return verdicts


def main():
    options = parse_options()
    counts = checker.Counts()
    verdicts = run(options, counts)
    print(f'flips seed {options.seed}: {sum(verdicts.values())} cases: reported '
          f"{verdicts['reported']} harmless {verdicts['harmless']} torn {verdicts['torn']} silent "
          f"{verdicts['SILENT']}")
    return 1 if verdicts['SILENT'] or not verdicts else 0


if __name__ == '__main__':
    sys.exit(main())
