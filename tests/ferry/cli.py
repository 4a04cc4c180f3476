# SPDX-License-Identifier: Apache-2.0
"""The modelferry command line, as a publisher runs it."""

import json
import pathlib
import subprocess

from . import paths
from .process import SANITIZER, environment


class Done:
    def __init__(self, command, status, out, err):
        self.command = command
        self.status = status
        self.out = out
        self.err = err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<{self.command} -> {self.status}\n{self.out[-2000:]}\n{self.err[-4000:]}>"


class Cli:
    """modelferry with a home directory of its own."""

    def __init__(self, home, build=None, env=None):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.binary = paths.program("modelferry", build)
        self.env = environment(HOME=self.home, XDG_CONFIG_HOME=self.home / ".config",
                               XDG_CACHE_HOME=self.home / ".cache", **(env or {}))

    def run(self, *arguments, status=0, input=None, cwd=None, timeout=120, env=None):
        """status: what it must exit with, or None for any."""
        command = [self.binary, *map(str, arguments)]
        done = subprocess.run(command, env={**self.env, **(env or {})}, cwd=cwd or self.home,
                              input=input, stdin=None if input is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)
        result = Done(command, done.returncode, done.stdout, done.stderr)
        assert not SANITIZER.search(result.err), f"a sanitizer spoke: {result!r}"
        if status is not None:
            assert result.status == status, f"expected exit status {status}: {result!r}"
        return result

    def json(self, *arguments, **options):
        """Runs with --json, in front of what a command runs itself; the parsed output."""
        end = arguments.index("--") if "--" in arguments else len(arguments)
        return self.run(*arguments[:end], "--json", *arguments[end:], **options).json()
