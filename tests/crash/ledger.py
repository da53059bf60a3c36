"""What was sent, and what the sender was told: the truth that the checker holds the engine to.

Every event carries its own number `u`, so it is known again whatever id it got. Events of one key
are sent by one connection, one request after the other, so their order is known too.
"""
import json
from dataclasses import dataclass, field

# What the sender knows of an event.
NEW, UNKNOWN, ACKED, REFUSED, UNTAKEN = 'new', 'unknown', 'acked', 'refused', 'untaken'
# What ought to become of it.
GOOD, LATE, TOO_LATE, SCHEMA, AHEAD, MALFORMED, NO_KEY = (
    'good', 'late', 'too_late', 'schema', 'clock_ahead', 'malformed', 'no_key')

START_NS = 1_700_000_000 * 10**9
SECOND = 10**9
MAX_LATE = 60 * SECOND
SOURCE = '/crash/{}'


@dataclass
class Sent:
    """One event. `line` is what went over the wire."""
    number: int
    key: str
    seq: int
    kind: str
    source: str
    id: str
    data: dict
    time: int
    line: bytes = field(repr=False)
    status: str = NEW
    doubtful: bool = False  # Once sent without an answer: it may be there.


@dataclass
class Request:
    events: list
    head: str
    body: bytes = field(repr=False)
    raced: bool = False   # Sent twice at a time: which of the two is taken is open.
    doubled: bool = False  # The second is still without an answer.


class Ledger:
    """Makes requests, seeded, and keeps all events ever sent."""

    def __init__(self, rng, connections=3, keys=24):
        self.rng = rng
        self.events = []
        self.acked = []        # Numbers in the order of their acknowledgement.
        self.done = [[] for _ in range(connections)]  # Requests answered with 202, per connection.
        self.seq = {}
        self.newest = {}
        self.requests = 0
        names = [f'key-{index}' for index in range(keys)]
        self.keys = [names[own::connections] for own in range(connections)]

    def request(self, own):
        """The next request of connection `own`: new events, or one that was answered before."""
        rng = self.rng
        if self.done[own] and rng.random() < 0.04:
            return rng.choice(self.done[own][-20:])
        self.requests += 1
        events = [self._event(own) for _ in range(1 + int(rng.expovariate(1 / 12)))]
        shape = rng.random()
        if shape < 0.8:
            lines = [self._structured(event) for event in events]
            return self._request(events, 'application/x-ndjson', b'\n'.join(lines), '')
        if shape < 0.9:
            events = [event for event in events if event.kind != MALFORMED] or [self._good(own)]
            lines = [self._structured(event) for event in events]
            body = b'[' + b','.join(lines) + b']'
            return self._request(events, 'application/cloudevents-batch+json', body, '')
        lines = [self._plain(event) for event in events]
        extra = f'Idempotency-Key: request-{self.requests}\r\n'
        return self._request(events, 'application/x-ndjson', b'\n'.join(lines), extra)

    def _request(self, events, kind, body, extra):
        head = (f'POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{extra}'
                f'Content-Length: {len(body)}\r\n\r\n')
        return Request(events, head, body)

    def _good(self, own):
        return self._event(own, GOOD)

    def _event(self, own, kind=None):
        rng = self.rng
        if kind is None:
            kind = rng.choices((GOOD, LATE, TOO_LATE, SCHEMA, AHEAD, MALFORMED, NO_KEY),
                               (88, 3, 2, 2, 1, 2, 2))[0]
        key = rng.choice(self.keys[own])
        newest = self.newest.get(key, START_NS)
        time = newest + rng.randrange(1, 3) * SECOND + rng.randrange(1000) * 1000
        if kind == LATE:
            time = newest - rng.randrange(1, 50) * SECOND
        elif kind == TOO_LATE:
            time = newest - MAX_LATE - rng.randrange(1, 10**6) * SECOND
        elif kind == AHEAD:
            time = 4_000_000_000 * SECOND
        self.seq[key] = self.seq.get(key, 0) + 1
        number = len(self.events)
        data = {'device': key, 'ts': time // 1000 * 1000, 'u': number, 'n': self.seq[key],
                'v': rng.randrange(-500, 500)}
        if kind == SCHEMA:
            data['v'] = rng.choice(('high', 5000, None))
        if kind == NO_KEY:
            del data['device']
        event = Sent(number, key, self.seq[key], kind, SOURCE.format(own), f'{key}/{number}', data,
                     data['ts'], b'')
        if kind == GOOD:
            self.newest[key] = time
        self.events.append(event)
        return event

    def _structured(self, event):
        envelope = {'specversion': '1.0', 'type': 'crash', 'source': event.source, 'id': event.id,
                    'data': event.data}
        event.line = self._broken(event, json.dumps(envelope).encode())
        return event.line

    def _plain(self, event):
        event.source = event.id = ''
        event.line = self._broken(event, json.dumps(event.data).encode())
        return event.line

    def _broken(self, event, line):
        if event.kind != MALFORMED:
            return line
        return line[:self.rng.randrange(len(line) // 2, len(line) - 1)]

    def sent(self, request):
        """The request is about to leave: from now on nobody knows, until an answer comes."""
        request.raced = request.doubled
        for event in request.events:
            if event.status in (NEW, UNTAKEN):
                event.status = UNKNOWN

    def doubled(self, request):
        """The request goes out once more while an answer is due."""
        request.raced = request.doubled = True
        self.unanswered(request)

    def unanswered(self, request):
        for event in request.events:
            if event.status == UNKNOWN:
                event.doubtful = True

    def answered(self, own, request, status, reply):
        """Takes in an answer. Returns what is wrong with it (a list of texts) and whether the same
        request must be sent again."""
        count = len(request.events)
        refused = {item['index']: item for item in reply.get('refused', [])}
        accepted, duplicates = reply.get('accepted', 0), reply.get('duplicates', 0)
        wrong = []
        if status in (202, 400, 429, 503) and accepted + duplicates + len(refused) != count:
            wrong.append(f'answer {status} {accepted}+{duplicates}+{len(refused)} for {count} sent')
        known = sum(event.status == ACKED and index not in refused
                    for index, event in enumerate(request.events))
        if duplicates < known and not request.raced:
            wrong.append(f'{known} events sent again, {duplicates} answered as duplicates')
        if not any(event.doubtful for event in request.events) and duplicates > known:
            wrong.append(f'{duplicates} duplicates answered, {known} could be')
        again = False
        for index, event in enumerate(request.events):
            if index not in refused:
                if event.status != ACKED:
                    self.acked.append(event.number)
                event.status = ACKED
            elif refused[index].get('retry'):
                again = True
                if event.status == ACKED:
                    continue  # Its partition is overloaded; the event is there all the same.
                # A log that failed cannot know what of its last round got to disk.
                event.doubtful |= 'the log has failed' in refused[index].get('detail', '')
                event.status = UNKNOWN if event.doubtful else UNTAKEN
            else:
                event.status = REFUSED
                if event.kind not in (MALFORMED, NO_KEY):
                    wrong.append(f'refused {event.kind} event {event.number}: {refused[index]}')
        for index, event in enumerate(request.events):
            if event.kind in (MALFORMED, NO_KEY) and index not in refused and not wrong:
                wrong.append(f'accepted {event.kind} event {event.number}')
        if status == 202 and not again:
            self.done[own].append(request)
        return wrong, again
