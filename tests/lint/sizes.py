# SPDX-License-Identifier: Apache-2.0
"""Files and functions stay short enough to be read."""

import re

import lintlib

FILE_LINES = 600

# Larger and for a reason: one lock order, one file. It may shrink, not grow.
LARGE = {
    "client/cli/commands.c": 700,  # one table: the whole surface at a glance
}
TEST_LINES = 1000  # tables of vectors
FUNCTION_LINES = 80
PARAMETERS = 8


def _functions(text):
    """(line, lines, name, head) of each function of clang-formatted C."""
    lines = lintlib.code_only(text).splitlines()
    start = None
    head = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            name = re.search(r"(\w+)\s*\(", head)
            if name and ";" not in line:
                yield start, number - start - 1, name.group(1), head
            start, head = None, ""
        elif start is None:
            if not line.strip() or line.startswith("#") or line.rstrip().endswith(";"):
                head = ""
            else:
                head += " " + line.strip()


def check(tree):
    """Files and functions stay short."""
    for path in tree.files("*.c", "*.h", "*.sql", "*.py", "*.sh"):
        text = tree.read(path)
        lines = text.count("\n")
        limit = TEST_LINES if str(path).startswith("tests/") else FILE_LINES
        limit = LARGE.get(str(path), limit)
        if lines > limit:
            yield f"{path}: {lines} lines, at most {limit}: it is probably two modules"
        if path.suffix != ".c" or str(path).startswith("tests/"):
            continue
        for line, length, name, _ in _functions(text):
            if length > FUNCTION_LINES:
                yield f"{path}:{line}: {name}() has {length} lines, at most {FUNCTION_LINES}"


if __name__ == "__main__":
    lintlib.main(check)
