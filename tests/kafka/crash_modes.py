"""What is done to workers, brokers and the connections between them: the modes of a campaign."""
import time

import crash_campaign
import proxy

SESSION_S = crash_campaign.SESSION_MS / 1000
MET_S = 20
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


MODES = {**crash_campaign.MODES, "zombie": Zombie, "brokers": Brokers, "point": Point,
         "lossy": Lossy}
