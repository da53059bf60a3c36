"""A campaign: one data directory from its birth through many kills to its final comparison."""
import json
import os
import random
import time
from collections import Counter

import checker
import client
import engine as engines
import ledger as ledgers
import load as loads
import pipelines
import reference

WORKERS = (1, 2, 7)
# Small files, so that rolls, recycling, snapshots and retention are common.
SMALL = ('limits.segment_bytes=64KiB', 'limits.snapshot_bytes=64KiB', 'limits.keys=10000')
# More than one life writes, so that the checker sees every row before it goes.
RETENTION = ('limits.log_bytes=4MiB',)
ANSWER_MAX_S = 10
SYSCALLS = ('fdatasync', 'fdatasync', 'pwrite64', 'pwrite64', 'pwrite64', 'fsync', 'rename',
            'ftruncate', 'unlink', 'openat', 'sendmsg', 'mkdir')


class Figures:
    def __init__(self):
        self.kills = 0
        self.lives = 0
        self.acknowledged = 0
        self.outcomes = 0
        self.shown = 0
        self.scrapes = 0
        self.restart_s = []
        self.more = Counter()   # What only some modes count.

    def percentile(self, share):
        ordered = sorted(self.restart_s) or [0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def line(self):
        more = ''.join(f'{count} {name}, ' for name, count in self.more.items())
        return (f'{self.kills} kills, {more}{self.acknowledged} acknowledged, {self.outcomes} '
                f'outcomes, {self.shown} shown, {self.scrapes} scrapes, restart p50 '
                f'{self.percentile(0.5):.0f} ms p99 {self.percentile(0.99):.0f} ms')


class Campaign:
    """One data directory from its birth to its final comparison."""

    may_forget = False  # Every other directory lies on a file system that forgets.
    must_count = ()  # Of Figures.more: without them nothing was tested.

    def __init__(self, options, seed, counts, figures, place):
        self.options = options
        self.mode = options.mode
        self.rng = random.Random(seed)
        self.counts = counts
        self.figures = figures
        self.place = place
        self.data_dir = os.path.join(place, 'data')
        self.forgets = self.mode == 'forget' or self.may_forget and bool(seed % 2)
        self.program = options.program or engines.default_program(self.forgets)
        self.settings = (*SMALL, *self.retention(), *options.set)
        self.history = pipelines.History(self.pipeline())
        self.engine = engines.Engine(self.program, place, self.data_dir, self.history.newest(),
                                     self.settings)
        self.ledger = ledgers.Ledger(self.rng)
        self.load = loads.Load(self.rng, self.ledger)
        self.checker = checker.Checker(self.ledger, self.data_dir, counts, self.history,
                                       self.make_reference)
        self.ends = 0.0  # Of the life at hand, in seconds.

    def pipeline(self):
        """The first that the file holds."""
        return pipelines.Pipeline()

    def make_reference(self):
        """Of one partition."""
        return reference.Reference()

    def retention(self):
        return RETENTION if self.rng.random() < 0.5 else ()

    def meanwhile(self, lived):
        """Called all the time while the engine lives and answers."""

    def end(self):
        """Leaves nothing behind."""
        self.engine.end()

    def environment(self):
        out = dict(self.options.environment)
        if self.forgets:
            out['OUZEL_TEST_FS'] = f'forget:{self.rng.randrange(1 << 30)}'
            if self.mode == 'forget' and self.rng.random() < 0.15:
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

    def counts_from_answer(self):
        """Whether a life is as long as it is to be from its first answer on, or from its start."""
        return False

    def life(self, seconds):
        strace = self.strace()
        begin = time.monotonic()
        answered = len(self.ledger.acked)
        environment = self.environment()
        self.history.started()
        self.engine.start(self.rng.choice(WORKERS), environment, strace)
        first, late = None, self.counts_from_answer()
        self.ends = ANSWER_MAX_S if late else seconds

        def until():
            nonlocal first
            lived = time.monotonic() - begin
            if first is None and len(self.ledger.acked) > answered:
                first = lived
                if late:
                    self.ends = lived + seconds
            if first is not None:
                self.meanwhile(lived)
            return lived > self.ends

        self.load.run(self.engine, until)
        if first is not None and not strace:
            self.figures.restart_s.append(first)
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
        self.history.started()
        self.engine.start(self.rng.choice(WORKERS), dict(self.options.environment))
        self.figures.lives += 1
        if not self.settle():
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

    def settle(self):
        return self.load.settle(self.engine)

    def compare_views(self):
        lines = {}
        for topic in ('events', 'outcomes', 'rejects'):
            lines[topic], code, said = engines.tap(self.program, self.data_dir, topic)
            if code != 0:
                self.counts.cry('VIEW', f'tap {topic}: exit {code}: {said}')
        self.checker.compare_taps(**lines)
        return lines['outcomes'], lines['rejects']

    def compare_with_never_killed(self, outcomes):
        """The same accepted events, in one clean life: the same bytes."""
        self.compare(outcomes, self.never_killed(self.history.newest()))

    def compare_sinks(self, outcomes, rejects):
        """What has left the engine, with the lines of its topics."""

    def compare(self, outcomes, expected):
        want = {json.loads(line)['id']: line for line in expected}
        for line in outcomes:
            name = json.loads(line)['id']
            if line != want.get(name):
                self.counts.cry('STATE', f'outcome {name} differs from the never-killed run:\n'
                                         f'    {line}\n    {want.get(name)}')

    def never_killed(self, pipeline):
        """Outcomes of the accepted events, from one clean life under one pipeline."""
        data_dir = os.path.join(self.place, f'never-killed-{pipeline.last}')
        never = engines.Engine(self.program, self.place, data_dir, pipeline,
                               (*SMALL, *self.options.set))
        never.start(self.rng.choice(WORKERS))
        try:
            client.replay(never, self.checker, self.counts)
        finally:
            never.stop()
        lines, code, said = engines.tap(self.program, data_dir, 'outcomes')
        if code != 0:
            self.counts.cry('VIEW', f'tap outcomes: exit {code}: {said}')
        return lines

    def run(self, kills, deadline):
        for _ in range(kills):
            if time.monotonic() > deadline:
                break
            self.life(self.kill_after())
            if self.counts.total() and self.options.stop_at_first:
                return
        self.last_life()
        outcomes, rejects = self.compare_views()
        self.compare_with_never_killed(outcomes)
        self.compare_sinks(outcomes, rejects)
