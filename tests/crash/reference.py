"""What each accepted event must become, computed slowly and one after the other.

Shares no code and no idea of state with the engine: it keeps every value of a key in a list.
Integers only, so sums are exact whatever the order of addition.
"""
import math
import struct

import ouzel_log

MINUTE = 60 * 10**9
MAX_FUTURE = 5 * MINUTE
MAX_LATE = 60 * 10**9
FIELDS = {'u': (0, math.inf), 'n': (0, math.inf), 'v': (-1000, 1000)}
FATE = {name: index for index, name in enumerate(ouzel_log.FATES)}


def valid(data):
    for name, (low, high) in FIELDS.items():
        value = data.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        if not low <= value <= high:
            return False
    return True


class Reference:
    """State of one partition, for count windows of any of the lengths `lasts`."""

    def __init__(self, lasts=(8,)):
        self.lasts = lasts
        self.newest = {}    # key -> newest event time that was not rejected
        self.values = {}    # (key, field) -> all values of events that were not rejected

    def unknown(self, key):
        """Whether the table lacks the key."""
        return False

    def score(self, features):
        """Of the model; None: it is not worked out here."""
        return None

    def judge(self, accepted, data):
        """(fate, late, features) of the next event of this partition. accepted: ns."""
        if not valid(data):
            return FATE['schema'], False, None
        key, time = data['device'], data['ts']
        if time > accepted + MAX_FUTURE:
            return FATE['clock_ahead'], False, None
        newest = self.newest.get(key, time)
        if time < newest - MAX_LATE:
            return FATE['too_late'], False, None
        self.newest[key] = max(newest, time)
        features = {}
        for field in ('n', 'v'):
            values = self.values.setdefault((key, field), [])
            before = values[-1] if values else None
            values.append(data[field])
            for last in self.lasts:
                self._window(features, f'{field}_{{}}_{last}'.format, values[-last:], before)
            del values[:-max(self.lasts)]
        self.add(features, key)
        return FATE['scored'], time < newest, features

    def add(self, features, key):
        """What further features a pipeline has."""

    @staticmethod
    def _window(features, name, window, before):
        features[name('count')] = len(window)
        features[name('sum')] = sum(window)
        features[name('last')] = window[-1]
        features[name('delta')] = None if before is None else window[-1] - before
        features[name('min')] = min(window)
        features[name('max')] = max(window)
        features[name('mean')] = sum(window) / len(window)


def single(number):
    """Rounded to 32 bits."""
    return struct.unpack('<f', struct.pack('<f', number))[0]


def decision(score, warming, pipeline):
    """(label, route) of a score, by their names in docs/format, and how sure that is."""
    threshold = single(pipeline.threshold)
    anomaly = score >= threshold
    if warming:
        route = 'pass'
    elif anomaly:
        route = 'alert'
    else:
        route = 'review' if score >= single(pipeline.review) else 'pass'
    way = (score - threshold) / (1 - threshold) if anomaly else (threshold - score) / threshold
    return ('anomaly' if anomaly else 'normal', route), 0.5 + 0.5 * way


def differences(expected, names, got):
    """Features that are not what the reference says, of those that it works out."""
    out = []
    for name, value in zip(names, got):
        if name not in expected:
            continue
        want = expected[name]
        if want is None:
            same = math.isnan(value)
        elif '_mean_' in name or '_sum_' in name:
            same = math.isclose(value, want, rel_tol=1e-9, abs_tol=1e-9)
        else:
            same = value == want
        if not same:
            out.append(f'{name}: {want} expected, got {value}')
    return out
