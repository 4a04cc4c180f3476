# SPDX-License-Identifier: Apache-2.0
"""Packages of npm, for clients that are not ours."""

import fcntl
import os
import pathlib
import shutil
import subprocess


def install(package):
    """Where npm has installed NAME@VERSION, by which scripts require it; once for all runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    directory = pathlib.Path(cache) / "modelferry-tests" / package.replace("@", "-")
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "installed").exists():
            assert shutil.which("npm"), "npm is not installed; run deploy/install-deps"
            (directory / "package.json").write_text("{}\n", encoding="ascii")
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", package],
                                  cwd=directory, capture_output=True, text=True, timeout=300,
                                  check=False)
            assert done.returncode == 0, f"npm cannot install {package}: {done.stderr}"
            (directory / "installed").touch()
    return directory
