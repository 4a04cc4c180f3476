# SPDX-License-Identifier: Apache-2.0
"""usage: embed.py FILE SYMBOL OUTPUT.c: a file as bytes in a C source."""

import pathlib
import sys


def main(source, symbol, output):
    data = pathlib.Path(source).read_bytes()
    rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 16])
            for at in range(0, len(data), 16)]
    body = ",\n    ".join(rows)
    pathlib.Path(output).write_text(
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        "/* made by embed.py; do not edit */\n"
        "#include <stddef.h>\n\n"
        f"extern const unsigned char {symbol}_bytes[];\n"
        f"extern const size_t {symbol}_size;\n\n"
        f"const unsigned char {symbol}_bytes[] = {{\n    {body}}};\n"
        f"const size_t {symbol}_size = sizeof({symbol}_bytes);\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
