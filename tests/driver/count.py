"""Counts tests: runs unittest suites and prints what scripts/test reads."""
import sys
import time
import unittest


class CountingResult(unittest.TestResult):
    """One line a test that failed or was skipped, as it happens; one a test with `verbose`."""

    def __init__(self, verbose):
        super().__init__()
        self.verbose = verbose
        self.passed = 0
        self.failed = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        self.passed += 1
        if self.verbose:
            print(f"ok {test.id()} ({time.monotonic() - self.started:.1f} s)", flush=True)

    def _fail(self, test, error):
        self.failed += 1
        print(self._exc_info_to_string(error, test), end="")
        print(f"FAILED {test.id()}", flush=True)

    def addFailure(self, test, error):
        self._fail(test, error)

    def addError(self, test, error):
        self._fail(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._fail(subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped {test.id()}: {reason}", flush=True)


def main(folder, pattern="*_test.py"):
    """Runs the tests of a folder; `-v` shows each; names select by substring. Exits."""
    words = sys.argv[1:]
    verbose = "-v" in words
    wanted = [word for word in words if word != "-v"]
    suite = unittest.TestSuite()
    for test in flatten(unittest.defaultTestLoader.discover(folder, pattern)):
        if not wanted or any(word in test.id() for word in wanted):
            suite.addTest(test)
    result = CountingResult(verbose)
    suite.run(result)
    print(f"{result.passed} passed, {result.failed} failed, {len(result.skipped)} skipped")
    sys.exit(1 if result.failed else 0)


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test
