# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every write-like system call of an install: always a verified model, always finished.

Each step of the walk starts from the same state directory (version 1.0.0 serves, 1.1.0 is asked
for), kills the agent at one system call, looks at the slot as an application would, runs the agent
again, and looks once more.
"""

import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess

import pytest

from ferry import paths, signing
from ferry.agent import Agent
from ferry.gateway import Gateway
from ferry.process import UNPRIVILEGED
from ferry.rooted import RootedGateway

OLD = random.Random(1).randbytes(20_000)
NEW = random.Random(2).randbytes(30_000)
WALKERS = max(2, os.cpu_count() or 2)


def tool():
    return str(paths.build_dir() / "tests" / "e2e" / "crash_walk")


class Walker:
    """One gateway, one state directory at a time, on its own."""

    def __init__(self, template, directory, options):
        self.template = template.state
        self.directory = directory
        self.agent = Agent(directory, options, build=paths.plain_build_dir())
        self.gateway = template.gateway_again()
        self.gateway.publish(template.key, "1.0.0", OLD)
        self.gateway.publish(template.key, "1.1.0", NEW,
                             files={"model.onnx": NEW, "labels.txt": b"0 1"})
        self.command = [self.agent.binary, "run", "--once", f"--url={self.gateway.url()}",
                        f"--config={self.agent.config_file}"]

    def reset(self):
        shutil.rmtree(self.agent.state, ignore_errors=True)
        shutil.copytree(self.template, self.agent.state, symlinks=True)
        self.gateway.reports.clear()

    def run(self, *wrapper):
        return subprocess.run([*UNPRIVILEGED, *wrapper, *self.command], env=self.agent.env,
                              capture_output=True, text=True, timeout=60, check=False)

    def serves(self):
        """The version that `current` names, whose every byte must be right."""
        current = self.agent.slot() / "current"
        assert current.is_symlink(), "the slot points at nothing"
        model = (current / "model.onnx").read_bytes()
        assert (current / ".version.json").is_file()
        if model == OLD:
            return "1.0.0"
        assert model == NEW, "the slot points at something that is not verified"
        assert (current / "labels.txt").read_bytes() == b"0 1"
        return "1.1.0"

    def step(self, number, when):
        """None where the agent ended before; else the name of the call."""
        self.reset()
        killed = self.run(tool(), when, str(number))
        if killed.returncode == 3:
            return None
        assert killed.returncode == 0, killed.stderr
        name = killed.stdout.split()[-1]
        where = f"{when} of call {number} ({name})"
        try:
            self.serves()
            self.finish()
        except AssertionError as error:
            raise AssertionError(f"killed at {where}: {error}") from error
        return name

    def finish(self):
        raise NotImplementedError


class InstallWalker(Walker):
    def finish(self):
        again = self.run()
        assert again.returncode == 0, f"status {again.returncode}: {again.stderr}"
        assert self.serves() == "1.1.0", again.stderr
        previous = self.agent.slot() / "previous" / "model.onnx"
        assert previous.read_bytes() == OLD
        assert self.gateway.reported()[-1] == ("installed", "1.1.0", None)
        self.check_swept()

    def check_swept(self):
        assert list((self.agent.state / "spool").iterdir()) == []
        assert list((self.agent.state / "downloads").iterdir()) == []
        assert sorted(path.name[:5] for path in (self.agent.slot() / "versions").iterdir()) == [
            "1.0.0", "1.1.0"]
        assert not (self.agent.slot() / "staging").exists()
        assert not (self.agent.slot() / "journal.json").exists()


class RollbackWalker(Walker):
    """The reload fails: whatever happens, the old version serves in the end."""

    def finish(self):
        again = self.run()
        assert again.returncode == 1, f"status {again.returncode}: {again.stderr}"
        assert self.serves() == "1.0.0", again.stderr
        assert self.gateway.reported()[-1] == ("failed", "1.1.0", "reload-failed")
        assert not (self.agent.slot() / "journal.json").exists()


class Template:
    """A state directory in which version 1.0.0 serves."""

    def __init__(self, scratch, trust):
        self.key = signing.Key()
        self.gateway = RootedGateway() if trust == "roots" else Gateway()
        agent = Agent(scratch / "template", build=paths.plain_build_dir())
        if trust == "roots":
            roots = self.gateway.roots(scratch / "roots.json")
            agent.enroll(self.gateway.url(), "mfe_test", "cam-1", root=roots)
        else:
            agent.enroll(self.gateway.url(), "mfe_test", "cam-1", [self.key])
        self.gateway.publish(self.key, "1.0.0", OLD)
        agent.call("run", "--once")
        self.gateway.close()
        self.state = agent.state

    def gateway_again(self):
        """One more, with the same roots where there are any."""
        return (RootedGateway(self.gateway) if isinstance(self.gateway, RootedGateway)
                else Gateway())


@pytest.fixture(params=["roots", "keys"])
def template(scratch, request):
    return Template(scratch, request.param)


def walk(kind, template, scratch, options, record_property):
    walkers = [kind(template, scratch / f"walker-{number}", options)
               for number in range(WALKERS)]
    walkers[0].reset()
    counted = walkers[0].run(tool(), "count")
    calls = int(counted.stdout.split()[-1])
    assert calls > 60, counted.stderr

    def part(first):
        """Every WALKERS-th call, both before and after it."""
        names = []
        number = first + 1
        while True:
            before = walkers[first].step(number, "entry")
            after = walkers[first].step(number, "exit")
            if before is None and after is None:
                return names
            names += [name for name in (before, after) if name]
            number += WALKERS

    try:
        with concurrent.futures.ThreadPoolExecutor(WALKERS) as pool:
            names = [name for part_names in pool.map(part, range(WALKERS)) for name in part_names]
    finally:
        for walker in walkers:
            walker.gateway.close()
    assert len(names) >= 2 * calls - 10
    record_property("kills", len(names))
    print(f"{calls} write-like system calls, {len(names)} kills: {sorted(set(names))}")
    return set(names)


def fast_scratch():
    """A file system on which fsync costs nothing, where there is one."""
    shm = pathlib.Path("/dev/shm")
    return shm if os.access(shm, os.W_OK) else None


@pytest.fixture
def scratch():
    path = paths.scratch("walk")
    fast = fast_scratch()
    if fast:
        path.rmdir()
        path = fast / path.name
        path.mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_install_survives_kill_9_anywhere(template, scratch, record_property):
    names = walk(InstallWalker, template, scratch, {}, record_property)
    assert {"write", "openat", "renameat", "symlinkat", "linkat", "unlinkat", "fsync",
            "fdatasync", "mkdirat", "fallocate", "ftruncate", "sendto"} <= names


def test_rollback_survives_kill_9_anywhere(template, scratch, record_property):
    """The command that reloads takes 1.0.0 and refuses 1.1.0."""
    options = {"slot": {"reload": "main: restart case $(readlink \"$STATE/models/main/current\") in"
                                  " versions/1.1.0*) exit 1;; esac"}}

    class Here(RollbackWalker):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.agent.env["STATE"] = str(self.agent.state)

    names = walk(Here, template, scratch, options, record_property)
    assert "symlinkat" in names
