# SPDX-License-Identifier: Apache-2.0
"""The real modelferryd against a database of the shared cluster."""

import json
import pathlib
import shutil
import signal
import subprocess

from . import paths
from .api import Api
from .process import Process, environment
from .wait import wait_until

START_DEADLINE_S = 40


def config_text(options):
    """{"database": {"url": …}} as the server's configuration file; lists are said repeatedly."""
    lines = []
    for section, entries in options.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {str(value).lower() if isinstance(value, bool) else value}"
                  for name, values in entries.items()
                  for value in (values if isinstance(values, list) else [values])]
    return "\n".join(lines) + "\n"


def merge(base, over):
    """Both, section by section; over wins."""
    merged = {section: dict(entries) for section, entries in base.items()}
    for section, entries in (over or {}).items():
        merged.setdefault(section, {}).update(entries)
    return merged


class Server(Process):
    """One instance of modelferryd.

    database_url  where its PostgreSQL is
    directory     its configuration, cache, log and ports file
    options       {"section": {"name": value}} over the defaults of the harness
    """

    def __init__(self, database_url, directory, options=None, name="server", build=None,
                 wrapper=(), env=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.binary = paths.program("modelferryd", build)
        self.ports_file = self.directory / f"{name}.ports"
        self.config_file = self.directory / f"{name}.conf"
        self.options = merge({
            "server": {"ports_file": self.ports_file},
            "database": {"url": database_url},
            "api": {"address": "127.0.0.1:0"},
            "device": {"address": "127.0.0.1:0"},
            "cache": {"directory": self.directory / f"{name}-cache"},
        }, options)
        self.write_config()
        super().__init__([self.binary, f"--config={self.config_file}"],
                         self.directory / f"{name}.log", env or environment(), wrapper=wrapper)
        self.api_port = None
        self.device_port = None

    def write_config(self, options=None):
        """Rewrites the configuration file, with more options over those it had."""
        self.options = merge(self.options, options)
        self.config_file.write_text(config_text(self.options))
        self.config_file.chmod(0o600)

    def start(self, ready=True):
        self.ports_file.unlink(missing_ok=True)
        super().start()
        if ready:
            self.wait_ready()
        return self

    def wait_listening(self):
        """Until both ports are known; the database may be away."""
        def listening():
            self._assert_alive()
            if not self.ports_file.exists():
                return None
            ports = json.loads(self.ports_file.read_text() or "null")
            return ports
        ports = wait_until(listening, START_DEADLINE_S,
                           lambda: f"no ports file:\n{self.log()[-4000:]}")
        self.api_port, self.device_port = ports["api"], ports["device"]
        return self

    def wait_ready(self):
        self.wait_listening()

        def ready():
            self._assert_alive()
            return self.api().get("/readyz").status == 200
        wait_until(ready, START_DEADLINE_S, lambda: f"not ready:\n{self.log()[-4000:]}")
        return self

    def _assert_alive(self):
        assert self.running, (f"modelferryd ended with {self.process.returncode}:"
                              f"\n{self.log()[-6000:]}")

    def restart(self, kill=False):
        """Stops (or kills -9) and starts again; ports may change."""
        if kill:
            self.kill()
        self.stop()
        return self.start()

    def reload(self):
        self.signal(signal.SIGHUP)

    def api(self, token=None):
        """The api listener, with this token."""
        return Api(self.api_port, token)

    def device(self, token=None):
        """The device listener, with this token."""
        return Api(self.device_port, token)

    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    def device_url(self):
        return f"http://127.0.0.1:{self.device_port}"

    def run(self, *arguments, check=True, **options):
        """modelferryd with other arguments and the same configuration, to its end."""
        done = subprocess.run([self.binary, *arguments, f"--config={self.config_file}"],
                              env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False, **options)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def create_token(self, role, name=None, workspace=None):
        """A token made on the server's own machine, as a first administrator does."""
        where = [f"--workspace={workspace}"] if workspace else []
        done = self.run("token", "create", name or f"test-{role}", role, *where)
        return done.stdout.strip().splitlines()[-1].strip()


def migrate(database_url):
    """Brings a database to the newest schema, as every start does."""
    directory = paths.scratch("migrate")
    try:
        Server(database_url, directory).run("migrate")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
