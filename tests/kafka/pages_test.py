"""What docs/ says of Kafka, typed with a real one."""
import unittest

import broker
import pages


class Pages(unittest.TestCase):
    def test_say_what_works(self):
        for path in pages.of("kafka"):
            with self.subTest(path.name), broker.Cluster() as cluster:
                place = pages.Place(ports={"9092": cluster.nodes[0].port})
                fault, _ = pages.check(path, "kafka", place)
                self.assertIsNone(fault, fault)


if __name__ == "__main__":
    unittest.main()
