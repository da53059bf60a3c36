#!/usr/bin/env python3
"""One mode of crash_modes.py for as long as wanted: crash_loop.py MODE [--times N] [--seed N].

Needs the clients of .cache/kafka (its own interpreter is taken). Exit 1 if a count is not zero.
"""
import argparse
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import broker  # noqa: E402


def main():
    python = broker.clients_python()
    if sys.prefix != str(python.parent.parent):
        os.execv(python, [python, __file__, *sys.argv[1:]])
    import crash_modes
    import judge
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=crash_modes.MODES)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--per-topic", type=int, default=100, help="then a new topic and judgement")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    mode, counts, begin = crash_modes.MODES[options.mode], judge.Counts(), time.monotonic()
    done, topics = 0, 0
    with broker.Cluster(mode.nodes) as cluster:
        while done < options.times and counts.total() == 0:
            times = min(options.per_topic, options.times - done)
            with mode(cluster, f"{options.mode}-{topics}", options.seed + topics,
                      counts) as campaign:
                if options.verbose:
                    campaign.tell = lambda line: print(
                        f"{time.monotonic() - begin:.1f} s: {line}", flush=True)
                campaign.run(times)
            done, topics = done + times, topics + 1
            print(f"{done}: {campaign.line()}, {time.monotonic() - begin:.0f} s: "
                  f"{counts.line()}", flush=True)
    return 1 if counts.total() else 0


if __name__ == "__main__":
    sys.exit(main())
