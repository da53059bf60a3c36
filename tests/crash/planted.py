#!/usr/bin/env python3
"""Plants each fault of base/fault.h in the engine and requires that the checker cries.

Most faults show in a kill loop of the right mode (`slow`: mode forget with a log that syncs slower
than the snapshots). Two need more: `truncate_at_bad_frame` a flipped byte below frames that were
acknowledged, `accept_recycled_frame` the old frames of a recycled file just where the log ends.
Prints one line a fault and `planted faults caught: X of Y`; exit 1 unless all are.
"""
import argparse
import os
import random
import struct
import sys
import time
from collections import Counter

import campaign as campaigns
import checker
import engine as engines
import kill_loop
import ledger as ledgers
import load as loads
import ouzel_log

# Fault -> (mode of the kill loop, or a scenario here; what shows it).
FAULTS = {
    'ack_before_sync': ('forget', 'LOST: acknowledged, and gone with the unsynced bytes'),
    'duplicate_before_durable': ('slow', 'LOST: a twin was answered, its original is gone'),
    'outcome_before_durable': ('slow', 'EARLY: a watcher saw an outcome that is gone'),
    'commit_past_end': ('plain', 'PHANTOM, HOLE or DAMAGE: outcomes without events'),
    'truncate_at_bad_frame': ('damaged', 'LOST: acknowledged events behind a flipped byte'),
    'accept_recycled_frame': ('recycled', 'PHANTOM or HOLE: old frames came back'),
    'append_to_found_segment': ('plain', 'DAMAGE: frames in a segment that recovery found'),
    'trust_page_cache': ('plain', 'DAMAGE: a new segment begins above what was proven'),
    'apply_twice': ('plain', 'STATE: features differ from the sequential reference'),
    'snapshot_ahead': ('slow', 'EARLY: a snapshot whose commit is not there'),
    'counter_from_memory': ('plain', 'IDENTITY: totals differ from the rows counted'),
    'lost_directory_entry': ('forget', 'LOST or DAMAGE: a segment without its name'),
}


def by_kill_loop(options, fault, mode, counts):
    slow = ['--slow-log'] if mode == 'slow' else []
    arguments = [*slow, '--mode', 'forget' if mode == 'slow' else mode, '--kills', '10000',
                 '--seed', str(options.seed), '--fault', fault, '--stop-at-first', '--seconds-max',
                 str(options.seconds_max), '--program', options.program, '--kills-per-directory',
                 '12']
    kill_loop.run(kill_loop.parse_options(arguments), counts)


class Scenario:
    """One directory: a life under load and a kill, a change by hand, a life with the fault."""

    def __init__(self, options, fault, counts, place, seed):
        self.rng = random.Random(seed)
        self.data_dir = os.path.join(place, 'data')
        self.engine = engines.Engine(options.program, place, self.data_dir,
                                     settings=campaigns.SMALL)
        self.environment = {'OUZEL_TEST_FAULT': fault}
        self.ledger = ledgers.Ledger(self.rng)
        self.load = loads.Load(self.rng, self.ledger)
        self.counts = counts
        self.checker = checker.Checker(self.ledger, self.data_dir, counts)

    def life(self, events, environment=None):
        """Until so many events are acknowledged and the engine has answered twice."""
        self.engine.start(2, environment)
        begin, before = time.monotonic(), len(self.ledger.acked)
        scrapes = self.load.scraper.scrapes
        self.load.run(self.engine, lambda: (time.monotonic() - begin > 5 or
                                            (len(self.ledger.acked) >= before + events and
                                             self.load.scraper.scrapes >= scrapes + 2)))
        self.engine.kill()
        self.load.after_death()

    def damaged(self):
        """A flipped byte below frames that were acknowledged: an honest engine stops that partition
        and keeps every byte; a cut loses all behind it."""
        self.life(600)
        self.checker.check(self.load.watcher.seen)
        log = self.checker.log
        events = [frame for frame in log.frames if frame.topic == ouzel_log.EVENTS and
                  frame.generation == log.frames[-1].generation and frame.end <= log.durable_end]
        if len(events) < 6:
            return  # It has just rolled; another seed.
        frame = events[len(events) // 2]
        path = os.path.join(self.data_dir, 'log', f'{frame.generation:016x}.seg')
        segment = next(item for item in self.checker.log.segments if item.path == path)
        at = ouzel_log.PAGE + frame.position - segment.base + ouzel_log.HEADER.size
        with open(path, 'r+b') as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes((byte ^ 1,)))
        self.load.sending = False
        self.life(0, self.environment)
        behind = {name for name in self.checker.frames if name[0] == ouzel_log.EVENTS}
        log, _, _ = ouzel_log.read_data_dir(self.data_dir)
        kept = {(item.topic, item.partition, item.base, item.rows) for item in log.frames}
        lost = behind - kept - {(frame.topic, frame.partition, frame.base, frame.rows)}
        for name in sorted(lost):
            self.counts.cry('LOST', f'events {name[1:]} stood behind a flipped byte')

    def recycled(self):
        """Where the log ends, the old frame of another generation follows."""
        self.life(300)
        self.checker.check(self.load.watcher.seen)
        log = self.checker.log
        old = [frame for frame in log.frames if frame.topic == ouzel_log.EVENTS][0]
        segment = log.segments[-1]
        log_id, _ = ouzel_log.read_identity(self.data_dir)
        data = stale_frame(old, log.end, segment.generation - 1, log_id)
        with open(segment.path, 'r+b') as file:
            file.seek(ouzel_log.PAGE + log.end - segment.base)
            file.write(data)
        self.load.sending = False
        self.life(0, self.environment)
        self.checker.check(self.load.watcher.seen)


def stale_frame(old, position, generation, log_id):
    """The bytes of an old frame as its segment's former life left them."""
    head = ouzel_log.HEADER.pack(b'OZF1', 1, old.topic, old.partition, old.base, old.rows,
                                 len(old.body), old.accepted, old.synced_to, generation, position,
                                 ouzel_log.crc32c(old.body), 0)[:60]
    seal = ouzel_log.crc32c(head, ouzel_log.crc32c(log_id.to_bytes(8, 'little')))
    data = head + struct.pack('<I', seal) + old.body
    return data + bytes(-len(data) % 8)


def by_scenario(options, fault, name, counts):
    """First without the fault: the scenario itself must be silent. Then with it."""
    deadline = time.monotonic() + options.seconds_max
    honest = checker.Counts()
    for seed in range(options.seed, options.seed + 50):
        for planted, found in (('', honest), (fault, counts)):
            with engines.workplace() as place:
                scenario = Scenario(options, planted, found, place, seed)
                try:
                    getattr(scenario, name)()
                finally:
                    scenario.engine.end()
        if honest.total():
            print(f'  {name}: cries without a fault: {honest.line()}')
            counts.of = dict.fromkeys(checker.COUNTS, 0)
            return
        if counts.total() or time.monotonic() > deadline:
            return


def catch(options, fault):
    """True if the checker cries. One line says what, and how soon."""
    mode, shows = FAULTS[fault]
    quiet = [] if not options.verbose else None
    counts = checker.Counts(print if quiet is None else quiet.append)
    begin = time.monotonic()
    if mode in (*kill_loop.MODES, 'slow'):
        by_kill_loop(options, fault, mode, counts)
    else:
        by_scenario(options, fault, mode, counts)
    found = Counter({name: count for name, count in counts.of.items() if count})
    seconds = time.monotonic() - begin
    said = ', '.join(f'{name} {count}' for name, count in found.most_common())
    print(f'{"caught" if found else "MISSED"} {fault} ({mode}, {seconds:.1f} s): '
          f'{said or "expected " + shows}', flush=True)
    return bool(found)


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('faults', nargs='*', help='only these; by default all')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--program', help='ouzel_hooks; by default from build/')
    parser.add_argument('--seconds-max', type=float, default=40, help='for each fault')
    parser.add_argument('--verbose', action='store_true', help='print what the checker says')
    options = parser.parse_args(arguments)
    options.program = options.program or engines.default_program(True)
    options.faults = options.faults or list(FAULTS)
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        parser.error(f'no such fault: {", ".join(sorted(unknown))}')
    return options


def main():
    options = parse_options()
    engines.require(options.program)
    caught = sum(catch(options, fault) for fault in options.faults)
    print(f'planted faults caught: {caught} of {len(options.faults)}')
    return 0 if caught == len(options.faults) else 1


if __name__ == '__main__':
    sys.exit(main())
