"""Mode `edit`: the pipeline file is edited while the engine lives and while it is down.

Most edits change the threshold, with which the state goes on after a clean change and is rebuilt
after a kill; some change the list of features, for which it is always rebuilt. The directory keeps
all its events, so a rebuilt state is the same as one that was never interrupted: every outcome has
the features and the score that its list of features gives over all events, whatever was edited.
"""
import dataclasses
import json
import math
import signal

import campaign as campaigns
import pipelines
import reference

LASTS = (8, 5)
LOOK_S = 0.02
TAKEN_OVER_MAX_S = 20
REBUILT = 'state is rebuilt from retained events'
CHANGED = b'"pipeline changed"'
WENT_ON = 'another plan goes on with the state'
# Of an outcome's data: what depends on the threshold.
DECIDED = ('threshold', 'label', 'route', 'confidence')


class EditCampaign(campaigns.Campaign):
    may_forget = True
    must_count = ('taken over', 'rebuilt', 'went on')

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.edit_at = None
        self.awaited = 0       # Changes taken over in this life, with the one that is due.
        self.taken_by = 0.0
        self.foreign = set()
        self.log_from = 0

    def make_reference(self):
        return reference.Reference(LASTS)

    def retention(self):
        return ()

    def kill_after(self):
        return self.rng.random() * 0.6

    def counts_from_answer(self):
        return self.rng.random() < 0.7

    def edit(self):
        threshold = round(self.rng.uniform(0.05, 0.95), 4)
        pipeline = dataclasses.replace(self.history.newest(), threshold=threshold,
                                       review=round(threshold * 0.7, 4))
        if self.rng.random() < 0.25:
            pipeline = self.with_other_features(pipeline)
        self.history.hold(pipeline)
        self.engine.write_pipeline(pipeline)
        self.figures.more['edits'] += 1

    def with_other_features(self, pipeline):
        return dataclasses.replace(pipeline, last=sum(LASTS) - pipeline.last)

    def life(self, seconds):
        if self.rng.random() < 0.4:
            self.edit()  # While it is down: seen at the start.
        self.edit_at, self.awaited = None, 0  # From the first answer on.
        self.foreign = self._foreign()
        super().life(seconds)

    def _foreign(self):
        """Partitions whose last outcome another pipeline than the file's decided."""
        return {number for number, pipeline in self.history.in_force.items()
                if pipeline != self.history.newest() and self.checker.partition(number).outcomes}

    def last_life(self):
        self.foreign = self._foreign()
        super().last_life()

    def meanwhile(self, lived):
        if self.edit_at is None:
            self.edit_at = lived + self.rng.random() * 0.4
        if lived < self.edit_at:
            return
        self.edit_at = lived + LOOK_S
        if self.awaited:
            if self._said().count(CHANGED) >= self.awaited:
                self.awaited = 0
                # A file system that forgets also remembers what it has read once.
                self.edit_at = math.inf if self.forgets else lived + 0.1 + self.rng.random() * 0.2
                self.ends = lived + self.rng.random() * 0.4
            elif lived > self.taken_by:
                self.counts.cry('PLAN', f'SIGHUP: not taken within {TAKEN_OVER_MAX_S} s')
                self.ends = lived
            return
        self.edit()
        self.awaited = self._said().count(CHANGED) + 1
        self.engine.process.send_signal(signal.SIGHUP)
        self.figures.more['SIGHUPs'] += 1
        # Killed in the midst of the change, or some time behind it.
        self.taken_by, self.ends = lived + TAKEN_OVER_MAX_S, math.inf
        if self.rng.random() < 0.4:
            self.ends = lived + self.rng.random() * 0.12

    def after_life(self):
        before = self.history.switches
        super().after_life()
        self.figures.more['switches'] += self.history.switches - before
        self._told()

    def _told(self):
        """The log says of each partition that another pipeline decided last whether its state is
        rebuilt or goes on: at the start, and before each change that was taken over."""
        rebuilt, went_on, started = 0, 0, False
        for line in self._lines():
            message = line['message']
            if message == REBUILT and line['why'] == 'another plan':
                rebuilt += 1
            elif message == WENT_ON:
                went_on += int(line['partitions'])
            elif message.startswith('listening'):
                if rebuilt + went_on != len(self.foreign):
                    self.counts.cry('PLAN', f'started where another plan had decided '
                                            f'{len(self.foreign)} partitions: the log says rebuilt '
                                            f'{rebuilt}, went on {went_on}')
                self._count(rebuilt, went_on)
                rebuilt, went_on, started = 0, 0, True
            elif message == 'pipeline changed':
                if not started or rebuilt + went_on == 0:
                    self.counts.cry('PLAN', 'a change was taken over, and nothing is said of the '
                                            'state')
                self.figures.more['taken over'] += 1
                self._count(rebuilt, went_on)
                rebuilt, went_on = 0, 0
            elif message == 'pipeline not changed':
                self.counts.cry('PLAN', f'a good file was refused: {line}')

    def _count(self, rebuilt, went_on):
        self.figures.more['rebuilt'] += rebuilt
        self.figures.more['went on'] += went_on

    def _said(self):
        """The log of this life."""
        with open(self.engine.log_path, 'rb') as file:
            file.seek(self.log_from)
            return file.read()

    def _lines(self):
        said = self._said()
        self.log_from += len(said)
        for line in said.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                self.counts.cry('EXIT', f'a log line is not JSON: {line[:300]}')

    def compare_with_never_killed(self, outcomes):
        """With one that was never edited either: all but the decisions, for each list of
        features."""
        undecided = [undecide(line) for line in outcomes]
        for last in LASTS:
            name = f'v_last_{last}'.encode()
            mine = [line for line in undecided if b'"rejected"' in line or name in line]
            expected = self.never_killed(pipelines.Pipeline(last=last))
            self.compare(mine, [undecide(line) for line in expected])


def undecide(line):
    outcome = json.loads(line)
    for name in DECIDED:
        outcome['data'].pop(name, None)
    return json.dumps(outcome).encode()
