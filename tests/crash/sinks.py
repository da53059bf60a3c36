"""Mode `sink`: an ONNX model, a table that lacks a third of the keys, and four ways out.

Two file sinks must hold their topics' lines each once and in order. Two receivers, which fail now
and then, must get each outcome at least once, the same bytes always under the same key. The
threshold is edited now and then, so that sinks are closed and opened while they deliver.
"""
import dataclasses
import json
import math
import os
import random
import time
from collections import Counter

import edits
import onnx_writer
import pipelines
import receiver as receivers
import reference
import sink_files

INPUTS = ('v_last_8', 'v_mean_8', 'v_delta_8', 'capacity_last_8')
HIDDEN = 6
ELSEWHERE = 10   # Capacity of a key that the table lacks.
CAPACITY = {f'key-{index}': 20 + index for index in range(24) if index % 3}
DELIVERED_S = 20
FILES = '''\
  - {file: {bytes_max: 64KiB}, when: all, from: beginning, name: all}
  - {file: {gzip: true, bytes_max: 4KiB}, when: rejects, from: beginning, name: rejects}
'''
FAST = 'retries: 1000, backoff: 2ms, backoff_max: 20ms, timeout: 2s'
RECEIVERS = f'''\
  - http: {{url: "URL/all", mode: batched, batch: 40, {FAST}}}
    when: all
    from: beginning
  - webhook: {{url: "URL/alerts", {FAST}}}
    when: alert
    from: beginning
'''


def layers(seed=1):
    """Weights and biases of the net."""
    chance = random.Random(seed)
    wide = len(INPUTS)
    return [[[chance.gauss(0, 1 / 200) for _ in range(wide * HIDDEN)],
             [chance.gauss(0, 0.1) for _ in range(HIDDEN)]],
            [[chance.gauss(0, 1) for _ in range(HIDDEN)], [chance.gauss(0, 0.1)]]]


def write_assets(place):
    """The files that the pipeline names."""
    write_model(os.path.join(place, 'model.onnx'))
    with open(os.path.join(place, 'devices.csv'), 'w', encoding='utf-8') as file:
        file.write('device,capacity\n')
        file.writelines(f'{key},{capacity}\n' for key, capacity in CAPACITY.items())


def write_model(path):
    card = {'ouzel.name': 'crash-net', 'ouzel.features': json.dumps(INPUTS),
            'ouzel.reference': json.dumps({name: {'mean': 0} for name in INPUTS})}
    with open(path, 'wb') as file:
        file.write(onnx_writer.dense_net([len(INPUTS), HIDDEN, 1], weights=layers(),
                                         metadata=card))


@dataclasses.dataclass(frozen=True)
class SinkPipeline(pipelines.Pipeline):
    """files: there are file sinks; url: of the receivers, if there are any."""
    threshold: float = 0.7
    review: float = 0.5
    files: bool = False
    url: str = ''

    def features(self):
        of_table = f'  - {{of: capacity, take: [count, last], last: {self.last}}}'
        return f'{super().features()}\n{of_table}'

    def names(self):
        return super().names() | {f'capacity_count_{self.last}', f'capacity_last_{self.last}'}

    def model(self):
        return '{onnx: {file: model.onnx, missing: mean}}'

    def enrich(self):
        return ('enrich:\n  - {table: devices.csv, key: device, add: [capacity], unknown: flag, '
                f'defaults: {{capacity: {ELSEWHERE}}}}}\n')

    def sinks(self):
        return ('sinks:\n' if self.files or self.url else '') + (FILES if self.files else '') + (
            RECEIVERS.replace('URL', self.url) if self.url else '')


class SinkReference(reference.Reference):
    weights = layers()

    def unknown(self, key):
        return key not in CAPACITY

    def add(self, features, key):
        features['capacity_last_8'] = CAPACITY.get(key, ELSEWHERE)
        features['capacity_count_8'] = features['v_count_8']

    def score(self, features):
        at = [features[name] or 0 for name in INPUTS]  # The card's mean stands in.
        (matrix, bias), (last, (last_bias,)) = self.weights
        hidden = [max(0, bias[column] + sum(number * matrix[row * HIDDEN + column]
                                            for row, number in enumerate(at)))
                  for column in range(HIDDEN)]
        return 1 / (1 + math.exp(-last_bias - sum(map(math.prod, zip(hidden, last)))))


class SinkCampaign(edits.EditCampaign):
    must_count = ('files', 'requests', 'delivered again')

    def __init__(self, *arguments):
        self.receiver = receivers.Receiver(self.answer)
        self.moods = random.Random(1)
        self.delivered = Counter()   # Bodies that a receiver took.
        super().__init__(*arguments)
        write_assets(self.place)

    def answer(self, got):
        status = self.moods.choice([200] * 9 + [202, 500, 503])
        self.delivered[got.body] += status < 300
        return receivers.Answer(status)

    def end(self):
        super().end()
        self.receiver.__exit__()

    def pipeline(self):
        return SinkPipeline(files=True, url=f'http://127.0.0.1:{self.receiver.port}')

    def make_reference(self):
        return SinkReference()

    def with_other_features(self, pipeline):
        return pipeline  # The model has its inputs.

    def settle(self):
        """Until nothing is left to deliver either."""
        rest = super().settle()
        deadline = time.monotonic() + DELIVERED_S
        self.load.sending, self.load.scraper.last = False, {}

        def delivered():
            return self.load.scraper.last.get(b'ouzel_sink_lag_events') == 0

        self.load.run(self.engine, lambda: delivered() or time.monotonic() > deadline)
        self.load.sending = True
        return rest and delivered()

    def compare_with_never_killed(self, outcomes):
        clean = self.never_killed(SinkPipeline())
        self.compare([edits.undecide(line) for line in outcomes],
                     [edits.undecide(line) for line in clean])

    def compare_sinks(self, outcomes, rejects):
        lines = {'all': decoded(outcomes), 'rejects': decoded(rejects)}
        for sink, topic in lines.items():
            fault = file_fault(self.data_dir, sink, topic)
            if fault:
                self.counts.cry('SINK', f'file {sink}: {fault}')
        alerts = [line for line in lines['all'] if json.loads(line)['data'].get('route') == 'alert']
        for path, topic in (('/all', lines['all']), ('/alerts', alerts)):
            got = [request for request in self.receiver.got() if request.path == path]
            for fault in receivers.faults(got, topic, gaps=path == '/alerts'):
                self.counts.cry('SINK', f'{path}: {fault}')
            self.figures.more['requests'] += len(got)
        self.figures.more['delivered again'] += sum(self.delivered.values()) - len(self.delivered)
        self.figures.more['files'] += len(os.listdir(os.path.join(self.data_dir, 'out')))


def file_fault(data_dir, sink, topic):
    """Why a file sink does not hold its topic's lines; empty: it does."""
    return sink_files.fault(sink_files.lines(os.path.join(data_dir, 'out'), sink), topic)


def decoded(lines):
    return [line.decode() for line in lines]
