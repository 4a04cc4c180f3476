# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files there are, and how a check is run and speaks.

A check is a function of a Tree that yields complaints, one line of text each; a file of this
folder ends with lintlib.main(check). tests/lint/test_lints.py shows each a bad sample.
"""

import argparse
import pathlib
import re
import subprocess
import sys


class Tree:
    """A source tree and the build directory that belongs to it."""

    def __init__(self, root, build=None):
        self.root = pathlib.Path(root)
        self.build = pathlib.Path(build) if build else None

    def files(self, *patterns):
        """Paths relative to the root that match a glob, tracked (or about to be) by git."""
        if not hasattr(self, "_files"):
            self._files = self._list()
        return [path for path in self._files if any(path.match(pattern) for pattern in patterns)]

    def _list(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root,
                                capture_output=True, text=True, check=False)
        if listed.returncode == 0 and (self.root / ".git").exists():
            names = listed.stdout.splitlines()
        else:
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
        paths = [pathlib.PurePosixPath(name) for name in sorted(set(names))]
        return [path for path in paths if (self.root / path).is_file()]

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def include_dirs(self):
        """Where quoted includes are looked up."""
        return [self.root / folder for folder in ("common", "server", "client", "tests/unit",
                                                  "tests/fuzz", "migrations")
                if (self.root / folder).is_dir()]


def code_only(text):
    """C without comments, strings and character literals; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0] == '"':
            return '""'
        if token[0] == "'":
            return "' '"
        return re.sub(r"[^\n]", " ", token)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def main(check):
    parser = argparse.ArgumentParser(description=check.__doc__)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--build")
    arguments = parser.parse_args()
    complaints = list(check(Tree(arguments.root, arguments.build)))
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"{len(complaints)} complaint{'s' if len(complaints) > 1 else ''}")
    sys.exit(1 if complaints else 0)
