# SPDX-License-Identifier: Apache-2.0
"""Our reader of GGUF beside npm's @huggingface/gguf, over files of every version, order and type."""

import collections
import json
import pathlib
import random
import struct
import subprocess

import pytest

from ferry import npm, paths

PACKAGE = "@huggingface/gguf@0.1.12"  # the last that Debian's Node.js runs
SCRIPT = pathlib.Path(__file__).with_name("gguf_reader.mjs")
FILES = 150

# Codes of metadata's types (github.com/ggml-org/ggml, docs/gguf.md), as struct writes them.
VALUES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, ARRAY = 8, 9

# Codes of tensors' types: elements and bytes of a block (github.com/ggml-org/ggml, ggml-common.h).
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
          9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
          15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
          21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
          27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66)}
PLAIN = {"F32": "float32", "F16": "float16", "F64": "float64", "BF16": "bfloat16", "I8": "int8",
         "I16": "int16", "I32": "int32", "I64": "int64"}
LATER = {"34": "TQ1_0", "35": "TQ2_0"}  # which the peer counts, but has no name for


class Writer:
    """A GGUF file with whatever the generator says."""

    def __init__(self, generator):
        self.random = generator
        self.version = generator.choice([1, 2, 3, 3])
        # The older versions know one order; that of version 3 is told by its number.
        self.order = generator.choice("<>") if self.version == 3 else "<"
        self.count = "I" if self.version == 1 else "Q"
        self.alignment = generator.choice([8, 16, 32, 32, 64, 4096])

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def text(self, value):
        data = value.encode()
        return self.pack(self.count, len(data)) + data

    def value(self, kind, deep=0):
        if kind == TEXT:
            return self.text(self.random.choice(["", "x", "caf\u00e9", "tab\tand \"quotes\"", "z" * 300]))
        if kind == ARRAY:
            inner = self.random.choice([*VALUES, TEXT] + ([ARRAY] if deep < 2 and self.version > 1 else []))
            length = self.random.choice([0, 1, 3, 40])
            return self.pack("I" + self.count, inner, length) + b"".join(
                self.value(inner, deep + 1) for _ in range(length))
        if VALUES[kind] == "?":
            return self.pack("?", self.random.random() < 0.5)
        if VALUES[kind] in "fd":
            return self.pack(VALUES[kind], self.random.choice([0.0, -1.5, 1e30]))
        size = 8 * struct.calcsize("<" + VALUES[kind])
        low = 0 if VALUES[kind].isupper() else -(1 << size - 1)
        return self.pack(VALUES[kind], self.random.choice([low, 0, 1, 100]) if size == 64
                         else self.random.choice([low, 0, 1, low + (1 << size) - 1]))

    def metadata(self):
        pairs = [("general.architecture", TEXT, self.text("llama")),
                 ("general.name", TEXT, self.text(self.random.choice(["tiny", "na\u00efve", ""]))),
                 ("general.alignment", 4, self.pack("I", self.alignment))]
        for number in range(self.random.randrange(12)):
            kind = self.random.choice([*VALUES, TEXT, ARRAY])
            pairs.append((f"llama.more.{number}", kind, self.value(kind)))
        return [self.text(key) + self.pack("I", kind) + data for key, kind, data in pairs]

    def tensor(self, number, offset):
        """Its entry, and how many bytes it has."""
        kind = self.random.choice(list(BLOCKS))
        elements, size = BLOCKS[kind]
        dims = [elements * self.random.randrange(1, 4)] + [
            self.random.randrange(1, 5) for _ in range(self.random.randrange(4))]
        total = 1
        for dim in dims:
            total *= dim
        entry = (self.text(f"blk.{number}.weight") + self.pack("I", len(dims))
                 + b"".join(self.pack(self.count, dim) for dim in dims)
                 + self.pack("IQ", kind, offset))
        return entry, total // elements * size

    def file(self):
        pairs, entries, length = self.metadata(), [], 0
        for number in range(self.random.randrange(1, 8)):
            length += -length % self.alignment
            entry, size = self.tensor(number, length)
            entries.append(entry)
            length += size
        head = b"GGUF" + self.pack("I" + self.count * 2, self.version, len(entries), len(pairs))
        head += b"".join(pairs) + b"".join(entries)
        return head + bytes(-len(head) % self.alignment) + bytes(length)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    generator = random.Random(4711)
    made = []
    for number in range(FILES):
        made.append(folder / f"{number:03}.gguf")
        made[-1].write_bytes(Writer(generator).file())
    return made


@pytest.fixture(scope="module")
def theirs(files):
    """What they call the types, and what they read of each file."""
    done = subprocess.run(["node", str(SCRIPT), str(npm.install(PACKAGE)), *map(str, files)],
                          capture_output=True, text=True, timeout=300, check=True)
    names, *read = map(json.loads, done.stdout.splitlines())
    return names, read


@pytest.fixture(scope="module")
def ours(files):
    done = subprocess.run([paths.program("modelferry"), "inspect", "--json", *map(str, files)],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [item["info"] for item in json.loads(done.stdout)["items"]]


def weights(names, tensors):
    """As ours are told: of each type how many tensors, and how many elements."""
    found = collections.defaultdict(lambda: [0, 0])
    for tensor in tensors:
        elements = 1
        for dim in tensor["shape"]:
            elements *= int(dim)
        name = {**LATER, **names}[str(tensor["dtype"])]
        found[PLAIN.get(name, name)][0] += 1
        found[PLAIN.get(name, name)][1] += elements
    return {name: tuple(counts) for name, counts in found.items()}


def test_both_read_the_same(files, ours, theirs):
    names, read = theirs
    assert len(read) == len(ours) == FILES
    for file, mine, peer in zip(files, ours, read):
        assert "failed" not in peer, (file, peer)
        assert mine["format_version"] == str(peer["metadata"]["version"]), file
        assert mine["parameters"] == peer["parameterCount"], file
        assert {each["type"]: (each["tensors"], each["parameters"]) for each in mine["weights"]
                } == weights(names, peer["tensorInfos"]), file
        for key in ("general.architecture", "general.name", "general.alignment"):
            assert mine["properties"].get(key, "") == str(peer["metadata"][key]), (file, key)


def test_every_type_was_met(theirs):
    _, read = theirs
    assert {tensor["dtype"] for peer in read for tensor in peer["tensorInfos"]} == set(BLOCKS)
    assert {peer["metadata"]["version"] for peer in read} == {1, 2, 3}
