# SPDX-License-Identifier: Apache-2.0
"""docs/CONFIGURATION.md is what the server prints, and the manual page names every flag that is not
a key of the file."""

import re
import subprocess

import lintlib

PAGE = "docs/CONFIGURATION.md"
MANUAL = "docs/man/modelferryd.8"


def printed(tree, flag):
    program = tree.build / "server" / "modelferryd"
    return subprocess.run([program, flag], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL).stdout


def check(tree):
    """The pages about options are current."""
    if not tree.build or not (tree.build / "server" / "modelferryd").exists():
        return
    if not (tree.root / PAGE).is_file() or tree.read(PAGE) != printed(tree, "--print-reference"):
        yield f"{PAGE} is not current: modelferryd --print-reference > {PAGE}"
    manual = tree.read(MANUAL)
    for flag in re.findall(r"^ .*--([a-z-]+)", printed(tree, "--help").split("options:")[1],
                           re.M):
        if f"-{flag}" not in manual and flag not in ("database-connect-timeout",):
            yield f"{MANUAL}: --{flag} is missing"


if __name__ == "__main__":
    lintlib.main(check)
