"""Certificates, passwords and access rules of a secured cluster, as another's client meets them."""
import socket
import ssl
import unittest

import broker
import clients

RECORD = [(b"k", b"v")]
GIVE_UP_MS = 4000


class Secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(broker.Cluster(certificate="good"))
        cls.security = cls.cluster.security
        cls.cluster.create_topic("allowed", partitions=1)
        cls.cluster.create_topic("other", partitions=1)
        for user in ("alice", "bob", "CN=carol"):
            cls.cluster.allow(user, "--operation", "Write", "--operation", "Describe", "--topic",
                              "allowed")

    def settings(self, name, secret, mechanism):
        return {"security_protocol": "SASL_SSL", "sasl_mechanism": mechanism,
                "sasl_username": name, "sasl_password": secret,
                "ssl_ca_location": str(self.security.authority),
                "message_timeout_ms": GIVE_UP_MS}

    def offer(self, settings, topic="allowed", door="sasl"):
        return clients.produce(self.cluster.addresses(door), topic, RECORD, **settings)

    def refused(self, settings, topic="allowed"):
        with self.assertRaises(clients.Refused) as refused:
            self.offer(settings, topic)
        return refused.exception.code

    def test_every_way_in(self):
        for mechanism, users in (("SCRAM-SHA-512", self.security.scram),
                                 ("SCRAM-SHA-256", self.security.scram),
                                 ("PLAIN", self.security.plain)):
            for name, secret in users.items():
                with self.subTest(mechanism):
                    self.assertEqual(len(self.offer(self.settings(name, secret, mechanism))), 1)

    def test_a_client_certificate(self):
        certificate = {"security_protocol": "SSL",
                       "ssl_ca_location": str(self.security.authority),
                       "ssl_certificate_location": str(self.security.client),
                       "ssl_key_location": str(self.security.client),
                       "message_timeout_ms": GIVE_UP_MS}
        self.assertEqual(len(self.offer(certificate, door="tls")), 1)

    def test_a_wrong_password(self):
        self.assertEqual(self.refused(self.settings("alice", "wrong", "SCRAM-SHA-512")),
                         "_MSG_TIMED_OUT")

    def test_a_topic_without_a_rule(self):
        self.assertEqual(
            self.refused(self.settings("alice", self.security.scram["alice"], "SCRAM-SHA-512"),
                         topic="other"), "TOPIC_AUTHORIZATION_FAILED")

    def test_another_authority(self):
        settings = self.settings("alice", self.security.scram["alice"], "SCRAM-SHA-512")
        settings["ssl_ca_location"] = str(self.security.other_authority)
        self.assertEqual(self.refused(settings), "_MSG_TIMED_OUT")


class BadCertificates(unittest.TestCase):
    def test_are_what_they_are_called(self):
        for kind, words in (("expired", "certificate has expired"),
                            ("self_signed", "self-signed certificate")):
            with self.subTest(kind), broker.Cluster(certificate=kind) as cluster:
                trusting = ssl.create_default_context(cafile=str(cluster.security.authority))
                with socket.create_connection(("127.0.0.1", cluster.nodes[0].sasl)) as plain:
                    with self.assertRaises(ssl.SSLCertVerificationError) as refused:
                        trusting.wrap_socket(plain, server_hostname="localhost")
                self.assertEqual(refused.exception.verify_message, words)
