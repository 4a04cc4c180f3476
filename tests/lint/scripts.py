# SPDX-License-Identifier: Apache-2.0
"""shellcheck has nothing to say about any shell script; what has a #! can be run."""

import ast
import os
import subprocess

import lintlib


def check(tree):
    """Scripts are clean and executable."""
    shell, python = [], []
    for path in tree.files("*"):
        with open(tree.root / path, "rb") as file:
            first = file.readline(200)
        if not first.startswith(b"#!"):
            python += [path] if path.suffix == ".py" else []
            continue
        if not os.access(tree.root / path, os.X_OK):
            yield f"{path}: starts with #! and has no run bit: chmod +x"
        if first.rstrip().endswith((b"sh", b"bash", b"dash")):
            shell.append(str(path))
        elif b"python" in first:
            python.append(path)
    if shell:
        done = subprocess.run(["shellcheck", "-x", "-f", "gcc", *shell], cwd=tree.root,
                              capture_output=True, text=True, check=False)
        yield from done.stdout.splitlines()
        if done.returncode and not done.stdout:
            yield f"shellcheck: {done.stderr.strip()}"
    for path in python:
        try:
            ast.parse(tree.read(path), str(path))
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if len(line) > 110:
                yield f"{path}:{number}: {len(line)} columns, at most 110"


if __name__ == "__main__":
    lintlib.main(check)
