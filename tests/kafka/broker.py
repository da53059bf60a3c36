#!/usr/bin/env python3
"""A real Kafka for tests: broker.py run [--nodes 3] [--secure], or class Cluster.

Formats and starts nodes that are broker and controller in one (KRaft), on free ports of the
loopback, with their data in a temporary folder. Who makes a Cluster ends it (it is a context
manager). `run` prints the addresses and goes on until SIGTERM or SIGINT.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import certificates
import configuration

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("OUZEL_CACHE", ROOT / ".cache")).absolute() / "kafka"
ARCHIVE = CACHE / "classes.jsa"
START_S, STOP_S, TOOL_S, ARCHIVE_S = 90, 20, 60, 180
STARTED = b"Kafka Server started"
CLUSTER_ID = "b3V6ZWwtdGVzdHMtMDAwMQ"
# Below what the system gives to connections, so that a node that is down finds its ports again.
PORTS = range(16000, 32000)
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Unavailable(Exception):
    """There is no broker or no client here, and why."""


class BrokerFailed(Exception):
    """A node ended or did not come up; the text holds the end of its log."""


def require():
    """Raises Unavailable where no broker can run."""
    for program in ("java", "openssl"):
        if shutil.which(program) is None:
            raise Unavailable(f"no {program}")
    if not any((CACHE / "libs").glob("kafka_*.jar")):
        raise Unavailable("no broker in .cache/kafka")


def clients_python():
    """The interpreter that has the Python clients."""
    python = CACHE / "venv" / "bin" / "python"
    if not (CACHE / "venv" / "installed.txt").exists():
        raise Unavailable("no Python clients in .cache/kafka")
    return python


def java_command(heap_mb, main, *options):
    """To be run in CACHE: the archive remembers the names of the libraries as they are given."""
    # The archive of classes, with a compiler that does not try hard, is a third of a start's CPU.
    archive = [f"-XX:SharedArchiveFile={ARCHIVE}"] if ARCHIVE.exists() else []
    return ["java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-Xshare:auto", "-Xlog:disable",
            "-Xlog:all=error:stderr", *archive, *options, "-cp", "libs/*", main]


def free_ports(count):
    """Different ports that nobody listens at just now."""
    held = []
    try:
        while len(held) < count:
            probe = socket.socket()
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", random.choice(PORTS)))
                probe.listen()
            except OSError:
                probe.close()
                continue
            held.append(probe)
        return [probe.getsockname()[1] for probe in held]
    finally:
        for probe in held:
            probe.close()


class Node:
    """One broker and controller. `port` is its plain door; `proxy` is where a proxy has to listen
    that leads to `behind_proxy`; `sasl` and `tls` are there in a secured cluster."""

    def __init__(self, cluster, number, ports):
        self.cluster, self.id = cluster, number
        self.port, self.controller, self.behind_proxy, self.proxy, self.sasl, self.tls = ports
        self.folder = cluster.folder / f"node-{number}"
        self.properties = cluster.folder / f"node-{number}.properties"
        self.log = cluster.folder / f"node-{number}.log"
        self.log_start = 0
        self.process = None

    def format(self):
        self.properties.write_text(configuration.properties(self, self.cluster))
        scram = [] if self.cluster.security is None else self.cluster.security.scram_arguments()
        self.cluster.java("kafka.tools.StorageTool", "format", "--ignore-formatted",
                          "--cluster-id", CLUSTER_ID, "--config", self.properties, *scram)

    def launch(self):
        """Starts it and does not wait."""
        if self.process is not None and self.process.poll() is None:
            raise BrokerFailed(f"node {self.id} runs already")
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        options = [*self.cluster.java_options,
                   f"-Dlog4j2.configurationFile={self.cluster.logging}"]
        command = java_command(self.cluster.heap_mb, "kafka.Kafka", *options)
        with open(self.log, "ab") as log:
            # In our own process group: whoever ends the test run ends the brokers with it.
            self.process = subprocess.Popen([*command, str(self.properties)], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, cwd=CACHE)

    def wait_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with open(self.log, "rb") as log:
                log.seek(self.log_start)
                if STARTED in log.read():
                    return
            if self.process.poll() is not None:
                raise BrokerFailed(f"node {self.id} ended with {self.process.returncode}:\n" +
                                   self.last_words())
            time.sleep(0.05)
        raise BrokerFailed(f"node {self.id} not ready after {START_S} s:\n" + self.last_words())

    def last_words(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def start(self):
        self.launch()
        self.wait_ready()

    def stop(self, within_s=STOP_S):
        """Asks it to end, as an administrator would; kills it if it does not."""
        self.end(signal.SIGTERM, within_s)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, number, within_s=STOP_S):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)   # one that is paused could not hear
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def cpu_s(self):
        """CPU seconds of the process that runs now."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


class Cluster:
    """`certificate`: a kind of certificates.KINDS, for a secured cluster. `settings`: more for the
    property files. `throughput`: let Java compile well; for those who measure."""

    def __init__(self, nodes=1, certificate=None, settings=None, heap_mb=None, throughput=False):
        require()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ouzel-kafka-"))
        self.settings = dict(settings or {})
        self.heap_mb = heap_mb or (384 if nodes == 1 else 256)
        self.java_options = [] if throughput else ["-XX:TieredStopAtLevel=1"]
        self.logging = self.folder / "log4j2.properties"
        self.logging.write_text(configuration.LOGGING)
        self.security = certificate and certificates.Security(self.folder / "security",
                                                              certificate)
        ports = iter(free_ports(6 * nodes))
        self.nodes = [Node(self, 1 + i, [next(ports) for _ in range(6)]) for i in range(nodes)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Formats the nodes and starts them; they are ready when it returns."""
        try:
            for node in self.nodes:
                node.format()
            for node in self.nodes:
                node.launch()
            for node in self.nodes:
                node.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def addresses(self, door="port"):
        """For `bootstrap.servers`; `door`: port, proxy, sasl or tls."""
        return ",".join(f"127.0.0.1:{getattr(node, door)}" for node in self.nodes)

    @property
    def bootstrap(self):
        return self.addresses()

    def java(self, main, *arguments, stdin=""):
        """Runs a Java program of Kafka to its end and returns what it printed."""
        command = java_command(128, main, "-XX:TieredStopAtLevel=1")
        done = subprocess.run([*command, *map(str, arguments)], input=stdin, capture_output=True,
                              text=True, timeout=TOOL_S, check=False, cwd=CACHE)
        if done.returncode != 0:
            raise BrokerFailed(f"{main} ended with {done.returncode}: "
                               f"{(done.stderr or done.stdout).strip()[-1000:]}")
        return done.stdout

    def tool(self, name, *arguments, stdin=""):
        """One of Kafka's command-line tools, through the plain door."""
        main = name if "." in name else f"org.apache.kafka.tools.{name}"
        return self.java(main, "--bootstrap-server", self.bootstrap, *arguments, stdin=stdin)

    def create_topic(self, name, partitions=4, **settings):
        """`settings`: of the topic, with _ for the dots."""
        more = [word for key, value in settings.items()
                for word in ("--config", f"{key.replace('_', '.')}={value}")]
        self.tool("TopicCommand", "--create", "--topic", name, "--partitions", partitions, *more)

    def allow(self, user, *rule):
        """allow("alice", "--operation", "Read", "--topic", "t"): an access rule."""
        self.tool("AclCommand", "--add", "--allow-principal", f"User:{user}", *rule)

    def leader(self, topic, partition):
        """The node that leads a partition now."""
        said = self.tool("TopicCommand", "--describe", "--topic", topic)
        for line in said.splitlines():
            words = line.split()
            if f"Partition: {partition}\t" in line:
                return self.nodes[int(words[words.index("Leader:") + 1]) - 1]
        raise BrokerFailed(f"{topic} has no partition {partition}:\n{said}")

    def cpu_s(self):
        return sum(node.cpu_s() for node in self.nodes if node.running)


def make_archive():
    """Keeps the classes of a broker's start in a file that every later start maps."""
    fresh = ARCHIVE.with_name(f"{ARCHIVE.name}.{os.getpid()}")
    ARCHIVE.unlink(missing_ok=True)
    cluster = Cluster()
    cluster.java_options = [f"-XX:ArchiveClassesAtExit={fresh}"]
    with cluster:
        cluster.create_topic("t")
        cluster.nodes[0].stop(ARCHIVE_S)
    fresh.rename(ARCHIVE)


def run(options):
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Cluster(options.nodes, certificate="good" if options.secure else None,
                 throughput=True) as cluster:
        print(f"bootstrap.servers={cluster.bootstrap}", flush=True)
        if cluster.security is not None:
            security = cluster.security
            print(f"sasl_ssl={cluster.addresses('sasl')} ssl={cluster.addresses('tls')} "
                  f"ca={security.authority} client={security.client}", flush=True)
            for mechanism, users in (("SCRAM-SHA-512", security.scram), ("PLAIN", security.plain)):
                for name, secret in users.items():
                    print(f"{mechanism} username={name} password={secret}", flush=True)
        while not stopped.wait(0.5):
            for node in cluster.nodes:
                if not node.running:
                    raise BrokerFailed(f"node {node.id} ended:\n{node.last_words()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run", help="start it, print the addresses, go on until SIGTERM")
    command.add_argument("--nodes", type=int, default=1, choices=range(1, 8), metavar="N")
    command.add_argument("--secure", action="store_true",
                         help="also SASL_SSL and SSL, with access rules")
    options = parser.parse_args()
    try:
        run(options)
    except Unavailable as missing:
        print(f"broker: {missing}; scripts/setup kafka installs it", file=sys.stderr)
        return 69
    except BrokerFailed as failure:
        print(f"broker: {failure}", file=sys.stderr)
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main())
