"""A terminal as a test sees it: a pseudo-terminal with a program on it, and the screen it drew."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(rb"\x1b\[([?]?)([\d;]*)([A-Za-z])")


class Screen:
    """What the bytes leave on a screen; only what `ouzel top` uses, anything else is an error."""

    def __init__(self, columns, rows):
        self.size(columns, rows)
        self.alternate, self.cursor_shown = False, True
        self.plain = b""     # What was written outside the alternate screen.
        self.blanked = 0     # How often the whole screen was cleared: flicker.
        self.rest = b""
        self.resized = False   # One picture may still be drawn for the size before.
        self.skipping = False  # That one: it does not fit.

    def size(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [""] * rows, 0, 0

    def feed(self, data):
        data = self.rest + data
        at = 0
        while at < len(data):
            if data[at:at + 1] == b"\x1b":
                match = SEQUENCE.match(data, at)
                if match is None:
                    break
                self.obey(*match.groups())
                at = match.end()
                continue
            end = data.find(b"\x1b", at)
            end = len(data) if end < 0 else end
            self.write(data[at:end])
            at = end
        self.rest = data[at:]

    def obey(self, private, number, letter):
        if private:
            if number == b"1049":
                self.alternate = letter == b"h"
            elif number == b"25":
                self.cursor_shown = letter == b"h"
            elif number != b"2026":
                raise AssertionError(f"unknown mode {number}")
        elif letter == b"H":
            self.row = self.column = 0
            if self.skipping:
                self.lines = [""] * self.rows
                self.resized = self.skipping = False
        elif letter == b"K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == b"J":
            self.lines = [""] * self.rows
            self.blanked += 1
        elif letter != b"m":
            raise AssertionError(f"unknown sequence {letter}")

    def write(self, data):
        if not self.alternate:
            self.plain += data
            return
        for letter in data.decode():
            if self.skipping:
                return
            if letter == "\r":
                self.column = 0
            elif letter == "\n":
                if self.row + 1 >= self.rows:
                    self.misfit("the picture scrolls the screen")
                    return
                self.row += 1
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[:self.column] + letter + line[self.column + 1:]
                self.column += 1
                if self.column > self.columns:
                    self.misfit(f"wider than the screen: {self.lines[self.row]}")

    def misfit(self, what):
        if not self.resized:
            raise AssertionError(what)
        self.skipping = True

    def text(self):
        return "\n".join(self.lines)


class OnTerminal:
    """A program on a pseudo-terminal of its own; a context manager, kills it at the end."""

    def __init__(self, command, columns=80, rows=24):
        self.screen = Screen(columns, rows)
        self.master, self.slave = pty.openpty()
        self.set_size(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=self.slave, stdout=self.slave,
            stderr=subprocess.PIPE, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.read()
        self.screen.size(columns, rows)
        self.screen.resized = True
        self.set_size(columns, rows)

    def type(self, keys):
        os.write(self.master, keys)

    def read(self, wait_s=0.0):
        while select.select([self.master], [], [], wait_s)[0]:
            self.screen.feed(os.read(self.master, 65536))
            wait_s = 0.0

    def until(self, words, timeout_s=10):
        """Until every one of the words stands on the screen."""
        end = time.monotonic() + timeout_s
        while not all(word in self.screen.text() for word in words):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{words} never stood there:\n{self.screen.text()}")
            self.read(0.05)
        return self.screen.text()

    def end(self, timeout_s=10):
        """The exit status; what was written last is read."""
        status = self.process.wait(timeout_s)
        self.read(0.1)
        return status

    def is_as_before(self):
        """The terminal is as it was: its settings, the cursor, the screen."""
        return (termios.tcgetattr(self.slave) == self.before and self.screen.cursor_shown
                and not self.screen.alternate)
