#!/usr/bin/env python3
"""Runs the tests of the Python package: run.py [-v] [WORD…], words select tests by name."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "tests", "driver")]
import count  # noqa: E402

count.main(HERE)
