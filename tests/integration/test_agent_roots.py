# SPDX-License-Identifier: Apache-2.0
"""The agent that trusts roots, with the real server: director and image repository must agree."""

import json
import secrets

import pytest

from ferry import paths, signing
from ferry.agent import Agent
from ferry.cli import Cli
from ferry.wait import wait_until

FIRST = (paths.DATA / "digits-1.onnx").read_bytes()
SECOND = (paths.DATA / "digits-2.onnx").read_bytes()


@pytest.fixture
def server_options(scratch):
    path = scratch / "master.key"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return {"keys": {"master_file": path}}


@pytest.fixture
def alice(server, admin, scratch):
    """An administrator who has made the roots, and publishes 'digits'."""
    cli = Cli(scratch / "alice", env={"MODELFERRY_URL": server.url(),
                                      "MODELFERRY_TOKEN": admin.token})
    cli.run("keys", "init", "--name", "alice")
    cli.run("root", "init")
    cli.run("model", "create", "digits", "--key", "alice")
    cli.run("model", "grant", "digits", "alice")
    cli.roots = scratch / "roots.json"
    cli.run("root", "export", "-o", cli.roots)
    return cli


def publish(cli, version, data, scratch):
    path = scratch / "model.onnx"
    path.write_bytes(data)
    return cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32", path)


@pytest.fixture
def agent(server, scratch, track, enrolment_token, alice):
    """One that is enrolled and trusts the roots; not running."""
    agent = track(Agent(scratch / "cam-1"))
    agent.enroll(server.device_url(), enrolment_token(), "cam-1", root=alice.roots)
    return agent


@pytest.fixture
def deploy(operator):
    def deploy(version, device="cam-1", status=200):
        return operator.post("/api/v1/desired", {
            "devices": [device], "slot": "main", "model": "digits", "version": version},
        ).expect(status)
    return deploy


def test_installs_what_both_agree_on(alice, agent, deploy, scratch, operator):
    publish(alice, "1.0.0", FIRST, scratch)
    deploy("1.0.0")
    agent.call("run", "--once")
    assert agent.serves(FIRST)
    agent.start()
    publish(alice, "1.1.0", SECOND, scratch)
    deploy("1.1.0")
    wait_until(lambda: agent.serves(SECOND))
    assert agent.status()["detected"] == []
