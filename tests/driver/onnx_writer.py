"""Small ONNX models for tests, written byte by byte: dense nets with weights from a seed."""
import random
import struct

FLOAT, INT64, BOOL = 1, 7, 9
GRAPH = 5
IR_VERSION = 8
OPSET = 13


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """One field of a message: a varint of an int, else delimited bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(kind, inputs, output):
    return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) +
                 field(4, kind))


def tensor(name, shape, numbers):
    return field(5, b"".join(field(1, dim) for dim in shape) + field(2, FLOAT) + field(8, name) +
                 field(9, struct.pack(f"<{len(numbers)}f", *numbers)))


def value(number, name, shape, element=FLOAT):
    """An input (11) or output (12); a dimension that is a text may be any number."""
    dims = b"".join(field(1, field(2 if isinstance(dim, str) else 1, dim)) for dim in shape)
    return field(number, field(1, name) + field(2, field(1, field(1, element) + field(2, dims))))


def dense_net(widths, hidden="Relu", last="Sigmoid", seed=1, metadata=None, version=1,
              weights=None, steps=0):
    """The bytes of a model x [rows, widths[0]] -> y [rows, widths[-1]]; with `steps`, of a model
    x [rows, steps, widths[0] / steps]. `weights`: [[matrix by
    rows, biases] a layer] instead of those from the seed; `last`: None for a linear output."""
    chance = random.Random(seed)
    graph, at = b"", "x"
    shape = ("rows", widths[0])
    if steps:
        shape = ("rows", steps, widths[0] // steps)
        graph, at = node("Flatten", ["x"], "flat"), "flat"
    for layer, (wide, narrow) in enumerate(zip(widths, widths[1:])):
        if weights:
            matrix, bias = weights[layer]
        else:
            matrix = [chance.gauss(0, wide ** -0.5) for _ in range(wide * narrow)]
            bias = [chance.gauss(0, 0.1) for _ in range(narrow)]
        final = layer == len(widths) - 2
        activation = last if final else hidden
        out = "y" if final and not activation else f"linear{layer}"
        graph += tensor(f"w{layer}", (wide, narrow), matrix) + tensor(f"b{layer}", (narrow,), bias)
        graph += node("Gemm", [at, f"w{layer}", f"b{layer}"], out)
        if activation:
            graph += node(activation, [out], "y" if final else f"active{layer}")
        at = f"active{layer}" if activation else out
    graph += field(2, "net") + value(11, "x", shape) + \
        value(12, "y", ("rows", widths[-1]))
    return model(graph, metadata, version)


def endless_loop(width):
    """The bytes of a model x [rows, width] -> y [rows, width] that loads, and never answers."""
    shape = ("rows", width)
    body = (node("Identity", ["goes_on"], "goes_on_still") +
            node("Add", ["sum", "sum"], "doubled") + field(2, "body") +
            value(11, "turn", (), INT64) + value(11, "goes_on", (), BOOL) +
            value(11, "sum", shape) + value(12, "goes_on_still", (), BOOL) +
            value(12, "doubled", shape))
    attribute = field(1, "body") + field(6, body) + field(20, GRAPH)
    loop = field(1, b"".join(field(1, name) for name in ("", "", "x")) + field(2, "y") +
                 field(4, "Loop") + field(5, attribute))
    return model(loop + field(2, "loop") + value(11, "x", shape) + value(12, "y", shape))


def model(graph, metadata=None, version=1):
    """A file of the fields of a graph."""
    entries = b"".join(field(14, field(1, key) + field(2, text))
                       for key, text in (metadata or {}).items())
    return (field(1, IR_VERSION) + field(2, "ouzel tests") + field(5, version) + field(7, graph) +
            field(8, field(2, OPSET)) + entries)
