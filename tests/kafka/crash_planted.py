"""Each rule of the worker switched off (base/fault.h), and what must show it."""
import time

import crash_campaign
import crash_modes


class Hooked:
    """With the program that has the faults; nobody compares with an undisturbed worker."""
    hooks = True
    must_count = ()

    def calm(self):
        return None


class NeverAnswered(Hooked, crash_modes.Undecided):
    JOINED_S = 4

    def disturb(self):
        time.sleep(self.JOINED_S)   # What a worker still hands over it does not send again.
        self.never_answer()


class CommitLate(Hooked, crash_modes.Undecided):
    def disturb(self):
        self.commit_late()


class AfterCommit(Hooked, crash_modes.Inside):
    POINTS = ("after_commit",)


class AfterSnapshot(Hooked, crash_modes.Inside):
    POINTS = ("after_snapshot",)


class Overtaken(Hooked, crash_modes.Overtaken):
    pass


class Kill(Hooked, crash_campaign.Kill):
    pass


# Fault -> (what is done, how often, what the judge must cry).
FAULTS = {
    "resend_blindly": (NeverAnswered, 1, "DUP"),
    "drop_at_abort": (CommitLate, 2, "LOST"),
    "offsets_outside": (AfterCommit, 2, "DUP"),
    "commit_without_generation": (Overtaken, 2, "DUP"),
    "snapshot_ahead": (AfterSnapshot, 4, "LOST"),
    "apply_twice": (Kill, 6, "STATE"),
    "counter_from_memory": (Kill, 2, "TOTALS"),
}


TRIES = 4


def catch(cluster, fault, counts, seed=1, tell=None):
    """The name of the count that must not be zero. Some faults show only now and then, so there are
    a few tries."""
    kind, times, cry = FAULTS[fault]
    environment = {"OUZEL_TEST_FAULT": fault}
    for number in range(TRIES):
        name = f"planted-{fault}-{number}".replace("_", "-")
        with kind(cluster, name, seed + number, counts, environment) as campaign:
            campaign.tell = tell
            try:
                campaign.run(times)
            except TimeoutError:   # What never comes to rest has lost something.
                if not counts.of[cry]:
                    raise
        if counts.of[cry]:
            break
    return cry
