"""Writes the two models of the benchmark as ONNX files: onnx_models.py FOLDER.

net.onnx: 16 inputs, 32 hidden units with ReLU, one output with sigmoid. trees.onnx: 100 regression
trees of depth 6 and a logistic link, the shape of gradient boosting. The weights are random, from a
fixed seed: what they say means nothing, what they cost does. Needs nothing but Python: a protocol
buffer is a list of (field number, wire type, value).
"""
import pathlib
import random
import struct
import sys

FEATURES, HIDDEN = 16, 32
TREES, DEPTH = 100, 6
FLOAT, INT64 = 1, 7                          # TensorProto.DataType
ATTRIBUTE_TYPE = {"i": 2, "f": 1, "s": 3, "floats": 6, "ints": 7, "strings": 8}


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """One field: an int is a varint, bytes and text are length-delimited, a float has 4 bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, kind, value):
    numbers = {"f": 2, "i": 3, "s": 4, "floats": 7, "ints": 8, "strings": 9}
    values = value if isinstance(value, list) else [value]
    body = field(1, name) + b"".join(field(numbers[kind], v) for v in values)
    return field(5, body + field(20, ATTRIBUTE_TYPE[kind]))


def node(kind, inputs, outputs, attributes=b"", domain=""):
    body = b"".join(field(1, name) for name in inputs)
    body += b"".join(field(2, name) for name in outputs)
    body += field(4, kind) + attributes + (field(7, domain) if domain else b"")
    return field(1, body)


def tensor(name, shape, values):
    body = b"".join(field(1, size) for size in shape) + field(2, FLOAT) + field(8, name)
    return field(5, body + field(9, struct.pack(f"<{len(values)}f", *values)))


def value_info(number, name, columns):
    rows = field(1, field(2, "rows"))
    shape = field(2, rows + field(1, field(1, columns)))
    return field(number, field(1, name) + field(2, field(1, field(1, FLOAT) + shape)))


def model(nodes):
    graph = nodes + field(2, "bench") + value_info(11, "x", FEATURES) + value_info(12, "y", 1)
    opsets = field(8, field(1, "") + field(2, 15)) + field(8, field(1, "ai.onnx.ml") + field(2, 3))
    return field(1, 8) + field(2, "ouzel bench") + field(7, graph) + opsets


def net(chance):
    def weights(count):
        return [chance.gauss(0, 0.3) for _ in range(count)]
    nodes = node("Gemm", ["x", "w1", "b1"], ["h"]) + node("Relu", ["h"], ["r"])
    nodes += node("Gemm", ["r", "w2", "b2"], ["z"]) + node("Sigmoid", ["z"], ["y"])
    nodes += tensor("w1", [FEATURES, HIDDEN], weights(FEATURES * HIDDEN))
    nodes += tensor("b1", [HIDDEN], weights(HIDDEN))
    nodes += tensor("w2", [HIDDEN, 1], weights(HIDDEN)) + tensor("b2", [1], weights(1))
    return model(nodes)


def trees(chance):
    inner = 2 ** DEPTH - 1
    columns = {key: [] for key in ("tree", "node", "feature", "value", "yes", "no")}
    modes, leaf_tree, leaf_node, leaf_weight = [], [], [], []
    for tree in range(TREES):
        for number in range(2 * inner + 1):
            leaf = number >= inner
            columns["tree"].append(tree)
            columns["node"].append(number)
            columns["feature"].append(0 if leaf else chance.randrange(FEATURES))
            columns["value"].append(0.0 if leaf else chance.gauss(0, 1))
            columns["yes"].append(0 if leaf else 2 * number + 1)
            columns["no"].append(0 if leaf else 2 * number + 2)
            modes.append("LEAF" if leaf else "BRANCH_LEQ")
            if leaf:
                leaf_tree.append(tree)
                leaf_node.append(number)
                leaf_weight.append(chance.gauss(0, 0.1))
    attributes = b"".join([
        attribute("n_targets", "i", 1),
        attribute("nodes_treeids", "ints", columns["tree"]),
        attribute("nodes_nodeids", "ints", columns["node"]),
        attribute("nodes_featureids", "ints", columns["feature"]),
        attribute("nodes_values", "floats", columns["value"]),
        attribute("nodes_modes", "strings", modes),
        attribute("nodes_truenodeids", "ints", columns["yes"]),
        attribute("nodes_falsenodeids", "ints", columns["no"]),
        attribute("target_treeids", "ints", leaf_tree),
        attribute("target_nodeids", "ints", leaf_node),
        attribute("target_ids", "ints", [0] * len(leaf_tree)),
        attribute("target_weights", "floats", leaf_weight)])
    ensemble = node("TreeEnsembleRegressor", ["x"], ["z"], attributes, "ai.onnx.ml")
    return model(ensemble + node("Sigmoid", ["z"], ["y"]))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(16)
    (folder / "net.onnx").write_bytes(net(chance))
    (folder / "trees.onnx").write_bytes(trees(chance))


if __name__ == "__main__":
    main()
