"""The schema registry that other tests rely on."""
import unittest
import urllib.error

import registry

AVRO = {"type": "record", "name": "Reading", "fields": [{"name": "x", "type": "double"}]}
JSON = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
PROTOBUF = 'syntax = "proto3";\nmessage Reading { double x = 1; }\n'


class Apicurio(unittest.TestCase):
    def test_keeps_schemas_by_id_until_it_stops(self):
        with registry.Registry() as one:
            ids = {kind: one.register(f"{kind}-value", schema, kind)
                   for kind, schema in (("AVRO", AVRO), ("JSON", JSON), ("PROTOBUF", PROTOBUF))}
            self.assertEqual(len(set(ids.values())), 3)
            self.assertEqual(one.register("AVRO-value", AVRO), ids["AVRO"])
            for kind, number in ids.items():
                self.assertEqual(one.ask(f"/schemas/ids/{number}")["schemaType"], kind)
            with self.assertRaises(urllib.error.HTTPError) as unknown:
                one.ask("/schemas/ids/4711")
            self.assertEqual(unknown.exception.code, 404)
            one.stop()
            with self.assertRaises(ConnectionRefusedError):
                try:
                    one.ask("/subjects")
                except urllib.error.URLError as error:
                    raise error.reason
            one.start()
            self.assertEqual(one.ask("/subjects"), [])
