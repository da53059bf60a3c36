"""Load from outside: several senders, one reader of outcomes, one scraper, in one select loop.

Everything that was sent before the process died is accounted for: an answer that the kernel still
holds counts as an answer; a request without one stays unknown until it is sent again.
"""
import errno
import json
import re
import selectors
import socket
import time


METRIC = re.compile(rb'^(ouzel_[a-z_]+)(?:\{[^}]*\})? ([0-9.eE+-]+)$', re.M)
PROMISED = (b'ouzel_events_accepted_total', b'ouzel_events_scored_total',
            b'ouzel_events_rejected_total')


class Connection:
    """One keep-alive HTTP connection that a subclass feeds with requests."""

    def __init__(self, load):
        self.load = load
        self.socket = None
        self.connected = False
        self.out = b''
        self.received = b''
        self.waiting = False
        self.rest_until = 0.0

    def next_request(self):
        """Bytes to send, or None to rest."""
        raise NotImplementedError

    def answer(self, status, headers, body):
        raise NotImplementedError

    def gone(self):
        """The connection broke while an answer was due."""

    def rest(self, seconds):
        self.rest_until = time.monotonic() + seconds

    def step(self, now):
        if now < self.rest_until or self.waiting:
            return
        if self.socket is None and not self._connect():
            self.rest(0.004)
            return
        request = self.next_request()
        if request is None:
            return
        self.out = request
        self.waiting = True
        self._write()

    def _connect(self):
        self.socket = socket.socket()
        try:
            self.socket.connect(('127.0.0.1', self.load.port))
        except OSError:
            self.socket.close()
            self.socket = None
            return False
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b''
        self.load.selector.register(self.socket, selectors.EVENT_READ, self)
        return True

    def _write(self):
        while self.out:
            try:
                self.out = self.out[self.socket.send(self.out):]
            except BlockingIOError:
                self.load.selector.modify(
                    self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
                return
            except OSError:
                return  # Reading tells what is left to know.
        self.load.selector.modify(self.socket, selectors.EVENT_READ, self)

    def ready(self, events):
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ:
            self.read()

    def read(self):
        """Takes in what has arrived. False at the end of the connection."""
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                self.parse()
                return True
            except OSError as error:
                if error.errno != errno.ECONNRESET:
                    raise
                data = b''
            if not data:
                self.parse()
                self.close()
                return False
            self.received += data

    def parse(self):
        while self.waiting:
            head, found, rest = self.received.partition(b'\r\n\r\n')
            if not found:
                return
            lines = head.decode('latin-1').split('\r\n')
            headers = {name.lower(): value.strip()
                       for name, _, value in (line.partition(':') for line in lines[1:])}
            size = int(headers.get('content-length', 0))
            if len(rest) < size:
                return
            self.received = rest[size:]
            self.waiting = False
            self.answer(int(lines[0].split()[1]), headers, rest[:size])
            if headers.get('connection', '').lower() == 'close':
                self.close()
                return

    def close(self):
        if self.socket is None:
            return
        self.load.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        if self.waiting:
            self.waiting = False
            self.gone()

    def drain(self):
        """The process is dead: reads what the kernel still holds."""
        if self.socket is not None:
            self.socket.setblocking(True)
            self.socket.settimeout(1)
            try:
                while self.read():
                    pass
            except TimeoutError:
                pass
            self.close()


class Sender(Connection):
    def __init__(self, load, own):
        super().__init__(load)
        self.own = own
        self.request = None     # On its way.
        self.again = None       # To be sent again before anything else.

    def next_request(self):
        if self.again is not None:
            self.request, self.again = self.again, None
        elif self.load.sending:
            self.request = self.load.ledger.request(self.own)
        else:
            return None
        self.load.ledger.sent(self.request)
        return self.request.head.encode() + self.request.body

    def answer(self, status, headers, body):
        request, self.request = self.request, None
        reply = {}
        if status in (202, 400, 429, 503):
            try:
                reply = json.loads(body)
            except ValueError:
                self.load.wrong.append(f'answer {status} is not JSON: {body[:200]!r}')
        if 'accepted' not in reply:
            if status != 503:
                self.load.wrong.append(f'answer {status}: {body[:200]!r}')
            self.load.ledger.unanswered(request)
            self.again = request
            self.rest(0.01)
            return
        wrong, again = self.load.ledger.answered(self.own, request, status, reply)
        self.load.wrong += wrong
        if again:
            self.again = request
            self.rest(0.02)
        elif self.load.pause > 0:
            self.rest(self.load.rng.random() * self.load.pause)

    def gone(self):
        request, self.request = self.request, None
        self.load.ledger.unanswered(request)
        # A careful client sends the same again; some never do.
        if self.load.rng.random() < 0.8:
            self.again = request


class Twin(Connection):
    """Sends what a sender has on its way a second time, as a retry through another proxy would: a
    duplicate may be answered only when its original is durable."""

    def __init__(self, load):
        super().__init__(load)
        self.request = None

    def next_request(self):
        busy = [sender for sender in self.load.senders if sender.waiting and sender.request]
        if not busy or self.load.rng.random() < 0.7:
            self.rest(0.002)
            return None
        sender = self.load.rng.choice(busy)
        self.own, self.request = sender.own, sender.request
        self.load.ledger.doubled(self.request)
        return self.request.head.encode() + self.request.body

    def answer(self, status, headers, body):
        request, self.request = self.request, None
        if status == 202:
            reply = json.loads(body)
            if not any(item.get('retry') for item in reply['refused']):
                self.load.wrong += self.load.ledger.answered(self.own, request, status, reply)[0]
        request.doubled = False

    def gone(self):
        self.request.doubled = False
        self.request = None


class Scraper(Connection):
    """Reads /metrics: the accounting identity holds at every instant, promises never go back."""

    def __init__(self, load):
        super().__init__(load)
        self.highest = {}
        self.last = {}
        self.scrapes = 0

    def next_request(self):
        return b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

    def answer(self, status, headers, body):
        self.rest(0.02)
        if status != 200:
            return
        values = {}
        for name, value in METRIC.findall(body):
            values[name] = values.get(name, 0) + float(value)
        if PROMISED[0] not in values:
            return
        self.scrapes += 1
        self.last = values
        accepted, scored, rejected = (values.get(name, 0) for name in PROMISED)
        in_flight = values.get(b'ouzel_events_in_flight', 0)
        if accepted != scored + rejected + in_flight:
            self.load.identity.append(
                f'accepted {accepted:.0f} = scored {scored:.0f} + rejected {rejected:.0f} + '
                f'in flight {in_flight:.0f}')
        for name in PROMISED:
            if values.get(name, 0) < self.highest.get(name, 0):
                self.load.identity.append(f'{name.decode()} went back from '
                                          f'{self.highest[name]:.0f} to {values.get(name, 0):.0f}')
            self.highest[name] = max(values.get(name, 0), self.highest.get(name, 0))


class Watcher(Connection):
    """Follows the outcomes that anybody may see: what was shown once must stay."""

    def __init__(self, load):
        super().__init__(load)
        self.cursor = ''
        self.seen = {}   # id of the outcome -> its object

    def next_request(self):
        where = f'&from={self.cursor or "beginning"}'
        return (f'GET /api/v1/outcomes?limit=1000{where} HTTP/1.1\r\n'
                'Host: 127.0.0.1\r\n\r\n').encode()

    def answer(self, status, headers, body):
        self.rest(0.003)
        if status != 200:
            self.rest(0.02)
            return
        page = json.loads(body)
        for outcome in page['outcomes']:
            self.seen[outcome['id']] = outcome
        self.cursor = page.get('next') or self.cursor


class Load:
    """All clients of one data directory, over all lives of the engine."""

    def __init__(self, rng, ledger, pause=0.004, connections=3):
        self.rng = rng
        self.ledger = ledger
        self.pause = pause
        self.port = 0
        self.sending = True
        self.wrong = []       # Answers that no honest engine gives.
        self.identity = []
        self.selector = selectors.DefaultSelector()
        self.senders = [Sender(self, own) for own in range(connections)]
        self.twin = Twin(self)
        self.scraper = Scraper(self)
        self.watcher = Watcher(self)
        self.clients = [*self.senders, self.twin, self.scraper, self.watcher]

    def run(self, engine, until):
        """Drives the clients until `until()` is true or the process has died."""
        self.port = engine.port
        checked = 0.0
        while not until():
            now = time.monotonic()
            for client in self.clients:
                client.step(now)
            for key, events in self.selector.select(0.002):
                if key.data.socket is not None:
                    key.data.ready(events)
            if now - checked > 0.01:
                checked = now
                if not engine.alive():
                    return

    def after_death(self):
        for client in self.clients:
            client.drain()

    def idle(self):
        """Nothing on its way, and everything accepted has its outcome."""
        if any(sender.waiting or sender.again for sender in self.senders) or self.twin.waiting:
            return False
        values = self.scraper.last
        return bool(values) and values.get(b'ouzel_events_in_flight', 1) == 0

    def settle(self, engine, seconds=20):
        """Sends nothing new; waits until every request is answered and every event scored."""
        self.sending = False
        self.scraper.last = {}
        deadline = time.monotonic() + seconds
        quiet_since = None

        def done():
            nonlocal quiet_since
            if not self.idle():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = self.scraper.scrapes
            elif self.scraper.scrapes >= quiet_since + 2:
                return True
            return time.monotonic() > deadline

        self.run(engine, done)
        self.sending = True
        return self.idle()


