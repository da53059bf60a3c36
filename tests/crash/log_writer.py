"""Writes data directories by docs/format/*.md, so that the reader and the checker can be tested on
known bytes, right and wrong ones."""
import os
import struct

import ouzel_log

LOG_ID = 0x1122334455667788


def varint(value):
    out = b''
    while value >= 0x80:
        out += bytes((value & 0x7f | 0x80,))
        value >>= 7
    return out + bytes((value,))


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return varint(len(data)) + data


def segment_page(generation, base, table=(), log_id=LOG_ID):
    page = ouzel_log.SEGMENT.pack(b'OUZELSEG', 1, len(table), log_id, generation, base, 0, 0)
    page = page.ljust(64, b'\0')
    for topic, partition, offset in table:
        page += ouzel_log.ENTRY.pack(topic, 0, partition, 0, offset)
    page = page.ljust(ouzel_log.PAGE - 4, b'\0')
    return page + struct.pack('<I', ouzel_log.crc32c(page))


def frame(topic, partition, base, rows, body, position, generation, synced_to=0, accepted=0):
    head = ouzel_log.HEADER.pack(b'OZF1', 1, topic, partition, base, rows, len(body), accepted,
                                 synced_to, generation, position, ouzel_log.crc32c(body), 0)[:60]
    seal = ouzel_log.crc32c(head, ouzel_log.crc32c(LOG_ID.to_bytes(8, 'little')))
    data = head + struct.pack('<I', seal) + body
    return data + bytes(-len(data) % 8)


def event_record(line, source='', identity=''):
    """A structured CloudEvent, or, with an identity, a payload."""
    form = b'\0' if identity else b'\x01'
    return form + text(source) + text(identity) + text('') + text(line)


def commit_body(first, rows, totals, names, threshold=0.9, plan=1):
    """rows: dicts with fate, late, label, route, source, id, key, features; all of
    score 0.5. confidence: of a row, where it is not what the score and the threshold give."""
    out = struct.pack('<BBHIQ', 1, 1, len(names), len(rows), first) + text('crash') + text('d')
    out += struct.pack('<IdQQQ', 1, threshold, plan, 2, 0)
    for value in (totals['scored'], totals['late'], 0, 0, *totals['rejected']):
        out += varint(value)
    out += varint(0) + b''.join(text(name) for name in names)
    for row in rows:
        decided = row['label'] | row['route'] << 4
        sure = row.get('confidence', 0.5 + 0.5 * (threshold - 0.5) / threshold)
        flags = 1 if row['late'] else 0
        out += ouzel_log.OUTCOME.pack(row['fate'], decided, flags, 0, 0, 0.5, sure)
    for row in rows:
        out += text(row['source']) + text(row['id']) + text(row['key']) + text('')
        if row['fate']:
            out += text('why')
        else:
            out += struct.pack(f'<{len(names)}d', *row['features'])
    return out


class Writer:
    """Appends frames to one segment after the other; `save` makes the data directory."""

    def __init__(self, partitions=8):
        self.partitions = partitions
        self.segments = []   # (generation, base, [frame bytes])
        self.position = 0
        self.synced = 0
        self.roll(1)

    def roll(self, generation, base=None):
        self.position = self.position if base is None else base
        self.segments.append((generation, self.position, []))

    def add(self, topic, partition=0, base=0, rows=0, body=b'', synced_to=None):
        generation, _, frames = self.segments[-1]
        data = frame(topic, partition, base, rows, body, self.position, generation,
                     self.synced if synced_to is None else synced_to, accepted=2 * 10**18)
        frames.append(data)
        self.position += len(data)

    def sync(self):
        self.synced = self.position

    def save(self, place, spare_bytes=8192):
        os.makedirs(os.path.join(place, 'log'))
        lines = (f'ouzel data directory\nformat 1\nlog_id {LOG_ID:016x}\npartitions '
                 f'{self.partitions}\nkey payload device\n').encode()
        with open(os.path.join(place, 'ouzel.meta'), 'wb') as file:
            file.write(lines + f'crc {ouzel_log.crc32c(lines):08x}\n'.encode())
        for generation, base, frames in self.segments:
            with open(segment_path(place, generation), 'wb') as file:
                file.write(segment_page(generation, base))
                file.write(b''.join(frames) + bytes(spare_bytes))


def segment_path(place, generation):
    return os.path.join(place, 'log', f'{generation:016x}.seg')
