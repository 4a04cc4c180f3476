# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every write-like system call of `modelferry keys rotate`: there is always a key that
signs, and the same command again brings the rotation to its end.

One step follows the other on the same workspace: each rotates the key that the last one left.
"""

import json
import secrets
import subprocess

import pytest

from ferry import paths, signing
from ferry.cli import Cli


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


class Rotation:
    """A publisher whose one key signs everything, and who rotates it."""

    def __init__(self, server, admin, scratch):
        self.admin = admin
        self.cli = Cli(scratch / "alice", build=paths.plain_build_dir(), env={
            "MODELFERRY_URL": server.url(), "MODELFERRY_TOKEN": admin.token})
        for command in (["keys", "init", "--name", "alice"], ["root", "init"],
                        ["model", "create", "digits", "--key", "alice"],
                        ["model", "grant", "digits", "alice"],
                        ["publish", "digits@1.0.0", "--variant", "onnx/cpu/fp32",
                         paths.DATA / "digits-1.onnx"]):
            self.cli.run(*command)
        self.keys = self.cli.home / ".config/modelferry/keys"

    def rotate(self, *wrapper):
        return subprocess.run([*wrapper, self.cli.binary, "keys", "rotate", "alice", "--yes"],
                              env=self.cli.env, cwd=self.cli.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)

    def keyid(self):
        """Of the key that is in place, whose file is whole."""
        file = json.loads((self.keys / "alice.json").read_text())
        key = signing.Key(bytes.fromhex(file["secret"]["seed"]))
        assert file["key"] == key.object
        return key.keyid

    def in_force(self):
        """The keyids of all that people sign."""
        roles = {}
        for repository, role in (("image", "root"), ("director", "root"), ("image", "targets")):
            where = f"/api/v1/tuf/{repository}/roles/{role}"
            roles[repository, role] = self.admin.get(where).expect(200).json()["signed"]
        return {
            *roles["image", "root"]["roles"]["root"]["keyids"],
            *roles["image", "root"]["roles"]["targets"]["keyids"],
            *roles["director", "root"]["roles"]["root"]["keyids"],
            *(keyid for each in roles["image", "targets"]["delegations"]["roles"]
              for keyid in each["keyids"])}

    def step(self, number, when):
        """None where it ended before; else the name of the call."""
        tool = paths.build_dir() / "tests" / "e2e" / "crash_walk"
        killed = self.rotate(tool, when, str(number))
        if killed.returncode == 3:
            return None
        assert killed.returncode == 0, killed.stderr
        name = killed.stdout.split()[-1]
        self.keyid()
        assert not list(self.keys.glob("*.tmp")), f"killed at {when} of {number} ({name})"
        again = self.rotate()
        assert again.returncode == 0, f"killed at {when} of {number} ({name}): {again.stderr}"
        assert self.in_force() == {self.keyid()}, f"killed at {when} of {number} ({name})"
        assert not list(self.keys.glob("*.next"))
        return name


@pytest.fixture
def rotation(server, admin, scratch):
    return Rotation(server, admin, scratch)


def test_a_rotation_survives_kill_9_anywhere(rotation, record_property):
    names = []
    number = 1
    while True:
        before, after = rotation.step(number, "entry"), rotation.step(number, "exit")
        if before is None and after is None:
            break
        names += [name for name in (before, after) if name]
        number += 1
    record_property("kills", len(names))
    assert number > 30
    assert {"openat", "write", "fsync", "rename", "link", "sendto"} <= {
        name.replace("linkat", "link").replace("renameat2", "rename").replace("renameat", "rename")
        for name in names}
    rotation.cli.run("publish", "digits@1.1.0", "--variant", "onnx/cpu/fp32",
                     paths.DATA / "digits-1.onnx")
