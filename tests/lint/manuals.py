# SPDX-License-Identifier: Apache-2.0
"""Every program has a manual page, and mandoc finds nothing wrong with any."""

import subprocess

import lintlib

PROGRAMS = ("modelferryd", "modelferry", "modelferry-agent")


def check(tree):
    """Manual pages are there and clean."""
    pages = tree.files("*.1", "*.5", "*.7", "*.8")
    names = {path.name.rsplit(".", 1)[0] for path in pages}
    for program in PROGRAMS:
        if program not in names:
            yield f"no manual page {program}.1 or .8 in docs/man/"
    for path in pages:
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(path)], cwd=tree.root,
                              capture_output=True, text=True, check=False)
        yield from done.stdout.splitlines()


if __name__ == "__main__":
    lintlib.main(check)
