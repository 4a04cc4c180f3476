# SPDX-License-Identifier: Apache-2.0
"""Every symbol that a file exports starts with the file's stem (nm says which there are)."""

import pathlib
import re
import subprocess

import lintlib

# The installed library is the only one with a prefix of the project.
PUBLIC_PREFIX = "mf_"
PUBLIC_FOLDER = "client/lib/"


def _belongs(symbol, source, stem):
    if symbol.startswith(f"{stem}_") or symbol == stem:
        return True
    if stem == "main" and symbol == "main":
        return True
    return source.startswith(PUBLIC_FOLDER) and symbol.startswith(PUBLIC_PREFIX)


def _objects(tree):
    """(object, source relative to the root) of everything built but tests."""
    for path in sorted(tree.build.rglob("*.c.o")):
        relative = path.relative_to(tree.build)
        if relative.parts[0] == "tests":
            continue
        # server/http/libhttp.a.p/listener.c.o; a source of a folder below is named sub_file.c.o
        folder = pathlib.PurePosixPath(*relative.parts[:-2])
        source = folder / relative.name[:-2]
        if (tree.root / source).is_file():
            yield path, str(source)


def check(tree):
    """Exported symbols start with the stem of their file."""
    seen = 0
    for path, source in _objects(tree):
        seen += 1
        stem = pathlib.PurePosixPath(source).stem
        listed = subprocess.run(["nm", "-g", "--defined-only", "-f", "posix", str(path)],
                                capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            symbol = line.split()[0]
            if re.match(r"__|_?[Aa]san|__sanitizer", symbol) or _belongs(symbol, source, stem):
                continue
            yield (f"{source}: exports '{symbol}': name it '{stem}_…', make it static,"
                   " or move it to the file that its name says")
    if not seen:
        yield f"no objects in '{tree.build}': build first"


if __name__ == "__main__":
    lintlib.main(check)
