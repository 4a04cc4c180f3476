# SPDX-License-Identifier: Apache-2.0
"""The modelferry-agent of one device."""

import json
import pathlib
import subprocess

from . import paths, signing
from .process import SANITIZER, UNPRIVILEGED, Process, environment
from .server import config_text, merge
from .wait import wait_until


DEFAULTS = {
    "agent": {"log_level": "debug"},
    "sync": {"retry_base": "50ms", "retry_cap": "1s", "silence": "10s"},
}


class Agent(Process):
    """One device: its state directory, its configuration, its daemon.

    options  {"section": {"name": value}} over the harness's defaults
    state    the agent's state directory
    """

    def __init__(self, directory, options=None, build=None, wrapper=(), env=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.state = self.directory / "state"
        self.binary = paths.program("modelferry-agent", build)
        self.config_file = self.directory / "agent.conf"
        self.options = DEFAULTS
        self.configure(options)
        super().__init__([self.binary, "run", f"--config={self.config_file}"],
                         self.directory / "agent.log", env or environment(HOME=self.directory),
                         wrapper=[*UNPRIVILEGED, *wrapper])

    def start(self):
        """Returns when it has come so far that it ends by itself when told to."""
        seen = self.log().count(" serves from ")
        super().start()
        wait_until(lambda: not self.running or self.log().count(" serves from ") > seen,
                   what=lambda: f"the agent does not come up:\n{self.log()[-3000:]}")
        return self

    def configure(self, options):
        """More options over those it has; before start()."""
        own = {"agent": {"state_dir": self.state},
               "device": {"capability": ["onnx/cpu", f"{signing.RUNTIME}/cpu"]}}
        self.options = merge(merge(self.options, own), options)
        self.config_file.write_text(config_text(self.options))

    def call(self, *arguments, status=0, timeout=120):
        """A subcommand of the agent, to its end."""
        command = [*UNPRIVILEGED, self.binary, *map(str, arguments), f"--config={self.config_file}"]
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False)
        assert not SANITIZER.search(done.stderr), f"a sanitizer spoke: {done.stderr}"
        if status is not None:
            assert done.returncode == status, f"{command}: {done.returncode}: {done.stderr}"
        return done

    def enroll(self, url, token, name, trust=(), *more, root=None, status=0):
        """trust: signing.Key objects of the publishers whose models the device may run; or root: a
        file of roots."""
        flags = [f"--root={root}"] if root else []
        for number, key in enumerate(trust):
            path = self.directory / f"trust-{number}.json"
            path.write_text(json.dumps(key.file(f"publisher-{number}")))
            flags.append(f"--trust={path}")
        return self.call("enroll", f"--url={url}", f"--token={token}", f"--name={name}", *flags,
                         *more, status=status)

    def status(self):
        return json.loads(self.call("status", "--json").stdout)

    def slot(self, name="main"):
        return self.state / "models" / name

    def current(self, slot="main"):
        """The directory that the slot's `current` names, or None."""
        link = self.slot(slot) / "current"
        return link.resolve() if link.is_symlink() else None

    def serves(self, data, slot="main", name="model.onnx"):
        """Whether the slot's model is these bytes."""
        current = self.current(slot)
        return bool(current) and (current / name).is_file() and (
            current / name).read_bytes() == data
