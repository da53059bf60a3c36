#!/usr/bin/env python3
"""Runs the tests against a real broker: run.py [-v] [WORD…], words select tests by name.

Where the broker or the clients are not installed nothing is tested, and that is said.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver"), os.path.join(HERE, "..", "docs")]
import broker  # noqa: E402
import count  # noqa: E402
import registry  # noqa: E402


def main():
    try:
        registry.program()
        python = broker.clients_python()
    except broker.Unavailable as missing:
        print(f"skipped kafka: {missing}; scripts/setup kafka installs it")
        print("0 passed, 0 failed, 1 skipped")
        return
    if sys.prefix != str(python.parent.parent):
        os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])
    count.main(HERE)


main()
