# SPDX-License-Identifier: Apache-2.0
"""Small model files that are what they say, with any bytes for weights."""


def _varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    """A field of Protocol Buffers that is a number."""
    return _varint(field << 3) + _varint(value)


def piece(field, data):
    """A field that is text, bytes or a message."""
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _value(name, *dims, element=1):
    shape = b"".join(piece(1, piece(2, dim) if isinstance(dim, str) else number(1, dim))
                     for dim in dims)
    return piece(1, name) + piece(2, piece(1, number(1, element) + piece(2, shape)))


def onnx(weights=b"weights", inputs=(("x", "N", 4),), outputs=(("y", "N", 4),)):
    """An ONNX model that gives what it takes, and has the bytes in a tensor of weights."""
    tensors = (number(1, len(weights)) + number(2, 2) + piece(8, "weights") + piece(9, weights),
               number(1, 1) + number(2, 1) + piece(8, "bias") + piece(9, bytes(4)))
    graph = (piece(1, piece(1, inputs[0][0]) + piece(2, outputs[0][0]) + piece(4, "Identity"))
             + piece(2, "test") + b"".join(piece(5, tensor) for tensor in tensors)
             + b"".join(piece(11, _value(*each)) for each in inputs)
             + b"".join(piece(12, _value(*each)) for each in outputs))
    return number(1, 8) + piece(2, "ferry") + piece(7, graph) + piece(8, number(2, 17))
