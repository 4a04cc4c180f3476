# SPDX-License-Identifier: Apache-2.0
"""The modelferry-agent of one device."""

import json
import pathlib
import subprocess

from . import paths
from .process import SANITIZER, Process, environment


class Agent(Process):
    """One device: its state directory, its configuration, its daemon.

    state  the agent's state directory
    """

    def __init__(self, directory, build=None, wrapper=(), env=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.state = self.directory / "state"
        self.binary = paths.program("modelferry-agent", build)
        self.config_file = self.directory / "agent.conf"
        super().__init__([self.binary, "run", *self._where()], self.directory / "agent.log",
                         env or environment(HOME=self.directory), wrapper=wrapper)

    def _where(self):
        where = [f"--state-dir={self.state}"]
        return where + [f"--config={self.config_file}"] if self.config_file.exists() else where

    def configure(self, text):
        """Writes the agent's configuration file; before start()."""
        self.config_file.write_text(text)
        self.command = [*self.command[:-len(self._where())], *self._where()]

    def call(self, *arguments, status=0, timeout=120):
        """A subcommand of the agent, to its end."""
        command = [self.binary, *map(str, arguments), *self._where()]
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False)
        assert not SANITIZER.search(done.stderr), f"a sanitizer spoke: {done.stderr}"
        if status is not None:
            assert done.returncode == status, f"{command}: {done.returncode}: {done.stderr}"
        return done

    def enroll(self, url, token, name, *more):
        return self.call("enroll", f"--url={url}", f"--token={token}", f"--name={name}", *more)

    def status(self):
        return json.loads(self.call("status", "--json").stdout)

    def slot(self, name="main"):
        return self.state / "models" / name

    def current(self, slot="main"):
        """The directory that the slot's `current` names, or None."""
        link = self.slot(slot) / "current"
        return link.resolve() if link.is_symlink() else None
