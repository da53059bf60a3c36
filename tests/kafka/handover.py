#!/usr/bin/env python3
"""How long a key waits while its partition changes hands: handover.py [--rate N] [--json].

Two workers on one broker of their own, events at a rate, and a reader of what is committed who
notes when an outcome of each key comes. Then both are told of another plan, one worker is asked to
end, and one is killed: the longest time without an outcome of some key, for the kill also without
the session timeout.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import broker  # noqa: E402

SESSION_MS = 6000
WARM_S, AFTER_S = 5, 6


class Reader:
    """Notes the longest gap between two outcomes of a key, since `reset`, on a thread."""

    def __init__(self, bootstrap, topic):
        import confluent_kafka
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": f"{topic}-reader", "log_level": 0,
            "isolation.level": "read_committed", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20})
        self.consumer.subscribe([topic])
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.last, self.longest, self.all = {}, 0.0, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            messages = self.consumer.consume(1000, 0.02)
            now = time.monotonic()
            with self.lock:
                for message in messages:
                    if message.error() is None:
                        self.longest = max(self.longest,
                                           now - self.last.get(message.key(), now))
                        self.last[message.key()] = now
                        self.all += 1
        self.consumer.close()

    def reset(self):
        with self.lock:
            self.longest = 0.0

    def gap(self):
        """Seconds; what still lasts counts too."""
        with self.lock:
            now = time.monotonic()
            return max(self.longest, now - min(self.last.values(), default=now))

    def wait_for(self, count):
        """Until it has read so many; and a moment more, for what must not come."""
        end = time.monotonic() + AFTER_S
        while self.all < count and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def measure(rate):
    """{name: seconds}"""
    import clients
    import crash_campaign
    import judge
    import worker

    class Handover(crash_campaign.Campaign):
        # What a dead worker left open hides what others write behind it until its timeout.
        kafka = {"session_timeout_ms": SESSION_MS, "heartbeat_interval_ms": None,
                 "transaction_timeout_ms": SESSION_MS}

    Handover.rate = rate
    out = {}
    with broker.Cluster(throughput=True) as cluster, \
            Handover(cluster, "handover", 1, judge.Counts()) as campaign:
        campaign.begin()
        reader = Reader(cluster.bootstrap, "handover-outcomes")

        def gap_after(act, seconds):
            time.sleep(WARM_S)
            reader.reset()
            act()
            time.sleep(seconds)
            return round(reader.gap(), 3)
        first, second = campaign.workers

        def change():
            text = first.pipeline.read_text()
            first.pipeline.write_text(text.replace("decide: {", "decide: {threshold: 0.8, "))
            subprocess.run([worker.program(), "apply", "--url", first.url], check=True,
                           stdout=subprocess.DEVNULL)
        out["undisturbed_s"] = gap_after(lambda: None, 4)
        out["changes_s"] = gap_after(change, AFTER_S)
        out["leaves_s"] = gap_after(second.stop, AFTER_S)
        out["joins_s"] = gap_after(lambda: campaign.start(second), AFTER_S)
        out["killed_s"] = gap_after(second.kill, SESSION_MS / 1000 + AFTER_S)
        out["killed_beyond_session_s"] = round(out["killed_s"] - SESSION_MS / 1000, 3)
        campaign.feeder.stop()
        campaign.rest("handover")
        out["events"] = sum(clients.ends(cluster.bootstrap, campaign.topic).values())
        reader.wait_for(out["events"])
        reader.stop()
        campaign.stop_workers()
    if reader.all != out["events"]:
        sys.exit(f"handover: {out['events']} events, {reader.all} outcomes")
    return out


def main():
    try:
        python = broker.clients_python()
    except broker.Unavailable as missing:
        print(f"handover: {missing}; scripts/setup kafka installs it", file=sys.stderr)
        return 69
    if sys.prefix != str(python.parent.parent):
        os.execv(python, [python, __file__, *sys.argv[1:]])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=5000, help="events a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {"rate": options.rate, "session_timeout_s": SESSION_MS / 1000,
             **measure(options.rate)}
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
