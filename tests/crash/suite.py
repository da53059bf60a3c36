#!/usr/bin/env python3
"""The crash tests that every change must pass: at least 300 kills over all modes, every planted
fault, flipped bytes, and the checker's own tests. One line a check, then
`N passed, N failed, N skipped`.
"""
import argparse
import os
import sys
import time
import unittest

import checker
import engine as engines
import flip
import kill_loop
import planted

KILLS = {'plain': 90, 'forget': 120, 'syscall': 50, 'recovery': 60, 'edit': 24, 'sink': 24}
FLIPS = 250


class Suite:
    def __init__(self, options):
        self.options = options
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, line):
        self.passed += good
        self.failed += not good
        print(f'{"ok" if good else "FAILED"} {name}: {line}', flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f'skipped {name}: {why}', flush=True)

    def own(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        result = unittest.TestResult()
        unittest.defaultTestLoader.discover(folder, 'checker_test.py').run(result)
        for test, said in result.failures + result.errors:
            print(f'{test}\n{said}')
        self.check('checker', result.wasSuccessful(), f'{result.testsRun} tests of the checker')

    def kills(self, mode):
        kills = max(1, int(KILLS[mode] * self.options.scale))
        arguments = ['--mode', mode, '--kills', str(kills), '--seed', str(self.options.seed)]
        if kill_loop.MODES[mode].may_forget:
            arguments += ['--kills-per-directory', str(KILLS[mode] // 2)]   # One of each kind.
        options = kill_loop.parse_options(arguments)
        counts, begin = checker.Counts(), time.monotonic()
        try:
            figures = kill_loop.run(options, counts)
        except RuntimeError as error:
            self.check(f'kills/{mode}', False, str(error))
            return
        must_count = kill_loop.MODES[mode].must_count if self.options.scale >= 1 else ()
        unseen = [name for name in must_count if not figures.more[name]]
        good = counts.total() == 0 and figures.kills == kills and not unseen
        self.check(f'kills/{mode}', good,
                   f'{figures.line()}, {time.monotonic() - begin:.0f} s: '
                   f'{"never " + ", ".join(unseen) + ": " if unseen else ""}{counts.line()}')

    def faults(self):
        options = planted.parse_options(['--seed', str(self.options.seed)])
        caught = sum(planted.catch(options, fault) for fault in options.faults)
        self.check('planted', caught == len(options.faults),
                   f'planted faults caught: {caught} of {len(options.faults)}')

    def flips(self):
        options = flip.parse_options(['--seed', str(self.options.seed), '--cases',
                                      str(max(2, int(FLIPS * self.options.scale)))])
        counts, begin = checker.Counts(), time.monotonic()
        verdicts = flip.run(options, counts)
        self.check('flips', not verdicts['SILENT'] and sum(verdicts.values()) > 0,
                   f'{sum(verdicts.values())} cases: reported {verdicts["reported"]} harmless '
                   f'{verdicts["harmless"]} torn {verdicts["torn"]} silent {verdicts["SILENT"]}, '
                   f'{time.monotonic() - begin:.0f} s')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--scale', type=float, default=1, help='of the numbers of kills and flips')
    options = parser.parse_args()
    suite = Suite(options)
    suite.own()
    for hooks in (False, True):
        engines.require(engines.default_program(hooks))
    for mode in kill_loop.MODES:
        if mode == 'syscall' and not kill_loop.strace_works():
            suite.skip(f'kills/{mode}', 'strace is absent or may not trace here')
        elif mode == 'sink' and not engines.has_onnx(engines.default_program(False)):
            suite.skip(f'kills/{mode}', 'the program was built without ONNX Runtime')
        else:
            suite.kills(mode)
    suite.faults()
    suite.flips()
    print(f'{suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped')
    return 1 if suite.failed else 0


if __name__ == '__main__':
    sys.exit(main())
