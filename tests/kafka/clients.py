"""What the tests do as somebody else's client (confluent-kafka): write records, read them back."""
import time

import confluent_kafka
import confluent_kafka.admin
import kafka

DELIVER_S = 60
READ_S = 60


class Refused(Exception):
    """The cluster did not take or give it; `code` is the name of librdkafka's error."""

    def __init__(self, error):
        super().__init__(f"{error.name()}: {error.str()}")
        self.code = error.name()


def produce(bootstrap, topic, records, **settings):
    """Writes (key, value) pairs and returns the (partition, offset) of each; `settings` with _ for
    the dots."""
    failed, placed = [], [None] * len(records)

    def delivered(index):
        def told(error, message):
            if error is not None:
                failed.append(error)
            else:
                placed[index] = (message.partition(), message.offset())
        return told
    producer = confluent_kafka.Producer({
        "partitioner": "murmur2_random", **configuration(bootstrap, settings)})
    for index, (key, value) in enumerate(records):
        producer.produce(topic, key=key, value=value, on_delivery=delivered(index))
        producer.poll(0)
    left = producer.flush(DELIVER_S)
    if failed:
        raise Refused(failed[0])
    if left:
        raise TimeoutError(f"{left} of {len(records)} records not delivered in {DELIVER_S} s")
    return placed


def produce_with(bootstrap, topic, key, value, headers, partition):
    """One record with headers."""
    producer = confluent_kafka.Producer(configuration(bootstrap, {}))
    producer.produce(topic, key=key, value=value, partition=partition,
                     headers={name: text.encode() for name, text in headers.items()})
    if producer.flush(DELIVER_S):
        raise TimeoutError(f"not delivered in {DELIVER_S} s")


def read(bootstrap, topic, count, timeout_s=READ_S, **settings):
    """The first `count` records of a topic, of all partitions, as they come. Raises TimeoutError
    if there are fewer; that there are no more is for the caller to ask."""
    consumer = confluent_kafka.Consumer({
        "group.id": "tests-read", "enable.auto.commit": False, "enable.partition.eof": False,
        **configuration(bootstrap, settings)})
    try:
        partitions = consumer.list_topics(topic, timeout_s).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(
            topic, partition, confluent_kafka.OFFSET_BEGINNING) for partition in partitions])
        out, end = [], time.monotonic() + timeout_s
        while len(out) < count:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{count} records of {topic} expected, got {len(out)} in "
                                   f"{timeout_s} s")
            message = consumer.poll(left)
            if message is None:
                continue
            if message.error() is not None:
                raise Refused(message.error())
            out.append(message)
        return out
    finally:
        consumer.close()


def ends(bootstrap, topic, **settings):
    """{partition: offset behind its last record}, those of open transactions included."""
    consumer = confluent_kafka.Consumer({"group.id": "tests-ends", "isolation.level":
                                         "read_uncommitted",
                                         **configuration(bootstrap, settings)})
    try:
        partitions = consumer.list_topics(topic, READ_S).topics[topic].partitions
        return {partition: consumer.get_watermark_offsets(
            confluent_kafka.TopicPartition(topic, partition), READ_S)[1]
            for partition in partitions}
    finally:
        consumer.close()


def create_topics(bootstrap, *names, partitions=4):
    """Through one connection, where Cluster.create_topic starts a program each time."""
    admin = confluent_kafka.admin.AdminClient(configuration(bootstrap, {}))
    made = admin.create_topics([confluent_kafka.admin.NewTopic(name, partitions)
                                for name in names], operation_timeout=READ_S)
    for future in made.values():
        future.result(READ_S)
    end = time.monotonic() + READ_S
    while not all(admin_sees(admin, name, partitions) for name in names):
        if time.monotonic() > end:
            raise TimeoutError(f"{names} have no leaders after {READ_S} s")
        time.sleep(0.1)


def delete_topic(bootstrap, name):
    admin = confluent_kafka.admin.AdminClient(configuration(bootstrap, {}))
    admin.delete_topics([name])[name].result(READ_S)


def delete_records(bootstrap, topic, before):
    """As retention does, in partition 0."""
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        done.result(READ_S)


def admin_sees(admin, topic, partitions):
    """Whether each partition has a leader, which takes a moment when the topic is new."""
    found = admin.list_topics(topic, READ_S).topics[topic].partitions
    return len(found) == partitions and all(one.leader >= 0 for one in found.values())


def committed(bootstrap, group, topic, partitions):
    """{partition: (offset, metadata)} of a group; no entry: none. By kafka-python: the other one
    reads metadata beyond its end."""
    places = [kafka.TopicPartition(topic, number) for number in range(partitions)]
    end = time.monotonic() + READ_S
    while True:
        try:
            admin = kafka.KafkaAdminClient(bootstrap_servers=bootstrap)
            try:
                found = admin.list_group_offsets({group: places})[group]
                return {one.partition: (at.offset, at.metadata) for one, at in found.items()
                        if at.offset >= 0}
            finally:
                admin.close()
        except kafka.errors.KafkaError:
            # Its coordinator moves, or is not made yet.
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def configuration(bootstrap, settings):
    """Quiet: what goes wrong is told by errors."""
    return {"bootstrap.servers": bootstrap, "log_level": 0,
            **{name.replace("_", "."): value for name, value in settings.items()}}
