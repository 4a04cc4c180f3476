# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, and has a guard named after its path."""

import concurrent.futures
import os
import re
import shlex
import subprocess

import lintlib


def _packages():
    names = ["jansson", "libsodium", "libcrypto", "libzstd", "libcurl", "libpq", "libmicrohttpd",
             "gnutls"]
    flags = []
    for name in names:
        done = subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True,
                              check=False)
        flags += shlex.split(done.stdout) if done.returncode == 0 else []
    return flags


# Installed: other people's programs see it, alone.
PUBLIC = {"client/lib/modelferry.h": "MODELFERRY_H"}


def _guard(path):
    if str(path) in PUBLIC:
        return PUBLIC[str(path)]
    parts = path.parts[1:] if path.parts[0] in ("common", "server", "client") else path.parts
    return re.sub(r"[^A-Z0-9]", "_", "/".join(parts).upper())


def check(tree):
    """Headers stand alone."""
    flags = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *_packages()]
    flags += [f"-I{folder}" for folder in tree.include_dirs()]
    if tree.build:
        flags += [f"-I{tree.build / folder}" for folder in ("migrations", "common", "server",
                                                           "client")]

    def compile_alone(path):
        source = f'#include "{tree.root / path}"\n#include "{tree.root / path}"\nint x;\n'
        done = subprocess.run(["clang", "-fsyntax-only", "-x", "c", *flags, "-"], input=source,
                              capture_output=True, text=True, check=False)
        first = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr)
        return path, done.returncode, first

    paths = [path for path in tree.files("*.h") if not str(path).startswith("tests/lint")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, status, first in pool.map(compile_alone, paths):
            if status:
                yield f"{path}: does not compile alone: {first.strip()}"
    for path in paths:
        if str(path).startswith("tests/"):
            continue
        guard = re.search(r"^#ifndef (\w+)\n#define \1$", tree.read(path), re.M)
        if not guard or guard.group(1) != _guard(path):
            yield f"{path}: wants the guard {_guard(path)}"


if __name__ == "__main__":
    lintlib.main(check)
