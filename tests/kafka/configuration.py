"""What is in the property files of the brokers: as little work as a real broker can have.

Sources of each name: Kafka's own documentation of its broker settings.
"""

# The broker's own topics are small, nothing waits for members that never come, and an abandoned
# transaction ends within its own timeout and not ten seconds later.
LIGHT = {
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "group.consumer.min.session.timeout.ms": 1000,
    "group.consumer.session.timeout.ms": 3000,
    "group.consumer.min.heartbeat.interval.ms": 300,
    "group.consumer.heartbeat.interval.ms": 500,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "log.cleaner.dedupe.buffer.size": 2097152,
    "log.index.size.max.bytes": 1048576,
    "auto.create.topics.enable": "false",
    "broker.session.timeout.ms": 3000,   # nor do a killed one's others, or its next life, wait long
    "broker.heartbeat.interval.ms": 500,
    "replica.fetch.wait.max.ms": 100,
}

LOGGING = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss,SSS} %p %c{1}: %m%n
"""


def replication(nodes):
    """How often everything is kept, and how many of these must have it."""
    kept, needed = (3, 2) if nodes >= 3 else (1, 1)
    out = {"default.replication.factor": kept, "min.insync.replicas": needed}
    for topic, least in (("offsets.topic", None), ("transaction.state.log", "min.isr"),
                         ("share.coordinator.state.topic", "min.isr")):
        out[f"{topic}.replication.factor"] = kept
        if least:
            out[f"{topic}.{least}"] = needed
    return out


def listeners(node, secured):
    """The doors of a node. Behind PROXIED the broker names the proxy's port, so that who comes in
    through the proxy stays behind it."""
    here = "127.0.0.1"
    doors = {"PLAINTEXT": node.port, "PROXIED": node.behind_proxy, "CONTROLLER": node.controller}
    named = {"PLAINTEXT": node.port, "PROXIED": node.proxy}
    protocols = {"PLAINTEXT": "PLAINTEXT", "PROXIED": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    if secured:
        for name, port in (("SASL_SSL", node.sasl), ("SSL", node.tls)):
            doors[name] = named[name] = port
            protocols[name] = name

    def urls(of):
        return ",".join(f"{name}://{here}:{port}" for name, port in of.items())
    return {"listeners": urls(doors), "advertised.listeners": urls(named),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in protocols.items()),
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER"}


def secured(security):
    """SASL over TLS, TLS with client certificates, and nothing allowed that no rule allows. Who
    comes in through the plain door is the administrator."""
    modules = "org.apache.kafka.common.security"
    sasl = "listener.name.sasl_ssl"
    scram = f"{modules}.scram.ScramLoginModule required;"
    plain = " ".join(f'user_{name}="{secret}"' for name, secret in security.plain.items())
    out = {
        f"{sasl}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        f"{sasl}.scram-sha-256.sasl.jaas.config": scram,
        f"{sasl}.scram-sha-512.sasl.jaas.config": scram,
        f"{sasl}.plain.sasl.jaas.config": f"{modules}.plain.PlainLoginModule required {plain};",
        # Takes tokens that nobody signed, and calls their `sub` the user.
        f"{sasl}.oauthbearer.sasl.jaas.config":
            f'{modules}.oauthbearer.OAuthBearerLoginModule required '
            f'unsecuredLoginStringClaim_sub="broker";',
        "listener.name.ssl.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }
    for door in ("sasl_ssl", "ssl"):
        for store, path in (("keystore", security.server), ("truststore", security.authority)):
            out[f"listener.name.{door}.ssl.{store}.type"] = "PEM"
            out[f"listener.name.{door}.ssl.{store}.location"] = path
    return out


def properties(node, cluster):
    """The whole file of a node."""
    voters = ",".join(f"{one.id}@127.0.0.1:{one.controller}" for one in cluster.nodes)
    out = {"process.roles": "broker,controller", "node.id": node.id,
           "controller.quorum.voters": voters, "log.dirs": node.folder,
           **listeners(node, cluster.security is not None), **LIGHT,
           **replication(len(cluster.nodes))}
    if cluster.security is not None:
        out.update(secured(cluster.security))
    out.update(cluster.settings)
    return "".join(f"{name}={value}\n" for name, value in out.items())
