# SPDX-License-Identifier: Apache-2.0
"""clang-tidy has nothing to say (see .clang-tidy). What was clean is not looked at again."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import lintlib

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def _closure(tree, path, seen):
    """A file and every header of ours that it reaches."""
    if path in seen:
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        for folder in tree.include_dirs():
            if (folder / name).is_file():
                _closure(tree, folder / name, seen)


def _fingerprint(tree, path, command, configuration):
    files = set()
    _closure(tree, path, files)
    digest = hashlib.sha256(configuration + command.encode())
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def check(tree):
    """clang-tidy is clean."""
    database = tree.build / "compile_commands.json"
    if not database.is_file():
        yield f"'{database}' is missing: build first"
        return
    tool = shutil.which("clang-tidy-14") or "clang-tidy"
    configuration = (tree.root / ".clang-tidy").read_bytes()
    cache = tree.build / "tidy"
    cache.mkdir(exist_ok=True)
    work = {}
    for entry in json.loads(database.read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        try:
            relative = path.relative_to(tree.root.resolve())
        except ValueError:
            continue
        if relative.parts[0] in ("common", "server", "client") and path.suffix == ".c":
            stamp = cache / _fingerprint(tree, path, entry["command"], configuration)
            if not stamp.exists():
                work[path] = stamp

    def run(item):
        path, stamp = item
        done = subprocess.run([tool, "-p", str(tree.build), "--quiet", "--warnings-as-errors=*",
                               str(path)], cwd=tree.root, capture_output=True, text=True,
                              check=False)
        said = re.findall(r"^.*(?:error|warning): .*$", done.stdout, re.M)
        if done.returncode == 0:
            stamp.touch()
        elif not said:
            said = [f"{path}: clang-tidy ended with {done.returncode}: {done.stderr[-300:]}"]
        return said

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(run, sorted(work.items())):
            yield from (line.replace(f"{tree.root}/", "") for line in dict.fromkeys(said))


if __name__ == "__main__":
    lintlib.main(check)
