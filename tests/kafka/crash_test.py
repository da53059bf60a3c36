"""Not one outcome is lost or doubled, whatever is killed. OUZEL_KAFKA_SCALE times the kills."""
import os
import unittest
from unittest import mock

import broker
import crash_modes
import crash_planted
import judge
import worker

SCALE = float(os.environ.get("OUZEL_KAFKA_SCALE", "1"))


class Crash(unittest.TestCase):
    """One cluster for all modes that need one node."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster())

    def check(self, mode, times, seed=1, cluster=None, name=None):
        said = []
        counts = judge.Counts(said.append)
        kind, name = crash_modes.MODES[mode], name or mode
        with kind(cluster or self.cluster, name, seed, counts) as campaign:
            campaign.run(max(1, round(times * SCALE)))
            print(f"  {name}: {campaign.line()}: {counts.line()}", flush=True)
        self.assertEqual(counts.total(), 0, "\n".join(said))
        for name in kind.must_count:
            self.assertGreater(campaign.figures[name], 0, f"never {name}")

    def test_kill(self):
        self.check("kill", 24)

    def test_kill_with_sanitizers(self):
        """What they find ends a worker."""
        build = worker.BUILD.with_name(worker.BUILD.name + "-debug")
        if not (build / "ouzel").exists():
            self.skipTest(f"{build / 'ouzel'} is not built: scripts/build debug ouzel")
        with mock.patch.object(worker, "BUILD", build):
            self.check("kill", 5, name="kill-sanitized")

    def test_points(self):
        self.check("point", 3 * len(crash_modes.POINTS))

    def test_inside(self):
        self.check("inside", 2 * len(crash_modes.Inside.POINTS))

    def test_undecided(self):
        self.check("undecided", 3)

    def test_overtaken(self):
        self.check("overtaken", 2)

    def test_storm(self):
        self.check("storm", 20)

    def test_lives(self):
        self.check("lives", 5)

    def test_changes(self):
        self.check("changes", 8)

    def test_the_protocol_of_kafka_4(self):
        self.check("modern", 9)

    def test_zombies(self):
        self.check("zombie", 3)

    def test_lossy(self):
        self.check("lossy", 12)

    def test_brokers(self):
        with broker.Cluster(crash_modes.Brokers.nodes) as cluster:
            self.check("brokers", 6, cluster=cluster)

    def test_alone(self):
        with broker.Cluster(crash_modes.Alone.nodes) as cluster:
            self.check("alone", 4, cluster=cluster)

    def test_each_rule_is_needed(self):
        """Without it the judge cries."""
        for fault in crash_planted.FAULTS:
            with self.subTest(fault):
                counts = judge.Counts(lambda line: None)
                cry = crash_planted.catch(self.cluster, fault, counts)
                print(f"  {fault}: {counts.line()}", flush=True)
                self.assertGreater(counts.of[cry], 0)
