#!/usr/bin/env python3
"""Kills a real engine under load, again and again, and checks what is left each time.

Modes: plain (the page cache survives), forget (what was not synced is lost, torn and reordered;
some syncs fail), syscall (killed at the Nth call of a system call, by strace), recovery (killed
mostly while it starts, with the door busy), edit (the pipeline file is edited all the time, and
taken over by SIGHUP or at the start), sink (an ONNX model, a table, files and receivers; edited
too). One data directory lives through many kills; at its end all it holds is compared with a
sequential reference and with a run that was never killed.
Prints one line of counts; exit 1 if any is not zero.
"""
import argparse
import subprocess
import sys
import time

import campaign as campaigns
import checker
import edits
import engine as engines
import sinks

MODES = {**dict.fromkeys(('plain', 'forget', 'syscall', 'recovery'), campaigns.Campaign),
         'edit': edits.EditCampaign, 'sink': sinks.SinkCampaign}


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
    figures = campaigns.Figures()
    deadline = time.monotonic() + options.seconds_max
    index = 0
    while figures.kills < options.kills and time.monotonic() < deadline:
        with engines.workplace() as place:
            campaign = MODES[options.mode](options, options.seed * 1000 + index, counts, figures,
                                           place)
            engines.require(campaign.program)
            index += 1
            try:
                campaign.run(min(options.kills_per_directory, options.kills - figures.kills),
                             deadline)
            finally:
                campaign.end()
        if counts.total() and options.stop_at_first:
            break
    return figures


def main():
    options = parse_options()
    counts = checker.Counts()
    figures = run(options, counts)
    print(f'kill loop {options.mode} seed {options.seed}: {figures.line()}: {counts.line()}')
    return 1 if counts.total() or figures.kills < options.kills else 0


if __name__ == '__main__':
    sys.exit(main())
