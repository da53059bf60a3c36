#!/usr/bin/env python3
"""Runs the tests of the rule checkers."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "driver"))
import count  # noqa: E402

count.main(HERE)
