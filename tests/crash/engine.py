"""The engine as its users see it: a process, a port, a data directory. Kills only its own."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pipelines

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What all tests share is found behind the modules here.
sys.path.append(os.path.join(ROOT, 'tests', 'driver'))

# A script that is told to end takes its engine and its files with it.
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def default_program(hooks):
    build = os.environ.get('OUZEL_BUILD') or os.path.join(ROOT, 'build')
    return os.path.join(build, 'ouzel_hooks' if hooks else 'ouzel')


@contextlib.contextmanager
def workplace():
    """A temporary directory, removed at the end."""
    place = tempfile.mkdtemp(prefix='ouzel-crash-')
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith('OUZEL_')}


class Engine:
    """One life of the program over a data directory."""

    def __init__(self, program, place, data_dir, pipeline=pipelines.Pipeline(), settings=()):
        self.program = program
        self.data_dir = data_dir
        self.place = place
        self.file = os.path.join(place, 'pipeline.yaml')
        self.settings = list(settings)
        self.process = None
        self.pid = 0
        self.port = 0
        self.traced = False
        self.log_path = os.path.join(place, 'engine.log')
        self.write_pipeline(pipeline)

    def write_pipeline(self, pipeline):
        """Whole or not at all, whoever reads it meanwhile."""
        with open(self.file + '.new', 'w', encoding='utf-8') as file:
            file.write(pipeline.text())
        os.replace(self.file + '.new', self.file)

    def start(self, workers=1, environment=None, strace=None, arguments=()):
        self.port = free_port()
        command = [self.program, 'run', self.file, '--data-dir', self.data_dir, '--listen',
                   f'127.0.0.1:{self.port}', '--log-format', 'json', '--workers', str(workers)]
        for setting in self.settings:
            command += ['--set', setting]
        command += list(arguments)
        if strace:
            command = ['strace', '-f', '-qq', '-o', '/dev/null', *strace, *command]
        log = open(self.log_path, 'ab')
        with log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.place,
                env={**clean_environment(), **(environment or {})})
        self.pid = self.process.pid
        self.traced = bool(strace)
        return self

    def alive(self):
        return self.process.poll() is None

    def _target(self):
        """The program's own process id, which under strace is a child of ours' child."""
        if not self.traced:
            return self.process.pid
        try:
            path = f'/proc/{self.process.pid}/task/{self.process.pid}/children'
            with open(path, encoding='ascii') as file:
                children = file.read().split()
            return int(children[0]) if children else 0
        except OSError:
            return 0

    def kill(self):
        """SIGKILL, and waits until the process is gone."""
        deadline = time.monotonic() + 10
        while self.alive():
            target = self._target()
            if target:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)
            elif time.monotonic() > deadline:
                self.process.kill()
            try:
                self.process.wait(0.2 if target else 0.01)
            except subprocess.TimeoutExpired:
                pass
        remove_drafts(self.data_dir)

    def stop(self, seconds=25):
        """SIGTERM; returns the exit code, or None if it had to be killed."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._target() or self.process.pid, signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def end(self):
        """Leaves no process behind, whatever happened."""
        if self.process is not None and self.alive():
            self.kill()

    def log_tail(self, lines=12):
        with open(self.log_path, 'rb') as file:
            return b'\n'.join(file.read().splitlines()[-lines:]).decode(errors='replace')


def remove_drafts(data_dir):
    """What a kill left of the forgetful file system's own drafts; a power cut leaves none."""
    for folder, folders, files in os.walk(data_dir):
        for name in list(folders):
            if name.startswith('.forget-'):
                shutil.rmtree(os.path.join(folder, name))
                folders.remove(name)
        for name in files:
            if name.startswith('.forget-'):
                os.remove(os.path.join(folder, name))


def tap(program, data_dir, topic, seconds=60):
    """Runs `tap` on files. Returns (lines, exit code, stderr)."""
    done = subprocess.run([program, 'tap', topic, '--data-dir', data_dir], capture_output=True,
                          timeout=seconds, check=False, env=clean_environment(),
                          stdin=subprocess.DEVNULL)
    return done.stdout.splitlines(), done.returncode, done.stderr.decode(errors='replace')


def has_onnx(program):
    done = subprocess.run([program, 'version', '--json'], capture_output=True, check=True)
    return json.loads(done.stdout)['features']['model.onnx']


def require(program):
    if not os.access(program, os.X_OK):
        sys.exit(f'{os.path.basename(program)}: not built: {program}')
