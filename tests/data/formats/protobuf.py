# SPDX-License-Identifier: Apache-2.0
"""Writes the wire format of Protocol Buffers (protobuf.dev, Encoding)."""

import struct


def varint(value):
    """A number of 64 bits; negative ones as two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def payload(field, data):
    """Text, bytes, or a message."""
    data = data.encode() if isinstance(data, str) else bytes(data)
    return varint(field << 3 | 2) + varint(len(data)) + data


def floats(field, values):
    return payload(field, b"".join(struct.pack("<f", value) for value in values))


def packed(field, values):
    return payload(field, b"".join(varint(value) for value in values))
