"""Counts what must never happen, from the ledger of what was sent and the bytes left on disk.

LOST       acknowledged or shown, and then not there; an event without an outcome
DUP        one event twice
HOLE       an offset is missing
REORDERED  events of a key out of the order in which they were sent
PHANTOM    an outcome without its event; an event never sent, or refused
STATE      fate, flags, features or bytes differ from the sequential reference
PLAN       a commit of a plan that the pipeline file did not hold then, a decision that does not
           follow from its score and threshold, or a switch of plans that the log does not tell
IDENTITY   totals and counters disagree with the rows counted
EARLY      an outcome was shown before it was durable
ANSWER     an answer that no honest engine gives
DAMAGE     bytes that no crash leaves
VIEW       `tap` shows something else than the bytes on disk
SINK       what left the engine is not what `tap` shows, as often and in the order promised
EXIT       the engine did not stop or start as it must
"""
import json
import os

import ledger as ledgers
import ouzel_log
import pipelines
import reference

COUNTS = ('LOST', 'DUP', 'HOLE', 'REORDERED', 'PHANTOM', 'STATE', 'PLAN', 'IDENTITY', 'EARLY',
          'ANSWER', 'DAMAGE', 'VIEW', 'SINK', 'EXIT')
WARMING, UNKNOWN_KEY = 4, 8  # Among the flags of an outcome.
SCORE_ERROR_MAX = 1e-5       # The engine's model computes with 32 bits.
TELL_MAX = 12
MESSAGE_MAX = 1200


class Counts:
    def __init__(self, tell=print):
        self.of = dict.fromkeys(COUNTS, 0)
        self.tell = tell
        self.told = 0

    def cry(self, name, message):
        self.of[name] += 1
        self.told += 1
        if self.told <= TELL_MAX:
            self.tell(f'  {name}: {message}'[:MESSAGE_MAX])

    def total(self):
        return sum(self.of.values())

    def line(self):
        return ' '.join(f'{name} {count}' for name, count in self.of.items())


class Partition:
    def __init__(self, judge=None):
        self.events = []      # Number of the event at each offset.
        self.content = []     # (source, id, key, accepted ns, data)
        self.where = []       # Log position of its frame.
        self.expected = []    # (fate, late, features) by the reference.
        self.outcomes = []    # ouzel_log.Outcome
        self.reference = judge or reference.Reference()
        self.totals = {'scored': 0, 'late': 0, 'rejected': [0] * len(ouzel_log.FATES)}


class Checker:
    """Follows one data directory over all its lives; `check` after each of them, cheaply: frames
    that were seen before are only compared. history: of the pipeline file; make_reference: of a
    partition."""

    def __init__(self, ledger, data_dir, counts, history=None,
                 make_reference=reference.Reference):
        self.ledger = ledger
        self.data_dir = data_dir
        self.counts = counts
        self.history = history or pipelines.History()
        self.make_reference = make_reference
        self.partitions = {}
        self.frames = {}       # (topic, partition, base, rows) -> CRC of the body, log position
        self.found = set()     # Numbers of events in the log.
        self.last_seq = {}
        self.acked_checked = 0
        self.seen_checked = set()
        self.log = None

    def partition(self, number):
        if number not in self.partitions:
            self.partitions[number] = Partition(self.make_reference())
        return self.partitions[number]

    def check(self, shown=None):
        """After a death: what the disk holds now. shown: outcomes that a watcher has seen."""
        if not os.path.exists(os.path.join(self.data_dir, 'ouzel.meta')):
            self._promises(shown or {})
            return
        before = self.log
        self.log, snapshots, partitions = ouzel_log.read_data_dir(self.data_dir)
        for damage in self.log.damages:
            self.counts.cry('DAMAGE', f'{damage.begin}..{damage.end}: {damage.why}')
        present, before_keys = set(), set(self.frames)
        for frame in self.log.frames:
            if frame.topic not in (ouzel_log.EVENTS, ouzel_log.OUTCOMES):
                continue
            key = (frame.topic, frame.partition, frame.base, frame.rows)
            if frame.rows == 0:
                key += (frame.position,)  # Only says what is in force; several may do at one place.
            crc = ouzel_log.crc32c(frame.body)
            present.add(key)
            known = self.frames.setdefault(key, (crc, frame.position))
            if known != (crc, frame.position):
                self.counts.cry('STATE', f'{ouzel_log.TOPICS[frame.topic]} {key[1:]} changed')
            elif key not in before_keys:
                self._take(frame, partitions)
        self._kept(present)
        if before is not None:
            self._recovered(before)
        for snapshot in snapshots:
            self._snapshot(snapshot)
        self._promises(shown or {})

    def _recovered(self, before):
        """Recovery leaves what it found alone: it writes into new segments only, and copies there
        what only the page cache may have held."""
        found = max((segment.generation for segment in before.segments), default=0)
        newer = [segment for segment in self.log.segments if segment.generation > found]
        if len(newer) == len(self.log.segments):
            newer = []  # Retention has removed all that recovery found.
        for segment in newer[:1]:
            if segment.base > before.durable_end and not before.sealed:
                self.counts.cry('DAMAGE', f'recovery took {before.durable_end}..{segment.base} for '
                                          'durable: nothing on disk proves it')
        for frame in self.log.frames:
            if frame.generation <= found and frame.position >= before.end:
                self.counts.cry('DAMAGE', f'frame {frame.position} was appended to segment '
                                          f'{frame.generation}, which recovery found')
                return

    def _snapshot(self, snapshot):
        part = self.partition(snapshot.partition)
        if snapshot.next > len(part.outcomes):
            self.counts.cry('EARLY', f'snapshot {snapshot.number} of partition '
                                     f'{snapshot.partition} stands at {snapshot.next}, its commit '
                                     f'is not there: {len(part.outcomes)} outcomes')
        elif snapshot.scored != sum(row.fate == 0 for row in part.outcomes[:snapshot.next]):
            self.counts.cry('IDENTITY', f'snapshot {snapshot.number} of partition '
                                        f'{snapshot.partition}: scored {snapshot.scored}')

    def _kept(self, present):
        """Frames seen before are still there, unless retention took the oldest."""
        oldest = min((segment.base for segment in self.log.segments), default=0)
        for key in self.frames.keys() - present:
            if self.frames[key][1] >= oldest:
                self.counts.cry('LOST', f'{ouzel_log.TOPICS[key[0]]} {key[1:]} was in the log')

    def _take(self, frame, partitions):
        try:
            if frame.topic == ouzel_log.EVENTS:
                for event in ouzel_log.events_of(frame):
                    self._take_event(frame, event, partitions)
            else:
                self._take_commit(frame, ouzel_log.commit_of(frame))
        except (ValueError, IndexError, KeyError) as error:
            self.counts.cry('DAMAGE', f'{ouzel_log.TOPICS[frame.topic]} frame at '
                                      f'{frame.position}: {error!r}')

    def _take_event(self, frame, event, partitions):
        cry, part = self.counts.cry, self.partition(event.partition)
        place = f'{event.partition}:{event.offset}'
        if event.offset != len(part.events):
            cry('HOLE', f'event {place}, offset {len(part.events)} expected')
            return
        source, identity, data = event.content()
        number = data.get('u') if isinstance(data, dict) else None
        part.events.append(number)
        part.content.append((source, identity, data.get('device') if data else None,
                             event.accepted, data))
        part.where.append(frame.position)
        part.expected.append(part.reference.judge(event.accepted, data or {}))
        if not isinstance(number, int) or number >= len(self.ledger.events):
            cry('PHANTOM', f'event {place} was never sent')
            return
        sent = self.ledger.events[number]
        if sent.status in (ledgers.NEW, ledgers.REFUSED, ledgers.UNTAKEN):
            cry('PHANTOM', f'event {place} ({number}) is {sent.status}')
        if data != sent.data or event.payload != sent.line or (
                sent.id and (source, identity) != (sent.source, sent.id)):
            cry('STATE', f'event {place} ({number}) is not what was sent')
        if number in self.found:
            cry('DUP', f'event {number} of {sent.key} again at {place}')
        elif sent.seq <= self.last_seq.get(sent.key, 0):
            cry('REORDERED', f'event {place} of {sent.key}: {sent.seq} behind '
                             f'{self.last_seq[sent.key]}')
        if ouzel_log.partition_of(sent.key.encode(), partitions) != event.partition:
            cry('STATE', f'event {place} of {sent.key} is in another key\'s partition')
        self.found.add(number)
        self.last_seq[sent.key] = max(sent.seq, self.last_seq.get(sent.key, 0))

    def _take_commit(self, frame, commit):
        cry, part = self.counts.cry, self.partition(commit.partition)
        pipeline, wrong = self.history.take(commit)
        if wrong:
            cry('PLAN', f'commit {commit.partition}:{commit.first}: {wrong}')
        totals = part.totals
        for row in commit.rows:
            place = f'{commit.partition}:{row.offset}'
            if row.offset != len(part.outcomes):
                what = 'DUP' if row.offset < len(part.outcomes) else 'HOLE'
                cry(what, f'outcome {place}, offset {len(part.outcomes)} expected')
                return
            part.outcomes.append(row)
            if row.fate == 0:
                totals['scored'] += 1
                totals['late'] += row.flags & 1
            else:
                totals['rejected'][row.fate] += 1
            if row.offset >= len(part.events) or part.where[row.offset] >= frame.position:
                cry('PHANTOM', f'outcome {place} stands before its event')
                continue
            self._compare(place, part, row, commit.feature_names)
            if pipeline is not None and row.fate == 0:
                self._decided(place, row, pipeline)
        for name, value in totals.items():
            if commit.totals[name] != value:
                cry('IDENTITY', f'partition {commit.partition} at {len(part.outcomes)}: {name} '
                                f'counted {value}, the commit says {commit.totals[name]}')
                totals[name] = (list(commit.totals[name]) if name == 'rejected'
                                else commit.totals[name])

    def _compare(self, place, part, row, names):
        cry = self.counts.cry
        source, identity, key, _, data = part.content[row.offset]
        if (row.source, row.id, row.key) != (source, identity, key):
            cry('PHANTOM', f'outcome {place} is of {row.source} {row.id}, not {source} {identity}')
            return
        fate, late, features = part.expected[row.offset]
        if row.fate != fate or (fate == 0 and late != bool(row.flags & 1)):
            cry('STATE', f'outcome {place} of event {data.get("u")}: '
                         f'{ouzel_log.FATES[fate]} late {late} expected, got '
                         f'{ouzel_log.FATES[row.fate]} flags {row.flags} {row.detail}')
        elif fate == 0:
            wrong = reference.differences(features, names, row.features)
            score = part.reference.score(features)
            if score is not None and abs(row.score - score) > SCORE_ERROR_MAX:
                wrong.append(f'score {score} expected, got {row.score}')
            if bool(row.flags & UNKNOWN_KEY) != part.reference.unknown(key):
                wrong.append(f'flags {row.flags}')
            if wrong:
                cry('STATE', f'outcome {place} of {key}: {"; ".join(wrong[:3])}')

    def _decided(self, place, row, pipeline):
        expected, sure = reference.decision(row.score, bool(row.flags & WARMING), pipeline)
        got = ouzel_log.LABEL_NAMES[row.label], ouzel_log.ROUTES[row.route]
        if got != expected or abs(row.confidence - sure) > 1e-5:
            self.counts.cry('PLAN', f'outcome {place} of score {row.score}: {expected}, {sure} '
                                    f'expected by {pipeline}, got {got}, {row.confidence}')

    def _promises(self, shown):
        """What senders and watchers were told must be on disk."""
        acked = self.ledger.acked
        for number in acked[self.acked_checked:]:
            if number not in self.found:
                event = self.ledger.events[number]
                self.counts.cry('LOST', f'event {number} of {event.key} was acknowledged')
        self.acked_checked = len(acked)
        for name in shown.keys() - self.seen_checked:
            self.seen_checked.add(name)
            partition, offset = (int(part) for part in name.split(':'))
            part = self.partition(partition)
            if offset >= len(part.outcomes):
                self.counts.cry('EARLY', f'outcome {name} was shown and is not there')
                continue
            row, data = part.outcomes[offset], shown[name]['data']
            if data['event'].get('id') != row.id or data['status'] != status_of(row):
                self.counts.cry('EARLY', f'outcome {name} was shown otherwise')

    def finish(self):
        """At rest: every event has its outcome."""
        for number, part in sorted(self.partitions.items()):
            if len(part.outcomes) < len(part.events):
                self.counts.cry('LOST', f'partition {number}: {len(part.events)} events, '
                                        f'{len(part.outcomes)} outcomes')

    def retained(self, topic):
        """partition:offset of all rows of a topic that are still in the log."""
        return {f'{frame.partition}:{frame.base + row}' for frame in self.log.frames
                if frame.topic == topic for row in range(frame.rows)}

    def compare_taps(self, events, outcomes, rejects):
        """`tap` (lines of NDJSON) and our own reading must agree."""
        cry, kept = self.counts.cry, self.retained(ouzel_log.OUTCOMES)
        shown = by_id(outcomes)
        rows = {f'{number}:{row.offset}': row for number, part in self.partitions.items()
                for row in part.outcomes if f'{number}:{row.offset}' in kept}
        if len(shown) != len(outcomes) or shown.keys() != rows.keys():
            cry('VIEW', f'tap outcomes: {len(outcomes)} lines, {len(rows)} rows on disk')
        for name in shown.keys() & rows.keys():
            data, row = shown[name]['data'], rows[name]
            same = (data['status'] == status_of(row) and data['event'].get('id') == row.id and
                    data['event'].get('key') == row.key)
            if row.fate == 0:
                same = same and data['route'] == ouzel_log.ROUTES[row.route]
            else:
                same = same and data['reason'] == ouzel_log.FATES[row.fate]
            if not same:
                cry('VIEW', f'tap outcome {name}: {data}')
        there = self.retained(ouzel_log.EVENTS)
        whole = sum(row.fate != 0 and name in there for name, row in rows.items())
        if not whole <= len(rejects) <= sum(row.fate != 0 for row in rows.values()):
            cry('VIEW', f'tap rejects: {len(rejects)} lines, {whole} rows with their events')
        if len(events) != len(there):
            cry('VIEW', f'tap events: {len(events)} lines, {len(there)} rows on disk')


def status_of(row):
    return 'scored' if row.fate == 0 else 'rejected'


def by_id(lines):
    return {line['id']: line for line in map(json.loads, lines)}
