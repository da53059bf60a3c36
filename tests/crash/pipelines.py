"""The pipeline under test, as text and as facts; and what its file held, in order.

`History` is the truth about plans: whoever writes the file says so here first, and the checker
holds every commit to it.
"""
from dataclasses import dataclass

TAKE = ('count', 'sum', 'last', 'delta', 'min', 'max', 'mean', 'std', 'ewma', 'zscore')
TAKE_TIME = ('count', 'sum', 'min', 'max')


@dataclass(frozen=True)
class Pipeline:
    """`last`: events of the count windows; another number is another list of features."""
    threshold: float = 0.9
    review: float = 0.6
    last: int = 8

    def text(self):
        return f'''name: crash
source: {{http: {{}}}}
schema:
  key: device
  time: ts
  fields:
    u: {{type: number, min: 0}}
    n: {{type: number, min: 0}}
    v: {{type: number, min: -1000, max: 1000}}
time: {{max_future: 5m, max_late: 60s}}
{self.enrich()}features:
{self.features()}
model: {self.model()}
decide: {{threshold: {self.threshold}, review: {self.review}, include_features: true}}
{self.sinks()}'''

    def features(self):
        return (f'  - {{of: [n, v], take: [{", ".join(TAKE)}], last: {self.last}}}\n'
                f'  - {{of: v, take: [{", ".join(TAKE_TIME)}], over: 20s}}')

    def model(self):
        return 'detector'

    def enrich(self):
        return ''

    def sinks(self):
        return ''

    def names(self):
        """Of the features in an outcome."""
        return {f'{field}_{take}_{self.last}' for field in ('n', 'v') for take in TAKE} | {
            f'v_{take}_20s' for take in TAKE_TIME}

    def explains(self, commit):
        names = set(commit.feature_names)
        unscored = all(row.fate for row in commit.rows)   # Then it may name none.
        return commit.threshold == self.threshold and (
            names == self.names() or (unscored and not names))


class History:
    """What the file has held since the data directory began, and which of it is in force."""

    def __init__(self, first=Pipeline()):
        self.held = [first]
        self.at = 0          # The oldest that the next commit may be decided by.
        self.switches = 0    # Seen in commits.
        self.hashes = {}     # Pipeline -> the plan's hash.
        self.in_force = {}   # Partition -> Pipeline of its newest commit.

    def newest(self):
        return self.held[-1]

    def hold(self, pipeline):
        """Said before the file is written: from now on it may be read."""
        self.held.append(pipeline)

    def started(self):
        """A process starts, which knows nothing older than what the file holds now."""
        self.at = len(self.held) - 1

    def take(self, commit):
        """Of each commit, in the order of the log: (pipeline or None, what is wrong or '')."""
        for index in range(self.at, len(self.held)):
            pipeline = self.held[index]
            if pipeline.explains(commit):
                self.at = index
                return pipeline, self._switch(commit, pipeline)
        held = ', '.join(str(pipeline) for pipeline in self.held[self.at:])
        return None, (f'decided by threshold {commit.threshold} and {len(commit.feature_names)} '
                      f'features; the file held {held}')

    def _switch(self, commit, pipeline):
        before = self.in_force.get(commit.partition)
        self.in_force[commit.partition] = pipeline
        self.switches += before not in (None, pipeline)
        known = self.hashes.setdefault(pipeline, commit.plan)
        if known != commit.plan:
            return f'plan {commit.plan:032x}, but {known:032x} was the hash of {pipeline}'
        if list(self.hashes.values()).count(commit.plan) > 1:
            return f'plan {commit.plan:032x} is the hash of another pipeline too'
        return ''
