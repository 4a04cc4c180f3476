# SPDX-License-Identifier: Apache-2.0
"""Every source says its licence in its first lines."""

import lintlib

SOURCES = ("*.c", "*.h", "*.py", "*.sql", "*.sh", "*.js", "*.mjs")
TAG = "SPDX-License-Identifier: Apache-2.0"


def check(tree):
    """An SPDX line on top of every source."""
    scripts = [path for path in tree.files("*") if "." not in path.name
               and (tree.root / path).read_bytes()[:2] == b"#!"]
    for path in [*tree.files(*SOURCES), *scripts]:
        top = tree.read(path).splitlines()[:3]
        if not any(TAG in line for line in top):
            yield f"{path}: no '{TAG}' in its first three lines"
    if not (tree.root / "LICENSE").is_file():
        yield "LICENSE is missing"


if __name__ == "__main__":
    lintlib.main(check)
