#!/usr/bin/env python3
"""Kills a real engine under load, again and again, and checks what is left each time.

Modes: plain (the page cache survives), forget (what was not synced is lost, torn and reordered;
some syncs fail), syscall (killed at the Nth call of a system call, by strace), recovery (killed
mostly while it starts, with the door busy). One data directory lives through many kills; at its end
all it holds is compared with a sequential reference and with a run that was never killed.
Prints one line of counts; exit 1 if any is not zero.
"""
import argparse
import json
import os
import random
import socket
import subprocess
import sys
import time

import checker
import engine as engines
import ledger as ledgers
import load as loads

MODES = ('plain', 'forget', 'syscall', 'recovery')
WORKERS = (1, 2, 7)
# Small files, so that rolls, recycling, snapshots and retention are common.
SMALL = ('limits.segment_bytes=64KiB', 'limits.snapshot_bytes=64KiB', 'limits.keys=10000')
# More than one life writes, so that the checker sees every row before it goes.
RETENTION = ('limits.log_bytes=4MiB',)
SYSCALLS = ('fdatasync', 'fdatasync', 'pwrite64', 'pwrite64', 'pwrite64', 'fsync', 'rename',
            'ftruncate', 'unlink', 'openat', 'sendmsg', 'mkdir')
BATCH_ROWS = 60


class Figures:
    def __init__(self):
        self.kills = 0
        self.lives = 0
        self.acknowledged = 0
        self.outcomes = 0
        self.shown = 0
        self.scrapes = 0
        self.restart_s = []

    def percentile(self, share):
        ordered = sorted(self.restart_s) or [0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class Campaign:
    """One data directory from its birth to its final comparison."""

    def __init__(self, options, seed, counts, figures, place):
        self.options = options
        self.mode = options.mode
        self.rng = random.Random(seed)
        self.counts = counts
        self.figures = figures
        self.place = place
        self.data_dir = os.path.join(place, 'data')
        self.program = options.program or engines.default_program(self.mode == 'forget')
        retention = RETENTION if self.rng.random() < 0.5 else ()
        self.settings = (*SMALL, *retention, *options.set)
        self.engine = engines.Engine(self.program, place, self.data_dir, settings=self.settings)
        self.ledger = ledgers.Ledger(self.rng)
        self.load = loads.Load(self.rng, self.ledger)
        self.checker = checker.Checker(self.ledger, self.data_dir, counts)

    def environment(self):
        out = dict(self.options.environment)
        if self.mode == 'forget':
            out['OUZEL_TEST_FS'] = f'forget:{self.rng.randrange(1 << 30)}'
            if self.rng.random() < 0.15:
                out['OUZEL_TEST_FS'] += f':fail_sync={self.rng.randrange(1, 60)}'
            if self.options.slow_log:
                out['OUZEL_TEST_FS'] += ':sync_us=800:slow=/log/'
            elif self.rng.random() < 0.1:
                out['OUZEL_TEST_FS'] += ':sync_us=200:slow=/log/'
        return out

    def strace(self):
        if self.mode != 'syscall':
            return None
        call = self.rng.choice(SYSCALLS)
        when = int(self.rng.expovariate(1 / 40)) + 1
        return ['-e', f'trace={call}', '-e', f'inject={call}:signal=KILL:when={when}']

    def kill_after(self):
        if self.mode == 'recovery' or self.rng.random() < 0.3:
            return self.rng.random() * 0.15
        return 0.1 + self.rng.random() * (0.9 if self.mode == 'syscall' else 0.35)

    def life(self, seconds):
        strace = self.strace()
        begin = time.monotonic()
        answered = len(self.ledger.acked)
        environment = self.environment()
        self.engine.start(self.rng.choice(WORKERS), environment, strace)
        first = [None]

        def until():
            if first[0] is None and len(self.ledger.acked) > answered:
                first[0] = time.monotonic() - begin
            return time.monotonic() - begin > seconds

        self.load.run(self.engine, until)
        if first[0] is not None and not strace:
            self.figures.restart_s.append(first[0])
        died = not self.engine.alive()
        self.engine.kill()
        expected = (-9, 137) if strace else ()
        if 'fail_sync' in environment.get('OUZEL_TEST_FS', ''):
            expected = (1,)  # A start that cannot sync says so and ends.
        if died and self.engine.process.returncode not in expected:
            self.counts.cry('EXIT', f'the engine ended by itself with '
                                    f'{self.engine.process.returncode}\n{self.engine.log_tail()}')
        self.figures.kills += 1
        self.figures.lives += 1
        self.after_life()

    def after_life(self):
        self.load.after_death()
        self.figures.shown += len(self.load.watcher.seen)
        self.checker.check(self.load.watcher.seen)
        self.load.watcher.seen = {}
        for wrong in self.load.wrong:
            self.counts.cry('ANSWER', wrong)
        for wrong in self.load.identity:
            self.counts.cry('IDENTITY', wrong)
        self.load.wrong, self.load.identity = [], []

    def last_life(self):
        """Runs to rest and stops cleanly."""
        self.engine.start(self.rng.choice(WORKERS), dict(self.options.environment))
        self.figures.lives += 1
        if not self.load.settle(self.engine):
            self.counts.cry('LOST', f'no rest: {self.load.scraper.last}\n{self.engine.log_tail()}')
        code = self.engine.stop()
        if code != 0:
            self.counts.cry('EXIT', f'SIGTERM ended with {code}\n{self.engine.log_tail()}')
        self.after_life()
        self.checker.finish()
        self.figures.acknowledged += len(self.ledger.acked)
        self.figures.outcomes += sum(len(part.outcomes)
                                     for part in self.checker.partitions.values())
        self.figures.scrapes += self.load.scraper.scrapes
        last = self.load.scraper.last
        counted = sum(len(part.events) for part in self.checker.partitions.values())
        if last and last.get(loads.PROMISED[0]) != counted:
            self.counts.cry('IDENTITY', f'{last.get(loads.PROMISED[0])} accepted, {counted} on '
                                        'disk')

    def compare_views(self):
        lines = {}
        for topic in ('events', 'outcomes', 'rejects'):
            lines[topic], code, said = engines.tap(self.program, self.data_dir, topic)
            if code != 0:
                self.counts.cry('VIEW', f'tap {topic}: exit {code}: {said}')
        self.checker.compare_taps(**lines)
        return lines['outcomes']

    def compare_with_never_killed(self, outcomes):
        """The same accepted events, in one clean life: the same bytes."""
        data_dir = os.path.join(self.place, 'never-killed')
        never = engines.Engine(self.program, self.place, data_dir,
                               settings=(*SMALL, *self.options.set))
        never.start(self.rng.choice(WORKERS))
        try:
            replay(never, self.checker, self.counts)
        finally:
            never.stop()
        expected, code, said = engines.tap(self.program, data_dir, 'outcomes')
        if code != 0:
            self.counts.cry('VIEW', f'tap outcomes: exit {code}: {said}')
        got = {json.loads(line)['id']: line for line in outcomes}
        want = {json.loads(line)['id']: line for line in expected}
        for name in sorted(got.keys()):
            if got[name] != want.get(name):
                self.counts.cry('STATE', f'outcome {name} differs from the never-killed run:\n'
                                         f'    {got.get(name)}\n    {want.get(name)}')

    def run(self, kills, deadline):
        for _ in range(kills):
            if time.monotonic() > deadline:
                break
            self.life(self.kill_after())
            if self.counts.total() and self.options.stop_at_first:
                return
        self.last_life()
        self.compare_with_never_killed(self.compare_views())


def replay(engine, check, counts):
    """Sends the accepted events of every partition in their order, on one connection."""
    lines = []
    for _, part in sorted(check.partitions.items()):
        for source, identity, _, _, data in part.content:
            envelope = {'specversion': '1.0', 'type': 'crash', 'source': source, 'id': identity,
                        'data': data}
            lines.append(json.dumps(envelope).encode())
    with connect(engine) as connection:
        for at in range(0, len(lines), BATCH_ROWS):
            reply = post_all(connection, lines[at:at + BATCH_ROWS])
            if reply:
                counts.cry('ANSWER', f'never-killed run: {reply}')
                return
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if at_rest(connection):
                return
            time.sleep(0.01)
    counts.cry('LOST', 'never-killed run: no rest')


def post_all(connection, lines, seconds=10):
    """Sends until all are in; empty, or the last answer if they will not go in."""
    deadline = time.monotonic() + seconds
    while True:
        reply = post(connection, b'\n'.join(lines))
        if reply.get('accepted', 0) + reply.get('duplicates', 0) == len(lines):
            return ''
        if time.monotonic() > deadline:
            return str(reply)[:500]
        time.sleep(0.02)


def connect(engine, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = socket.create_connection(('127.0.0.1', engine.port), timeout=20)
            if ask(connection, b'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')[0] == 200:
                return connection
            connection.close()
        except OSError:
            pass
        if time.monotonic() > deadline or not engine.alive():
            raise RuntimeError(f'the engine did not come up\n{engine.log_tail()}')
        time.sleep(0.01)


def ask(connection, request):
    """(status, body) of one request."""
    connection.sendall(request)
    data = b''
    while b'\r\n\r\n' not in data:
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionResetError
        data += more
    head, _, body = data.partition(b'\r\n\r\n')
    size = next((int(line.split(b':')[1]) for line in head.split(b'\r\n')
                 if line.lower().startswith(b'content-length:')), 0)
    while len(body) < size:
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionResetError
        body += more
    return int(head.split()[1]), body


def at_rest(connection):
    """True if nothing accepted is without its outcome."""
    metrics = ask(connection, b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')[1]
    return b'\nouzel_events_in_flight 0\n' in metrics


def post(connection, body):
    head = ('POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n'
            f'Content-Length: {len(body)}\r\n\r\n')
    return json.loads(ask(connection, head.encode() + body)[1])


def strace_works():
    """False where there is no strace or this process may not trace its children."""
    try:
        done = subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], check=False,
                              capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kills', type=int, default=60)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--mode', choices=MODES, default='plain')
    parser.add_argument('--program', help='ouzel or ouzel_hooks; by default from build/')
    parser.add_argument('--seconds-max', type=float, default=3600, help='no new kill after that')
    parser.add_argument('--kills-per-directory', type=int, default=30)
    parser.add_argument('--set', action='append', default=[], help='more settings, path=value')
    parser.add_argument('--fault', help='plant this fault (OUZEL_TEST_FAULT, needs ouzel_hooks)')
    parser.add_argument('--slow-log', action='store_true', help='mode forget: the log syncs slowly')
    parser.add_argument('--stop-at-first', action='store_true', help='end a directory at a finding')
    options = parser.parse_args(arguments)
    options.environment = {'OUZEL_TEST_FAULT': options.fault} if options.fault else {}
    return options


def run(options, counts):
    """Returns the figures; findings are in counts."""
    figures = Figures()
    deadline = time.monotonic() + options.seconds_max
    index = 0
    while figures.kills < options.kills and time.monotonic() < deadline:
        with engines.workplace() as place:
            campaign = Campaign(options, options.seed * 1000 + index, counts, figures, place)
            engines.require(campaign.program)
            index += 1
            try:
                campaign.run(min(options.kills_per_directory, options.kills - figures.kills),
                             deadline)
            finally:
                campaign.engine.end()
        if counts.total() and options.stop_at_first:
            break
    return figures


def main():
    options = parse_options()
    counts = checker.Counts()
    figures = run(options, counts)
    print(f'kill loop {options.mode} seed {options.seed}: kills {figures.kills} acknowledged '
          f'{figures.acknowledged} outcomes {figures.outcomes} shown {figures.shown} scrapes '
          f'{figures.scrapes} restart ms p50 {figures.percentile(0.5):.0f} p99 '
          f'{figures.percentile(0.99):.0f}: {counts.line()}')
    return 1 if counts.total() or figures.kills < options.kills else 0


if __name__ == '__main__':
    sys.exit(main())
