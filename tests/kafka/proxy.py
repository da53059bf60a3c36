"""Stands between clients and the brokers of a Cluster, knows where Kafka's requests and replies
begin and end, and delays, drops, holds or closes by what they are.

    with proxy.Proxy(cluster) as between:          # clients use cluster.addresses("proxy")
        held = between.hold("EndTxn")              # the next request of that kind waits
        held.wait(30)                              # until one came
        held.release()                             # then it goes on, its sender alive or not
        between.close_on("EndTxn", REPLY)          # committed, and nobody hears of it

The order on a connection is kept, as TCP keeps it: what comes behind a frame that waits waits too.
The brokers name the proxy's addresses at this door, so clients never come round it. Not for TLS.
The layout of requests and replies: kafka.apache.org/protocol, "Request and response headers".
"""
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass

REQUEST, REPLY = "request", "reply"
FRAME_BYTES_MAX = 256 << 20
CONNECT_S = 10
HELD_S_MAX = 300      # nothing waits for ever, not even in a test that forgot it
LATE_REPLY_S = 10

# Names of the numbers that the tests speak of; others show as their number.
APIS = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit",
        9: "OffsetFetch", 10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat",
        13: "LeaveGroup", 14: "SyncGroup", 18: "ApiVersions", 19: "CreateTopics",
        22: "InitProducerId", 24: "AddPartitionsToTxn", 25: "AddOffsetsToTxn", 26: "EndTxn",
        28: "TxnOffsetCommit", 37: "CreatePartitions", 68: "ConsumerGroupHeartbeat"}


@dataclass
class Frame:
    """One request or reply. `body`: all bytes after the length. A reply has its request's api,
    version and client."""
    direction: str
    node: int
    api: str
    version: int
    correlation: int
    client: str
    body: bytes


class Rule:
    """What happens to the frames that match; made by the methods of Proxy."""

    def __init__(self, proxy, act, api, direction, times, when):
        if api not in APIS.values():
            raise ValueError(f"unknown request: {api} (known: {' '.join(APIS.values())})")
        if direction not in (REQUEST, REPLY):
            raise ValueError(f"unknown direction: {direction}")
        self.proxy, self.act, self.api, self.direction = proxy, act, api, direction
        self.times, self.when = times, when
        self.frames = []             # what it met
        self.met = threading.Condition()
        self.released = threading.Event()

    def takes(self, frame):
        """Whether it is this rule's; counts it if so. Under the proxy's lock."""
        if frame.api != self.api or frame.direction != self.direction:
            return False
        if self.times is not None and len(self.frames) >= self.times:
            return False
        if self.when is not None and not self.when(frame):
            return False
        with self.met:
            self.frames.append(frame)
            self.met.notify_all()
        return True

    def wait(self, timeout_s, count=1):
        """Until it has met `count` frames; TimeoutError if they do not come."""
        with self.met:
            if not self.met.wait_for(lambda: len(self.frames) >= count, timeout_s):
                raise TimeoutError(f"{count} × {self.api} {self.direction} expected, got "
                                   f"{len(self.frames)} in {timeout_s} s")

    def release(self):
        """Lets go what waits because of it, now and later, and meets nothing more."""
        self.remove()
        self.released.set()

    def remove(self):
        with self.proxy.lock:
            if self in self.proxy.rules:
                self.proxy.rules.remove(self)


class Closed(Exception):
    """This connection ends."""


class Connection:
    """A client's connection and ours to its broker; a thread for each direction."""

    def __init__(self, proxy, node, client, broker):
        self.proxy, self.node, self.client, self.broker = proxy, node, client, broker
        self.asked = {}                # correlation: frame of a request that is not answered
        self.answered = threading.Condition()
        self.late = False              # a frame has waited: its sender may be gone meanwhile
        self.pumps = 2
        for pump in (self.pump_requests, self.pump_replies):
            threading.Thread(target=pump, daemon=True).start()

    def pump_requests(self):
        try:
            while (body := receive(self.client)) is not None:
                frame = self.request(body)
                if not self.judge(frame):
                    continue
                with self.answered:
                    self.asked[frame.correlation] = frame
                send(self.broker, body)
            if self.late:
                self.wait_answered()
        except (OSError, Closed):
            pass
        finally:
            self.end_pump()

    def pump_replies(self):
        client_there = True
        try:
            while (body := receive(self.broker)) is not None:
                frame = self.reply(body)
                if not self.judge(frame):
                    continue
                try:
                    if client_there:
                        send(self.client, body)
                except OSError:
                    client_there = False
        except (OSError, Closed):
            pass
        finally:
            self.end_pump()

    def end_pump(self):
        self.close()
        with self.answered:
            self.pumps -= 1
            last = self.pumps == 0
        if last:
            self.client.close()
            self.broker.close()

    def judge(self, frame):
        """Whether it goes on, perhaps later."""
        rule = self.proxy.rule_for(frame)
        if rule is None:
            return True
        self.late = True
        return rule.act(rule)

    def wait_answered(self):
        """The client is gone, but what it sent may still be on its way."""
        with self.answered:
            self.answered.wait_for(lambda: not self.asked, LATE_REPLY_S)

    def request(self, body):
        if len(body) < 10:
            raise Closed
        api, version, correlation, named = struct.unpack(">hhih", body[:10])
        client = body[10:10 + named].decode(errors="replace") if named > 0 else ""
        return Frame(REQUEST, self.node.id, APIS.get(api, str(api)), version, correlation, client,
                     body)

    def reply(self, body):
        if len(body) < 4:
            raise Closed
        correlation, = struct.unpack(">i", body[:4])
        with self.answered:
            asked = self.asked.pop(correlation, None)
            self.answered.notify_all()
        if asked is None:
            raise Closed
        return Frame(REPLY, self.node.id, asked.api, asked.version, correlation, asked.client,
                     body)

    def close(self):
        for end in (self.client, self.broker):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.proxy.forget(self)


class Proxy:
    """Takes a door per node and ends with `close`; `cluster` must outlive it."""

    def __init__(self, cluster):
        self.nodes = list(cluster.nodes)
        self.lock = threading.Lock()
        self.rules, self.connections, self.doors = [], set(), set()
        self.counts = Counter()
        self.mend()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.cut()
        with self.lock:
            rules = list(self.rules)
        for rule in rules:
            rule.release()

    def mend(self):
        """Takes connections (again)."""
        for node in self.nodes:
            door = socket.create_server(("127.0.0.1", node.proxy), backlog=64)
            with self.lock:
                self.doors.add(door)
            threading.Thread(target=self.answer, args=(door, node), daemon=True).start()

    def cut(self):
        """Ends all connections and refuses new ones: the brokers are away."""
        with self.lock:
            doors, self.doors = self.doors, set()
            connections = list(self.connections)
        for door in doors:
            try:
                door.shutdown(socket.SHUT_RDWR)   # wakes the thread that answers it
            except OSError:
                pass
            door.close()
        for connection in connections:
            connection.close()

    def answer(self, door, node):
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", node.behind_proxy), CONNECT_S)
            except OSError:
                client.close()
                continue
            for end in (client, broker):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                if door in self.doors:
                    self.connections.add(Connection(self, node, client, broker))
                    continue
            client.close()
            broker.close()

    def forget(self, connection):
        with self.lock:
            self.connections.discard(connection)

    def rule_for(self, frame):
        """The first rule that takes it; counts the frame."""
        with self.lock:
            self.counts[frame.api, frame.direction] += 1
            return next((rule for rule in self.rules if rule.takes(frame)), None)

    def count(self, api, direction=REQUEST):
        """Frames of a kind that came so far."""
        with self.lock:
            return self.counts[api, direction]

    def add(self, act, api, direction, times, when):
        rule = Rule(self, act, api, direction, times, when)
        with self.lock:
            self.rules.append(rule)
        return rule

    # What can happen to a frame. `times`: to how many (None: all); `when`: a condition on a Frame.

    def hold(self, api, direction=REQUEST, times=1, when=None):
        """Keeps it until `release`, at most HELD_S_MAX."""
        def act(rule):
            rule.released.wait(HELD_S_MAX)
            return True
        return self.add(act, api, direction, times, when)

    def delay(self, api, seconds, direction=REQUEST, times=None, when=None):
        """Sends it on so much later, or at `release`."""
        def act(rule):
            rule.released.wait(seconds)
            return True
        return self.add(act, api, direction, times, when)

    def drop(self, api, direction=REQUEST, times=1, when=None):
        """Loses it."""
        return self.add(lambda rule: False, api, direction, times, when)

    def close_on(self, api, direction=REQUEST, times=1, when=None):
        """Loses it and the connection."""
        def act(rule):
            raise Closed
        return self.add(act, api, direction, times, when)


def receive(end):
    """One frame without its length; None at the end, also in the middle of a frame."""
    head = exactly(end, 4)
    if head is None:
        return None
    size, = struct.unpack(">i", head)
    if not 0 <= size <= FRAME_BYTES_MAX:
        raise Closed
    return exactly(end, size)


def exactly(end, size):
    out = bytearray()
    while len(out) < size:
        got = end.recv(min(size - len(out), 1 << 20))
        if not got:
            return None
        out += got
    return bytes(out)


def send(end, body):
    end.sendall(struct.pack(">i", len(body)) + body)
