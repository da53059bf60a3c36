#!/usr/bin/env python3
"""Reads a data directory of ouzel by docs/format/*.md alone, with no code of the engine.

It decides for itself which frames count, where the log ends, and whether what follows is the torn
tail of a crash or damage. Used by the crash checker; run by hand it prints a summary.
"""
import argparse
import ctypes
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

EVENTS, OUTCOMES, JOURNAL, LABELS, MODELS, ALARMS, MARK, SEAL = 1, 2, 3, 4, 5, 6, 254, 255
TOPICS = {EVENTS: 'events', OUTCOMES: 'outcomes', JOURNAL: 'journal', LABELS: 'labels',
          MODELS: 'models', ALARMS: 'alarms', MARK: 'mark', SEAL: 'seal'}
PAGE = 4096
HEADER = struct.Struct('<4sBBHQIIQQQQII')
SEGMENT = struct.Struct('<8sIIQQQQQ')
ENTRY = struct.Struct('<BBHIQ')
SEGMENT_NAME = re.compile(r'[0-9a-f]{16}\.seg')


def load_crc32c():
    """Compiles crc32c.c and returns crc(bytes, before=0)."""
    place = tempfile.mkdtemp(prefix='ouzel-crc-')
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'crc32c.c')
    library = os.path.join(place, 'crc32c.so')
    compiler = os.environ.get('CC') or 'cc'
    subprocess.run([compiler, '-O2', '-shared', '-fPIC', '-o', library, source], check=True)
    loaded = ctypes.CDLL(library)
    shutil.rmtree(place)
    loaded.crc32c_init()
    loaded.crc32c.restype = ctypes.c_uint32
    loaded.crc32c.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    call = loaded.crc32c
    return lambda data, before=0: call(before, data, len(data))


crc32c = load_crc32c()


def murmur2(key):
    """Kafka's hash of a key (org.apache.kafka.common.utils.Utils.murmur2)."""
    mask, mix, length = 0xffffffff, 0x5bd1e995, len(key)
    value = (0x9747b28c ^ length) & mask
    for (word,) in struct.iter_unpack('<I', key[:length & ~3]):
        word = word * mix & mask
        word = (word ^ (word >> 24)) * mix & mask
        value = (value * mix & mask) ^ word
    rest = key[length & ~3:]
    if rest:
        value = (value ^ int.from_bytes(rest, 'little')) * mix & mask
    value = (value ^ (value >> 13)) * mix & mask
    return value ^ (value >> 15)


def partition_of(key, partitions):
    return (murmur2(key) & 0x7fffffff) % partitions


@dataclass
class Frame:
    topic: int
    partition: int
    base: int
    rows: int
    accepted: int
    synced_to: int
    generation: int
    position: int
    end: int
    body: bytes = field(repr=False)


@dataclass
class Segment:
    path: str
    generation: int
    base: int
    table: dict
    data: bytes = field(repr=False)


@dataclass
class Damage:
    """A range of log positions that is not what was written. `partition` None: cannot be told."""
    begin: int
    end: int
    why: str
    partition: int = None


@dataclass
class Log:
    frames: list
    damages: list
    torn_bytes: int = 0     # Of the torn tail that a recovery would cut.
    end: int = 0            # Position behind the last frame that counts.
    durable_end: int = 0    # Below it everything is proven to have been synced.
    sealed: bool = False
    segments: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def read_segment(path, log_id):
    """The segment, or None with the reason if the file is not part of the log."""
    name = os.path.basename(path)
    with open(path, 'rb') as file:
        data = file.read()
    if len(data) < PAGE:
        return None, data, 'shorter than a header page'
    if crc32c(data[:PAGE - 4]) != struct.unpack_from('<I', data, PAGE - 4)[0]:
        return None, data, 'header page has a wrong CRC'
    magic, version, entries, owner, generation, base, _, _ = SEGMENT.unpack_from(data, 0)
    if magic != b'OUZELSEG':
        return None, data, 'no segment magic'
    if version != 1:
        raise ValueError(f'{name}: segment version 1 is known, got {version}')
    if owner != log_id or generation != int(name[:16], 16):
        return None, data, 'of another log or generation'
    table = {}
    for index in range(entries):
        topic, _, partition, _, offset = ENTRY.unpack_from(data, 64 + index * ENTRY.size)
        table[(topic, partition)] = offset
    return Segment(path, generation, base, table, data), data, ''


def header_at(data, at, generation, position, log_id):
    """The frame's header fields at byte `at` if its header counts. position None: any."""
    if at + HEADER.size > len(data) or data[at:at + 4] != b'OZF1':
        return None
    fields = HEADER.unpack_from(data, at)
    seed = crc32c(log_id.to_bytes(8, 'little'))
    if crc32c(data[at:at + 60], seed) != fields[12]:
        return None
    if fields[1] != 1 or fields[9] != generation:
        return None
    if position is not None and fields[10] != position:
        return None
    return fields


def frame_at(data, at, generation, position, log_id):
    """The frame at byte `at` if it counts, else None."""
    fields = header_at(data, at, generation, position, log_id)
    if fields is None:
        return None
    _, _, topic, partition, base, rows, length, accepted, synced_to, _, where, crc, _ = fields
    body = data[at + HEADER.size:at + HEADER.size + length]
    if len(body) != length or crc32c(body) != crc:
        return None
    size = (HEADER.size + length + 7) & ~7
    return Frame(topic, partition, base, rows, accepted, synced_to, generation, where,
                 where + size, body)


def later_frames(segment, at, log_id):
    """Frames that count behind byte `at` of a segment, wherever they begin."""
    found = segment.data.find(b'OZF1', at + 1)
    while found >= 0:
        if found % 8 == 0:
            position = segment.base + found - PAGE
            frame = frame_at(segment.data, found, segment.generation, position, log_id)
            if frame is not None:
                yield found, frame
                found += frame.end - frame.position - 4
        found = segment.data.find(b'OZF1', found + 4)


def damaged_partition(segment, at, log_id):
    """The partition of a frame with a whole header and a bad body, else None."""
    position = segment.base + at - PAGE
    fields = header_at(segment.data, at, segment.generation, position, log_id)
    return None if fields is None else fields[3]


def walk(segment, limit, log, log_id, named):
    """Adds the frames of one segment to the log. limit: where it must end (None: the last one).
    named: the highest log position that something else on disk vouches for."""
    at = PAGE
    while True:
        position = segment.base + at - PAGE
        if limit is not None and position >= limit:
            return
        frame = frame_at(segment.data, at, segment.generation, position, log_id)
        if frame is not None and (limit is None or frame.end <= limit):
            log.frames.append(frame)
            log.end = frame.end
            at += frame.end - frame.position
            continue
        later = list(later_frames(segment, at, log_id))
        later = [item for item in later if limit is None or item[1].position < limit]
        witness = max([item[1].synced_to for item in later], default=0)
        if limit is None and witness <= position and named <= position:
            log.torn_bytes = len(segment.data[at:].rstrip(b'\0'))
            log.durable_end = witness
            return
        to = later[0][1].position if later else (limit or max(named, position + 1))
        why = f'bad frame in {os.path.basename(segment.path)} at byte {at}'
        log.damages.append(Damage(position, to, why, damaged_partition(segment, at, log_id)))
        if not later:
            return
        at = later[0][0]


def orphan_segment(path, data, log_id):
    """A file with a bad header is nothing unless its frames say that more was appended to it after
    it had become part of the log (a recovery that died leaves frames, but none that vouches)."""
    generation = int(os.path.basename(path)[:16], 16)
    base, newest = None, 0
    found = data.find(b'OZF1', PAGE)
    while found >= 0:
        fields = header_at(data, found, generation, None, log_id)
        if fields is not None and found % 8 == 0:
            base = fields[10] - (found - PAGE) if base is None else base
            newest = max(newest, fields[8])
        found = data.find(b'OZF1', found + 4)
    if base is None or newest <= base:
        return None
    return Segment(path, generation, base, {}, data)


def read_log(directory, log_id, named=0):
    """Reads one log (`log/` or `keep/`). Never raises on damaged bytes."""
    log = Log([], [])
    names = sorted(name for name in os.listdir(directory) if SEGMENT_NAME.fullmatch(name))
    for name in names:
        path = os.path.join(directory, name)
        segment, data, why = read_segment(path, log_id)
        if segment is None:
            segment = orphan_segment(path, data, log_id)
            if segment is None:
                continue
            log.notes.append(f'{name}: {why}')
        log.segments.append(segment)
    segments = log.segments
    for index, segment in enumerate(segments):
        limit = min((later.base for later in segments[index + 1:]), default=None)
        if limit is not None and limit <= segment.base:
            continue
        if log.frames and segment.base != log.end and not log.damages:
            log.damages.append(Damage(log.end, segment.base, 'segments do not join'))
        walk(segment, limit, log, log_id, named)
    # A segment's header is written when all before it is on disk.
    proofs = [frame.synced_to for frame in log.frames] + [segment.base for segment in segments]
    log.durable_end = max([log.durable_end, *proofs, min(named, log.end)])
    log.sealed = bool(log.frames) and log.frames[-1].topic == SEAL
    check_offsets(log)
    return log


def check_offsets(log):
    """Offsets of a topic's partition have no holes."""
    following = {}
    for frame in log.frames:
        if frame.topic not in (EVENTS, OUTCOMES):
            continue
        at = following.setdefault((frame.topic, frame.partition), frame.base)
        if frame.base != at:
            why = f'{TOPICS[frame.topic]} {frame.partition}: offset {at} expected, got {frame.base}'
            log.damages.append(Damage(frame.position, frame.end, why, frame.partition))
        following[(frame.topic, frame.partition)] = frame.base + frame.rows


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def text(data, at):
    size, at = varint(data, at)
    if at + size > len(data):
        raise IndexError('text beyond the end')
    return data[at:at + size], at + size


@dataclass
class Event:
    partition: int
    offset: int
    accepted: int
    form: int
    source: str
    id: str
    payload: bytes

    def content(self):
        """(source, id, payload as parsed, or None if it is not JSON)."""
        try:
            parsed = json.loads(self.payload)
        except ValueError:
            return self.source, self.id, None
        if self.form == 0:
            return self.source, self.id, parsed
        source = self.source or str(parsed.get('source', ''))
        return source, self.id or str(parsed.get('id', '')), parsed.get('data')


def events_of(frame):
    """The events of one frame of topic events."""
    data, at, out = frame.body, 0, []
    for row in range(frame.rows):
        form, at = varint(data, at)
        source, at = text(data, at)
        identity, at = text(data, at)
        _, at = text(data, at)
        payload, at = text(data, at)
        out.append(Event(frame.partition, frame.base + row, frame.accepted, form, source.decode(),
                         identity.decode(), payload))
    if at != len(data):
        raise ValueError(f'events frame at {frame.position}: {len(data) - at} bytes too many')
    return out


FATES = ('scored', 'schema', 'clock_ahead', 'too_late', 'unknown_key', 'model_failed', 'malformed',
         'no_key', 'too_large', 'envelope')
LABEL_NAMES = ('normal', 'anomaly')
ROUTES = ('pass', 'review', 'alert')
FLAGS = ((1, 'late'), (2, 'hold_off'), (4, 'warming'), (8, 'unknown_key'),
         (16, 'review_full'))
OUTCOME = struct.Struct('<BBBBqff')
NO_TIME = -2 ** 63


@dataclass
class Outcome:
    offset: int
    fate: int
    label: int
    route: int
    flags: int
    time: int
    score: float
    confidence: float
    source: str
    id: str
    key: str
    detail: str
    reasons: list
    features: tuple


@dataclass
class Commit:
    """One outcome frame: what was in force, the running totals after it, and its rows."""
    partition: int
    first: int
    pipeline: str
    model: str
    version: int
    threshold: float
    plan: int
    control: int
    totals: dict
    feature_names: list
    rows: list


def totals_at(data, at, version):
    totals = {}
    for name in ('scored', 'late', 'alerts', 'reviews', 'review_overflow')[:3 + version]:
        totals[name], at = varint(data, at)
    totals['rejected'] = []
    for _ in FATES:
        count, at = varint(data, at)
        totals['rejected'].append(count)
    return totals, at


def strings_at(data, at, count):
    out = []
    for _ in range(count):
        word, at = text(data, at)
        out.append(word.decode())
    return out, at


def commit_of(frame):
    """The commit in a frame of topic outcomes. Raises ValueError or IndexError on nonsense."""
    data = frame.body
    version, bits, width, rows, first = struct.unpack_from('<BBHIQ', data, 0)
    if version not in (1, 2):
        raise ValueError(f'outcome body versions 1 and 2 are known, got {version}')
    (pipeline, model), at = strings_at(data, 16, 2)
    model_version, threshold, low, high, control = struct.unpack_from('<IdQQQ', data, at)
    totals, at = totals_at(data, at + 36, version)
    count, at = varint(data, at)
    words, at = strings_at(data, at, count)
    names, at = strings_at(data, at, width if bits & 1 else 0)
    fixed, at = at, at + rows * OUTCOME.size
    out = []
    for row in range(rows):
        fate, labels, flags, reasons, time, score, confidence = OUTCOME.unpack_from(
            data, fixed + row * OUTCOME.size)
        (source, identity, key, _), at = strings_at(data, at, 4)
        detail, why, features = '', [], ()
        if fate != 0:
            (detail,), at = strings_at(data, at, 1)
        else:
            for _ in range(reasons):
                word, at = varint(data, at)
                why.append((words[word], struct.unpack_from('<f', data, at)[0]))
                at += 4
            if bits & 1:
                features = struct.unpack_from(f'<{width}d', data, at)
                at += 8 * width
        out.append(Outcome(first + row, fate, labels & 15, labels >> 4, flags, time, score,
                           confidence, source, identity, key, detail, why, features))
    if at != len(data) or rows != frame.rows or first != frame.base:
        raise ValueError(f'outcome frame at {frame.position}: body does not fit its header')
    return Commit(frame.partition, first, pipeline, model, model_version, threshold,
                  high << 64 | low, control, totals, names, out)


SNAPSHOT_NAME = re.compile(r'lane-([0-9]+)-[0-2]\.snap')
SNAPSHOT_TOTALS = struct.Struct('<14Q')


@dataclass
class Snapshot:
    """What a snapshot's header says; its state is not read here."""
    path: str
    partition: int
    number: int
    next: int
    resume: int
    durable: int
    scored: int


def read_snapshots(data_dir, log_id):
    """Headers of the snapshots that count."""
    directory, out = os.path.join(data_dir, 'snapshots'), []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        match = SNAPSHOT_NAME.fullmatch(name)
        if not match:
            continue
        path = os.path.join(directory, name)
        with open(path, 'rb') as file:
            page = file.read(PAGE)
        version = struct.unpack_from('<I', page, 8)[0] if len(page) == PAGE else 0
        if page[:8] != b'OUZELSNP' or version not in (1, 2):
            continue
        if crc32c(page[:PAGE - 4]) != struct.unpack_from('<I', page, PAGE - 4)[0]:
            continue
        partition = struct.unpack_from('<I', page, 12)[0]
        owner, number, _, _, following, resume, durable = struct.unpack_from('<7Q', page, 16)
        if owner == log_id and partition == int(match[1]):
            scored = SNAPSHOT_TOTALS.unpack_from(page, 144)[0]
            out.append(Snapshot(path, partition, number, following, resume, durable, scored))
    return out


def read_cursors(data_dir, log_id):
    """{sink: log position that its cursor names} of the cursors that count."""
    directory, out = os.path.join(data_dir, 'sinks'), {}
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        sink, found, _ = name.rpartition('.cursor')
        if not found:
            continue
        with open(os.path.join(directory, name), 'rb') as file:
            data = file.read()
        for slot in (data[:PAGE], data[PAGE:2 * PAGE]):
            if len(slot) < PAGE or crc32c(slot[:-4]) != struct.unpack_from('<I', slot, PAGE - 4)[0]:
                continue
            magic, version, _, owner, _, position = struct.unpack_from('<8sIIQQQ', slot)
            if magic == b'OUZELCUR' and version == 1 and owner == log_id:
                out[sink] = max(position, out.get(sink, 0))
    return out


def read_data_dir(data_dir):
    """(log, snapshots, partitions) of a data directory."""
    log_id, partitions = read_identity(data_dir)
    snapshots = read_snapshots(data_dir, log_id)
    named = max([0, *(snapshot.durable for snapshot in snapshots),
                 *read_cursors(data_dir, log_id).values()])
    return read_log(os.path.join(data_dir, 'log'), log_id, named), snapshots, partitions


def read_identity(data_dir):
    """(log id, partitions) from ouzel.meta."""
    with open(os.path.join(data_dir, 'ouzel.meta'), 'rb') as file:
        content = file.read()
    lines, _, crc = content.rpartition(b'crc ')
    if int(crc, 16) != crc32c(lines):
        raise ValueError('ouzel.meta has a wrong CRC')
    first, *rest = lines.decode().splitlines()
    values = dict(line.split(' ', 1) for line in rest)
    if first != 'ouzel data directory' or values['format'] != '1':
        raise ValueError(f'format 1 of an ouzel data directory is known, got {first}, {rest}')
    return int(values['log_id'], 16), int(values['partitions'])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data_dir')
    parser.add_argument('--frames', action='store_true', help='print every frame')
    options = parser.parse_args()
    log_id, partitions = read_identity(options.data_dir)
    for part in ('log', 'keep'):
        directory = os.path.join(options.data_dir, part)
        if not os.path.isdir(directory):
            continue
        log = read_log(directory, log_id)
        rows = {}
        for frame in log.frames:
            rows[TOPICS[frame.topic]] = rows.get(TOPICS[frame.topic], 0) + frame.rows
            if options.frames:
                print(f'  {TOPICS[frame.topic]} {frame.partition} base {frame.base} rows '
                      f'{frame.rows} position {frame.position} synced_to {frame.synced_to} '
                      f'generation {frame.generation}')
        print(f'{part}: {partitions} partitions, {len(log.segments)} segments, {len(log.frames)} '
              f'frames, rows {rows}, end {log.end}, durable {log.durable_end}, torn '
              f'{log.torn_bytes} bytes, sealed {log.sealed}')
        for damage in log.damages:
            print(f'  DAMAGE {damage.begin}..{damage.end}: {damage.why}')
        if log.damages:
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
