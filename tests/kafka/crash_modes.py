"""What is done to workers, brokers and the connections between them: the modes of a campaign."""
import re
import signal
import subprocess
import time

import crash_campaign
import proxy
import worker

SESSION_S = crash_campaign.SESSION_MS / 1000
MET_S = 20
OWNERS_S = 120    # within which what a dead owner left is gone
# Where a worker is killed: what of it the proxy holds then, and whether it takes a start to get
# there.
POINTS = (("Produce", proxy.REQUEST, False), ("Produce", proxy.REPLY, False),
          ("TxnOffsetCommit", proxy.REQUEST, False), ("TxnOffsetCommit", proxy.REPLY, False),
          ("EndTxn", proxy.REQUEST, False), ("EndTxn", proxy.REPLY, False),
          ("InitProducerId", proxy.REQUEST, True), ("InitProducerId", proxy.REPLY, True),
          ("JoinGroup", proxy.REQUEST, True), ("SyncGroup", proxy.REPLY, True),
          ("OffsetFetch", proxy.REPLY, True))
LOSSY = ("Produce", "TxnOffsetCommit", "EndTxn", "AddOffsetsToTxn", "AddPartitionsToTxn", "Fetch",
         "FindCoordinator", "InitProducerId", "Heartbeat")


class Modern(crash_campaign.Campaign):
    """The group protocol of Kafka 4: kill -9, orderly ends and pauses, in turn."""
    must_count = ("kills", "ends", "pauses")
    kafka = {"group_protocol": "consumer", "session_timeout_ms": None,
             "heartbeat_interval_ms": None, "transaction_timeout_ms": crash_campaign.SESSION_MS}

    def disturb(self):
        time.sleep(self.random.uniform(0.5, 2))
        turn = sum(self.figures.values()) % 3
        one = self.workers[sum(self.figures.values()) % len(self.workers)]
        if turn == 2:
            one.pause()
            self.figures["pauses"] += 1
            time.sleep(SESSION_S + 2)
            return one.resume()
        if turn == 0:
            one.kill()
        elif one.stop() != 0:
            raise RuntimeError(f"SIGTERM did not end it:\n{one.log_tail()}")
        self.figures["ends" if turn else "kills"] += 1
        time.sleep(self.random.uniform(0, SESSION_S + 2))
        self.start(one)


class Zombie(crash_campaign.Campaign):
    """SIGSTOP, in most cases for longer than the session; others take over, then it wakes."""
    must_count = ("pauses",)

    def disturb(self):
        one = self.random.choice(self.workers)
        time.sleep(self.random.uniform(0.5, 2))
        one.pause()
        self.figures["pauses"] += 1
        time.sleep(self.random.uniform(SESSION_S - 1, SESSION_S + 4))
        one.resume()
        time.sleep(self.random.uniform(0, 3))


class Lives(crash_campaign.Campaign):
    """A worker ends, killed or told to, and another with a new data directory comes instead: a new
    owner of snapshots. What owners leave that never come back must go."""
    must_count = ("lives",)

    def disturb(self):
        at = self.random.randrange(len(self.workers))
        one = self.workers[at]
        time.sleep(self.random.uniform(0, 2))
        if self.figures["lives"] % 2:
            one.kill()
        elif one.stop() != 0:
            raise RuntimeError(f"SIGTERM did not end it:\n{one.log_tail()}")
        self.figures["lives"] += 1
        number = f"life-{self.figures['lives']}"
        self.workers[at] = worker.Worker(self.folder, number, one.pipeline, self.hooks)
        self.start(self.workers[at])
        self.wait_until_only_the_living_own()

    def wait_until_only_the_living_own(self):
        end = time.monotonic() + OWNERS_S
        while (dead := self.owners() - {self.owner(one) for one in self.workers}):
            if time.monotonic() > end:
                self.fail_loudly(f"owners that are gone still have folders: {dead}")
            time.sleep(0.2)

    def owners(self):
        return {path.name for path in (self.folder / f"{self.name}-snapshots").iterdir()
                if path.name.startswith(self.name)}

    def owner(self, one):
        """The folder that a worker writes its snapshots to; none yet: none."""
        try:
            meta = (one.data_dir / "ouzel.meta").read_text()
        except FileNotFoundError:
            return None
        return f"{self.name}-" + re.search("^log_id (.*)$", meta, re.MULTILINE).group(1)


class Brokers(crash_campaign.Campaign):
    """kill -9 of one of three brokers; its partitions and coordinators move."""
    nodes = 3
    must_count = ("brokers killed",)

    def disturb(self):
        node = self.random.choice(self.cluster.nodes)
        time.sleep(self.random.uniform(1, 3))
        node.kill()
        self.figures["brokers killed"] += 1
        time.sleep(self.random.uniform(0, 4))
        node.start()


class Alone(Brokers):
    """kill -9 of the only broker, and its start: it may call transactions aborted and lose their
    markers, so that the next commit of the same producer would take their records in."""
    nodes = 1
    kafka = {"max_poll_interval_ms": 6000}


class Between(crash_campaign.Campaign):
    """Workers reach the brokers through the proxy; `client.id` tells them apart there."""
    door = "proxy"

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.proxy = proxy.Proxy(self.cluster)

    def __exit__(self, *arguments):
        self.proxy.close()
        super().__exit__(*arguments)

    def start(self, one):
        one.start({**self.environment, "OUZEL_KAFKA_CLIENT_ID": self.client(one)})

    def client(self, one):
        return f"worker-{self.workers.index(one)}"


class Point(Between):
    """kill -9 while one of its requests or replies is on the way; that arrives after the restart.
    Point by point, in order."""
    must_count = tuple(f"{api} {direction}" for api, direction, _ in POINTS)

    def disturb(self):
        one = self.random.choice(self.workers)
        api, direction, at_start = POINTS[self.figures["kills"] % len(POINTS)]
        time.sleep(self.random.uniform(0.5, 2))
        client = self.client(one)
        held = self.proxy.hold(api, direction, when=lambda frame: client in frame.client)
        try:
            if at_start:
                one.kill()
                self.start(one)
            held.wait(MET_S)
            self.figures[f"{api} {direction}"] += 1
        except TimeoutError:
            self.figures[f"no {api} {direction}"] += 1
        one.kill()
        self.figures["kills"] += 1
        time.sleep(self.random.uniform(0, 1.5))
        self.start(one)
        time.sleep(self.random.uniform(0, 1.5))
        held.release()


class Lossy(Between):
    """Requests and replies are lost, late, or lost with their connection; nobody dies."""
    must_count = ("lost or late",)

    def disturb(self):
        act = self.random.choice((self.proxy.drop, self.proxy.close_on, self.late))
        rule = act(self.random.choice(LOSSY), self.random.choice((proxy.REQUEST, proxy.REPLY)),
                   self.random.choice((1, 1, 1, 3)))
        time.sleep(self.random.uniform(1, 3))
        rule.release()
        self.figures["rules"] += 1
        self.figures["lost or late"] += len(rule.frames)

    def late(self, api, direction, times):
        return self.proxy.delay(api, self.random.uniform(0.1, 4), direction, times)


class Inside(crash_campaign.Campaign):
    """kill -9 at named points of a worker's work (base/fault.h), point by point; every other time
    as a static member, whose place in the group waits for it."""
    POINTS = ("before_produce", "after_produce", "before_commit", "in_commit", "after_commit",
              "before_snapshot", "after_snapshot", "before_assigned", "after_assigned",
              "before_revoked", "drained", "after_revoked")
    must_count = POINTS
    hooks = True
    RARE = ("assigned", "revoked", "drained", "snapshot")   # Their first passage is taken.
    PASSAGES = 40
    STIR_S, REACHED_S = 5, 30

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.turn = 0

    def disturb(self):
        point = self.POINTS[self.turn % len(self.POINTS)]
        one = self.workers[(self.turn + self.turn // len(self.POINTS)) % len(self.workers)]
        self.turn += 1
        if one.alive:
            one.kill()
            self.figures["kills"] += 1
        rare = point.endswith(self.RARE)
        passage = 1 if rare else self.random.randrange(1, self.PASSAGES)
        static = {"OUZEL_KAFKA_GROUP_INSTANCE_ID": one.data_dir.name} if self.turn % 2 else {}
        one.start({"OUZEL_TEST_KILL": f"{point}:{passage}", **static, **self.environment})
        self.wait_for_death(one, stir=rare)
        if not one.alive:
            self.figures["kills"] += 1
            self.figures[point] += 1
            self.start(one)

    def wait_for_death(self, one, stir):
        """stir: others leave and join meanwhile, so that partitions move."""
        begin = stirred = time.monotonic()
        while one.alive and time.monotonic() < begin + self.REACHED_S:
            time.sleep(0.02)
            if stir and time.monotonic() > stirred + self.STIR_S:
                for other in self.workers:
                    if other is not one:
                        if other.alive:
                            other.stop()
                        self.start(other)
                stirred = time.monotonic()


class Undecided(Between):
    """A proxy holds what decides a transaction until nobody waits for it any more."""
    must_count = ("commits never answered", "commits too late", "late Produce requests")
    TIMEOUT_S = 4
    kafka = {"transaction_timeout_ms": 4000, "message_timeout_ms": 4000, "socket_timeout_ms": 3000}

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.turn = 0

    def disturb(self):
        kinds = (self.never_answer, self.commit_late, self.produce_late)
        kinds[self.turn % len(kinds)]()
        self.turn += 1
        self.wait_for_outcomes()

    def never_answer(self):
        """The broker commits, and nobody hears of it until the worker gives up."""
        rule = self.proxy.drop("EndTxn", proxy.REPLY, times=None)
        rule.wait(crash_campaign.ANSWER_S)
        self.wait_for_producer(rule.frames[0].client)
        rule.release()
        self.figures["commits never answered"] += 1

    def commit_late(self):
        """The broker aborts before it hears of the commit."""
        one = self.client(self.random.choice(self.workers))
        rule = self.proxy.hold("EndTxn", times=None, when=lambda frame: frame.client == one)
        rule.wait(crash_campaign.ANSWER_S)
        time.sleep(self.TIMEOUT_S + 2)
        rule.release()
        self.figures["commits too late"] += 1

    def produce_late(self):
        """Records arrive when their transaction is aborted and their sender at a later one."""
        client = self.client(self.random.choice(self.workers))
        rule = self.proxy.hold("Produce", times=None, when=lambda frame: frame.client == client)
        rule.wait(crash_campaign.ANSWER_S)
        self.wait_for_producer(client)
        rule.remove()   # What it holds waits on, what comes now does not.
        later = self.watch_for("AddPartitionsToTxn", client)
        try:
            later.wait(self.TIMEOUT_S)
        except TimeoutError:
            pass   # It sends nothing now; the records are late all the same.
        later.release()
        rule.release()
        self.figures["late Produce requests"] += 1

    def wait_for_producer(self, client):
        """Until the worker has given its producer up and made another."""
        made = self.watch_for("InitProducerId", client)
        made.wait(8 * self.TIMEOUT_S)
        made.release()

    def watch_for(self, api, client):
        return self.proxy.delay(api, 0, when=lambda frame: frame.client == client)


class Overtaken(Between):
    """A worker is stopped with its outcomes written and its offsets not yet; another goes on from
    the same place; then it wakes and finishes its commit."""
    must_count = ("overtaken",)
    kafka = {"transaction_timeout_ms": 10000}   # else the broker ends it while it sleeps

    def disturb(self):
        one = self.random.choice(self.workers)
        client = self.client(one)
        held = self.proxy.hold("AddOffsetsToTxn", when=lambda frame: frame.client == client)
        held.wait(crash_campaign.ANSWER_S)
        one.pause()
        held.release()
        time.sleep(SESSION_S)
        self.wait_for_outcomes()
        time.sleep(1 + self.random.random())
        one.resume()
        self.figures["overtaken"] += 1
        self.wait_for_outcomes()
        time.sleep(self.random.random() * 2)


class Storm(crash_campaign.Campaign):
    """Members join and leave every second; a hand-over goes on while others join."""
    workers_count = 4
    must_count = ("joined", "left")

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.leaving = set()

    def disturb(self):
        time.sleep(1)
        self.leaving = {one for one in self.leaving if one.alive}
        one = self.random.choice([one for one in self.workers[1:] if one not in self.leaving])
        if one.alive:
            one.signal(signal.SIGTERM)
            self.leaving.add(one)
            self.figures["left"] += 1
        else:
            self.start(one)
            self.figures["joined"] += 1

    def watch(self):
        for one in self.workers:
            if not one.alive and one.process.returncode != 0:
                raise RuntimeError(f"a worker ended with {one.process.returncode}:\n"
                                   f"{one.log_tail()}")

    def mend(self):
        for one in self.leaving:
            one.process.wait(worker.STOP_S)
        super().mend()


class Changes(crash_campaign.Campaign):
    """A worker is told of another plan, and while it and the others go over one of them is killed.
    Who dies before it has told the group comes back with its own new file, so in the end one is
    told once more, and all run that."""
    workers_count = 3
    must_count = ("changes", "kills")
    AGREE_S = 60

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.threshold = 0.9
        for number, one in enumerate(self.workers):
            one.pipeline = self.folder / f"own-{number}.yaml"
            self.write(one)

    def write(self, one):
        text = (self.folder / f"{self.name}.yaml").read_text()
        one.pipeline.write_text(text.replace("decide: {",
                                             f"decide: {{threshold: {self.threshold:.4f}, "))

    def disturb(self):
        one, victim = self.random.choice(self.workers), self.random.choice(self.workers)
        self.threshold = self.random.uniform(0.7, 0.99)
        self.write(one)
        telling = subprocess.Popen([worker.program(), "apply", "--url", one.url],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.random.random() ** 2 * 2)
        victim.kill()
        self.figures["kills"] += 1
        self.figures["changes" if telling.wait(worker.STOP_S) == 0 else "not changed"] += 1
        time.sleep(self.random.random() * 2)
        self.start(victim)
        time.sleep(self.random.random() * 3)

    def mend(self):
        super().mend()
        end = time.monotonic() + self.AGREE_S
        one = self.workers[0]
        self.write(one)
        while subprocess.run([worker.program(), "apply", "--url", one.url or ""], check=False,
                             capture_output=True).returncode != 0:
            if time.monotonic() > end:
                self.fail_loudly("a worker that nobody disturbs cannot be told")
            time.sleep(0.5)
        while True:
            plans = {worker.in_force(one.url) for one in self.workers}
            if len(plans) == 1 and None not in plans:
                return
            if time.monotonic() > end:
                self.fail_loudly(f"the workers run {plans}")
            time.sleep(0.2)

    def calm(self):
        """Nobody else changed at the same places."""


MODES = {**crash_campaign.MODES, "zombie": Zombie, "brokers": Brokers, "alone": Alone,
         "point": Point, "lossy": Lossy, "inside": Inside, "undecided": Undecided,
         "overtaken": Overtaken, "storm": Storm, "lives": Lives, "modern": Modern,
         "changes": Changes}
