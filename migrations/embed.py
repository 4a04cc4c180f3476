#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a C file that holds the migrations: embed.py OUTPUT FILE...

The name of a file is NNNN_title.sql; the numbers rise. The checksum is the SHA-256 of the file, so
that a server notices that a migration was edited after it had been applied somewhere.
"""

import hashlib
import pathlib
import re
import sys


def c_bytes(name: str, data: bytes) -> str:
    lines = []
    for start in range(0, len(data), 20):
        lines.append("    " + " ".join(f"{byte}," for byte in data[start:start + 20]))
    return f"static const char {name}[] = {{\n" + "\n".join(lines) + "\n    0,\n};\n"


def main() -> int:
    output, files = sys.argv[1], sorted(sys.argv[2:], key=lambda f: pathlib.Path(f).name)
    arrays, entries, last = [], [], 0
    for file in files:
        path = pathlib.Path(file)
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", path.name)
        if not match:
            print(f"embed.py: '{path.name}' is not named NNNN_title.sql", file=sys.stderr)
            return 1
        number, data = int(match[1]), path.read_bytes()
        if number <= last:
            print(f"embed.py: two migrations have the number {number}", file=sys.stderr)
            return 1
        if b"\0" in data:
            print(f"embed.py: '{path.name}' holds a NUL", file=sys.stderr)
            return 1
        last = number
        arrays.append(c_bytes(f"sql_{number:04}", data))
        entries.append(f'    {{{number}, "{match[2]}", sql_{number:04}, '
                       f'"{hashlib.sha256(data).hexdigest()}"}},\n')
    text = ("/* Made by migrations/embed.py. */\n#include \"db/migrations.h\"\n\n"
            + "\n".join(arrays)
            + "\nconst struct migration migrations_all[] = {\n" + "".join(entries) + "};\n"
            + f"\nconst size_t migrations_count = {len(entries)};\n")
    pathlib.Path(output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
