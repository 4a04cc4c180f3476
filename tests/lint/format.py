# SPDX-License-Identifier: Apache-2.0
"""C is as clang-format leaves it."""

import shutil
import subprocess

import lintlib


def check(tree):
    """clang-format has nothing to change."""
    paths = [str(path) for path in tree.files("*.c", "*.h")]
    tool = shutil.which("clang-format-14") or "clang-format"
    done = subprocess.run([tool, "--dry-run", "-Werror", "--ferror-limit=1", *paths], cwd=tree.root,
                          capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        if "error:" in line:
            yield f"{line.split(' error:')[0]} not formatted: run clang-format -i on it"
    if done.returncode and "error:" not in done.stderr:
        yield f"clang-format: {done.stderr.strip()}"


if __name__ == "__main__":
    lintlib.main(check)
