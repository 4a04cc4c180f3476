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
    def deploy(version, device="cam-1", status=200, **more):
        return operator.post("/api/v1/desired", {
            "devices": [device], "slot": "main", "model": "digits", "version": version, **more},
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


def test_reloads_by_the_rule_that_the_operator_names(alice, agent, deploy, scratch, operator):
    """Of the two that the device's owner configured; unnamed it is the first."""
    restarted = agent.directory / "restarted"
    agent.configure({"slot": {"reload": ["main: watch", f"main: restart echo x >>{restarted}"]}})

    def reported():
        agent.call("run", "--once")
        shown = operator.get("/api/v1/devices/cam-1").json()
        assert shown["detected"] == []
        return shown["installed"]["main"]["version"], shown["installed"]["main"]["reload"]

    publish(alice, "1.0.0", FIRST, scratch)
    publish(alice, "1.1.0", SECOND, scratch)
    deploy("1.0.0")
    assert reported() == ("1.0.0", "watch")
    deploy("1.1.0", reload="restart")
    assert not restarted.exists()
    assert reported() == ("1.1.0", "restart")
    assert restarted.read_text() == "x\n"
    deploy("1.0.0")
    assert reported() == ("1.0.0", "watch")
    deploy("1.0.0", reload="restart")  # what runs already is not switched again
    agent.call("run", "--once")
    assert restarted.read_text() == "x\n" and agent.serves(FIRST)


def test_says_that_it_has_no_rule_for_what_is_named(alice, agent, deploy, scratch, operator):
    """The update comes all the same, and goes by the device's own rule."""
    publish(alice, "1.0.0", FIRST, scratch)
    deploy("1.0.0", reload="signal")
    agent.call("run", "--once")
    assert agent.serves(FIRST)
    shown = operator.get("/api/v1/devices/cam-1").json()
    assert shown["installed"]["main"]["reload"] == "watch"
    assert [(each["check"], each["repository"]) for each in shown["detected"]] == [
        ("wrong-reload", "director")]
    agent.call("run", "--once")
    assert len(operator.get("/api/v1/devices/cam-1").json()["detected"]) == 1, "while it stands"
    deploy("1.0.0")
    agent.call("run", "--once")
    assert operator.get("/api/v1/devices/cam-1").json()["detected"] == []
