"""The files that a file sink has written, read back and judged."""
import gzip
import json
import pathlib


def position(line):
    """(partition, offset) of an outcome's line."""
    partition, offset = json.loads(line)["id"].split(":")
    return int(partition), int(offset)


def lines(folder, sink):
    """All lines of a sink, in the order of its files."""
    text = b""
    for path in sorted(pathlib.Path(folder).glob(f"{sink}-*")):
        some = path.read_bytes()
        text += gzip.decompress(some) if path.suffix == ".gz" else some
    return [line for line in text.decode().split("\n") if line]


def fault(found, topic):
    """Why the lines of a sink are not those of its topic, byte for byte, each once and in the order
    of its partition; empty: they are."""
    newest = {}
    for partition, offset in map(position, found):
        if offset <= newest.get(partition, -1):
            return f"{partition}:{offset} stands behind {partition}:{newest[partition]}"
        newest[partition] = offset
    missing, other = set(topic) - set(found), set(found) - set(topic)
    if missing or other:
        some = sorted(missing or other, key=position)[0]
        return f"{len(missing)} lines are missing, {len(other)} are none of the topic's: {some}"
    return "" if len(found) == len(topic) else f"{len(topic)} lines expected, got {len(found)}"
