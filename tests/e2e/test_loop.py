# SPDX-License-Identifier: Apache-2.0
"""The whole way, with the programs that people use: publish, deploy, install, report."""

import json
import random

import pytest

from ferry import models, signing
from ferry.agent import Agent
from ferry.proxy import Proxy
from ferry.wait import wait_until

INSTALLED = 60


@pytest.fixture
def keyed(cli):
    """The publisher's command line with a key and the model `digits`."""
    cli.run("keys", "init", "--name", "release")
    cli.run("model", "create", "digits", "--key", "release")
    return cli


@pytest.fixture
def operate(cli, operator):
    """The same command line as an operator."""
    return lambda *arguments, **options: cli.run(
        *arguments, env={"MODELFERRY_TOKEN": operator.token}, **options)


@pytest.fixture
def device_of(server, scratch, track, enrolment_token, keyed):
    """device_of("cam-1") -> an agent that trusts the publisher's key, enrolled, running."""
    trusted = scratch / "trusted.json"
    trusted.write_text(keyed.run("keys", "show", "release", "--json").out)

    def make(name, url=None, **more):
        agent = track(Agent(scratch / name, **more))
        agent.enroll(url or server.device_url(), enrolment_token(), name, (),
                     f"--trust={trusted}")
        return agent.start()

    return make


def model_file(scratch, version, size=300_000):
    path = scratch / f"model-{version}.onnx"
    path.write_bytes(models.onnx(random.Random(version).randbytes(size)))
    return path


def publish(cli, version, path):
    return cli.run("publish", f"digits@{version}", "--variant", "onnx/cpu/fp32",
                   f"model.onnx={path}")


def installed(agent, path):
    wait_until(lambda: agent.serves(path.read_bytes()), INSTALLED,
               lambda: f"'{path}' is not installed:\n{agent.log()[-4000:]}")


def reported(api, device, version):
    def seen():
        slot = api.get(f"/api/v1/devices/{device}").expect(200).json()["installed"].get("main")
        return slot and slot["state"] == "installed" and slot["version"] == version
    wait_until(seen, INSTALLED, f"no report of {version} by {device}")


def test_a_version_goes_from_publisher_to_report(keyed, operate, device_of, scratch, viewer):
    first, second = (model_file(scratch, version) for version in ("1.0.0", "1.1.0"))
    publish(keyed, "1.0.0", first)
    agent = device_of("cam-1")
    operate("deploy", "digits@1.0.0", "--device", "cam-1", "--wait", "--timeout", "60s")
    installed(agent, first)
    reported(viewer, "cam-1", "1.0.0")

    publish(keyed, "1.1.0", second)
    operate("deploy", "digits@1.1.0", "--device", "cam-1", "--wait", "--timeout", "60s")
    installed(agent, second)
    reported(viewer, "cam-1", "1.1.0")
    assert (agent.slot() / "previous" / "model.onnx").read_bytes() == first.read_bytes()

    reports = viewer.get("/api/v1/devices/cam-1/reports").expect(200).json()["items"]
    assert len(reports) >= 2


def test_what_the_server_stores_is_what_was_signed(keyed, scratch, viewer):
    path = model_file(scratch, "1.0.0")
    publish(keyed, "1.0.0", path)
    envelope = viewer.get("/api/v1/models/digits/versions/1.0.0/manifest").expect(200).json()
    key = json.loads(keyed.run("keys", "show", "release", "--json").out)["key"]
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["keyval"]["public"]))
    public.verify(bytes.fromhex(envelope["signatures"][0]["sig"]),
                  signing.canonical(envelope["signed"]))
    artifact = envelope["signed"]["variants"][0]["artifacts"][0]
    assert artifact["hashes"]["sha256"] == signing.sha256(path.read_bytes())


def test_a_draft_reaches_no_device_until_it_is_signed(keyed, operate, device_of, scratch, viewer):
    path = model_file(scratch, "2.0.0")
    keyed.run("publish", "digits@2.0.0", "--draft", "--variant", "onnx/cpu/fp32",
              f"model.onnx={path}")
    agent = device_of("cam-1")
    operate("deploy", "digits@2.0.0", "--device", "cam-1", status=1)
    assert agent.current() is None
    keyed.run("sign", "digits@2.0.0", "--yes")
    operate("deploy", "digits@2.0.0", "--device", "cam-1", "--wait", "--timeout", "60s")
    installed(agent, path)
    reported(viewer, "cam-1", "2.0.0")


def test_a_device_that_does_not_trust_the_publisher_refuses(keyed, operate, server, scratch, track,
                                                            enrolment_token, viewer):
    """The server accepted the version; the device was told to trust somebody else."""
    publish(keyed, "1.0.0", model_file(scratch, "1.0.0"))
    agent = track(Agent(scratch / "cam-1"))
    agent.enroll(server.device_url(), enrolment_token(), "cam-1", [signing.Key()])
    agent.start()
    operate("deploy", "digits@1.0.0", "--device", "cam-1", "--wait", "--timeout", "60s", status=1)
    slot = viewer.get("/api/v1/devices/cam-1").expect(200).json()["installed"]["main"]
    assert slot["state"] == "failed"
    assert slot["error"]["code"] == "arbitrary-software"
    assert agent.current() is None


def test_two_instances_either_may_die(keyed, operate, server, add_server, device_of, scratch,
                                      viewer):
    """Behind one address: the instance that the device hangs on is killed in mid-service."""
    other = add_server()
    first, second, third = (model_file(scratch, f"1.{n}.0") for n in range(3))
    with Proxy(other.device_port) as front:
        agent = device_of("cam-1", url=f"http://127.0.0.1:{front.port}")
        publish(keyed, "1.0.0", first)
        operate("deploy", "digits@1.0.0", "--device", "cam-1")  # set on one, held by the other
        installed(agent, first)

        publish(keyed, "1.1.0", second)
        front.retarget(server.device_port)
        other.kill()
        operate("deploy", "digits@1.1.0", "--device", "cam-1")
        installed(agent, second)
        reported(viewer, "cam-1", "1.1.0")

        other.stop()
        other.start()
        front.retarget(other.device_port)
        front.cut_all()
        publish(keyed, "1.2.0", third)
        operate("deploy", "digits@1.2.0", "--device", "cam-1")
        installed(agent, third)
        reported(viewer, "cam-1", "1.2.0")


@pytest.mark.slow
def test_a_device_that_is_cut_off_again_and_again_catches_up(keyed, operate, server, device_of,
                                                             scratch, viewer):
    """Every connection is cut after 700 KiB, twenty times; the download goes on where it was."""
    path = model_file(scratch, "3.0.0", 8 << 20)
    publish(keyed, "3.0.0", path)
    with Proxy(server.device_port) as line:
        agent = device_of("cam-1", url=f"http://127.0.0.1:{line.port}")
        line.cut_after, line.cut_times = 700 << 10, 20
        operate("deploy", "digits@3.0.0", "--device", "cam-1")
        installed(agent, path)
        reported(viewer, "cam-1", "3.0.0")
        assert line.cuts >= 8
        assert line.bytes_from_target < 3 * path.stat().st_size


def test_a_device_that_was_off_gets_only_the_newest(keyed, operate, device_of, scratch, viewer):
    agent = device_of("cam-1")
    agent.stop()
    paths = [model_file(scratch, f"1.{n}.0") for n in range(3)]
    for number, path in enumerate(paths):
        publish(keyed, f"1.{number}.0", path)
        operate("deploy", f"digits@1.{number}.0", "--device", "cam-1")
    agent.start()
    installed(agent, paths[-1])
    reported(viewer, "cam-1", "1.2.0")
    reports = viewer.get("/api/v1/devices/cam-1/reports").expect(200).json()["items"]
    assert len(reports) == 1


def test_a_killed_agent_goes_on(keyed, operate, device_of, scratch, viewer):
    paths = [model_file(scratch, f"1.{n}.0") for n in range(3)]
    agent = device_of("cam-1")
    for number, path in enumerate(paths):
        publish(keyed, f"1.{number}.0", path)
        agent.kill()
        operate("deploy", f"digits@1.{number}.0", "--device", "cam-1")
        agent.start()
        installed(agent, path)
        reported(viewer, "cam-1", f"1.{number}.0")
        if number:
            assert (agent.slot() / "previous" / "model.onnx").read_bytes() == (
                paths[number - 1].read_bytes())


def test_a_revoked_device_gets_nothing_more(keyed, operate, device_of, scratch, viewer):
    path = model_file(scratch, "1.0.0")
    publish(keyed, "1.0.0", path)
    agent = device_of("cam-1")
    operate("deploy", "digits@1.0.0", "--device", "cam-1", "--wait", "--timeout", "60s")
    operate("device", "revoke", "cam-1")
    wait_until(lambda: viewer.get("/api/v1/devices/cam-1").json()["state"] == "revoked", 20)
    installed(agent, path)  # what it runs, it goes on running
    agent.wait_log(r"401|revoked|unauthenticated|refused", 30)
