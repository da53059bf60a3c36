#!/usr/bin/env python3
"""Runs the end-to-end tests: run.py [-v] [WORD…], words select tests by name."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver"), os.path.join(HERE, "..", "docs")]
import count  # noqa: E402

count.main(HERE)
