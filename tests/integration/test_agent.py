# SPDX-License-Identifier: Apache-2.0
"""The agent against a server that lies, stalls and cuts: what it serves is always verified."""

import contextlib
import json
import os
import random
import subprocess

import pytest

from ferry import signing
from ferry.agent import Agent
from ferry.gateway import Gateway
from ferry.wait import wait_until

OLD = random.Random(1).randbytes(50_000)
NEW = random.Random(2).randbytes(300_000)


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


@pytest.fixture
def key():
    return signing.Key()


@pytest.fixture
def device(gateway, key, scratch, track):
    """device(options) -> an enrolled agent that trusts `key`, not running."""
    def make(options=None, name="cam-1", **more):
        agent = track(Agent(scratch / name, options, **more))
        agent.enroll(gateway.url(), "mfe_test", name, [key])
        return agent
    return make


@pytest.fixture
def agent(device):
    return device()


def once(agent, status=0, **options):
    return agent.call("run", "--once", status=status, **options)


@pytest.fixture
def serving(gateway, key, agent):
    """An agent that serves version 1.0.0, OLD; not running."""
    gateway.publish(key, "1.0.0", OLD)
    once(agent)
    assert agent.serves(OLD)
    return agent


def partial(agent):
    return [path.stat().st_size for path in (agent.state / "downloads").glob("*.part")]


def test_installs_and_reports(gateway, key, agent):
    gateway.publish(key, "1.0.0", OLD, files={"model.onnx": OLD, "labels.txt": b"0\n1\n"})
    once(agent)
    assert agent.serves(OLD) and agent.serves(b"0\n1\n", name="labels.txt")
    assert gateway.reported() == [("installed", "1.0.0", None)]
    gateway.publish(key, "1.1.0", NEW)
    once(agent)
    assert agent.serves(NEW)
    assert (agent.slot() / "previous" / "model.onnx").read_bytes() == OLD
    assert gateway.reports[-1]["slots"]["main"]["previous"] == {"model": "digits",
                                                                "version": "1.0.0"}
    assert list((agent.state / "downloads").iterdir()) == []
    assert list((agent.state / "spool").iterdir()) == []


@pytest.mark.parametrize("named, by, detected", [
    ("restart", "restart", []), ("notify", "watch", ["wrong-reload"]),
    ("dance", "watch", ["wrong-reload"]), (None, "watch", [])])
def test_reloads_by_a_rule_of_its_own(gateway, key, device, named, by, detected):
    """Whatever kind a server names: there is no rule but those of the device's owner."""
    agent = device({"slot": {"reload": ["main: watch", "main: restart true"]}})
    gateway.publish(key, "1.0.0", OLD)
    if named:
        gateway.state["slots"]["main"]["reload"] = named
    once(agent)
    assert agent.serves(OLD)
    installed = [each["slots"]["main"] for each in gateway.reports if each["slots"]]
    assert [each["reload"] for each in installed] == [by]
    once(agent)
    told = gateway.reports[-1]["detected"]
    assert [each["check"] for each in told] == detected
    assert all("manifest.json" in each["file"] for each in told)


def test_keeps_two_versions_and_no_more(gateway, key, agent):
    for number in range(4):
        gateway.publish(key, f"1.{number}.0", NEW + bytes([number]))
        once(agent)
    assert sorted(path.name[:5] for path in (agent.slot() / "versions").iterdir()) == [
        "1.2.0", "1.3.0"]


def test_does_nothing_twice(gateway, key, serving):
    before = len(gateway.requests)
    once(serving)
    assert not [path for _, path, _ in gateway.requests[before:] if "artifacts" in path]
    assert len(gateway.reports) == 1


def test_learns_of_a_change_by_push(gateway, key, serving):
    serving.start()
    serving.wait_log("following the server's events")
    gateway.publish(key, "1.1.0", NEW)
    wait_until(lambda: serving.serves(NEW))
    wait_until(lambda: gateway.reported()[-1] == ("installed", "1.1.0", None))


@pytest.mark.parametrize("mode", ["longpoll", "poll"])
def test_learns_of_a_change_without_events(gateway, key, device, mode):
    agent = device({"sync": {"mode": mode, "poll_interval": "200ms"}})
    agent.start()
    gateway.publish(key, "1.1.0", NEW)
    wait_until(lambda: agent.serves(NEW))


def test_falls_back_where_events_do_not_get_through(gateway, key, device):
    gateway.fail["/device/v1/events"] = 502
    agent = device()
    agent.start()
    agent.wait_log("following the server by longpoll")
    gateway.publish(key, "1.1.0", NEW)
    wait_until(lambda: agent.serves(NEW))


# ---- the line --------------------------------------------------------------------------------


def test_resumes_where_it_was_cut(gateway, key, serving):
    gateway.publish(key, "1.1.0", NEW)
    gateway.cut_after, gateway.cut_times = 100_000, 1
    once(serving, status=1)
    assert partial(serving) == [100_000]
    assert serving.serves(OLD)
    once(serving)
    assert serving.serves(NEW)
    ranges = [headers["Range"] for _, path, headers in gateway.requests
              if "artifacts" in path and "Range" in headers]
    assert ranges == ["bytes=100000-"]


def test_catches_up_by_itself_after_many_cuts(gateway, key, serving):
    gateway.cut_after, gateway.cut_times = 40_000, 5
    serving.start()
    gateway.publish(key, "1.1.0", NEW)
    wait_until(lambda: serving.serves(NEW))


def test_starts_over_where_ranges_are_ignored(gateway, key, serving):
    gateway.publish(key, "1.1.0", NEW)
    gateway.cut_after, gateway.cut_times, gateway.ignore_range = 100_000, 1, True
    once(serving, status=1)
    once(serving)
    assert serving.serves(NEW)


def test_does_not_believe_what_it_finds_in_a_part(gateway, key, serving):
    """A part that is damaged is found out at the end, dropped, and fetched anew."""
    gateway.publish(key, "1.1.0", NEW)
    part = serving.state / "downloads" / f"{signing.sha256(NEW)}.part"
    part.write_bytes(b"x" * 1000)
    once(serving, status=1)
    assert serving.serves(OLD)
    once(serving)
    assert serving.serves(NEW)


@pytest.mark.parametrize("where", ["state", "manifests", "artifacts"])
def test_waits_out_a_server_in_trouble(gateway, key, serving, where):
    gateway.fail[f"/device/v1/{where}"] = 503
    serving.start()
    gateway.publish(key, "1.1.0", NEW)
    serving.wait_log("trying again in")
    assert serving.serves(OLD)
    gateway.fail.clear()
    wait_until(lambda: serving.serves(NEW))


def test_honours_retry_after(gateway, key, serving):
    gateway.fail["/device/v1/state"] = 503
    gateway.retry_after = 1800
    serving.start()
    assert int(serving.wait_log(r"trying again in (\d+) ms").group(1)) >= 1800 * 1000


def test_starts_without_a_server(gateway, key, serving):
    """Offline is normal: the agent runs, serves what it has, and says so."""
    url = gateway.url()
    gateway.close()
    serving.start()
    serving.wait_log(f"cannot get the desired state: {url}")
    status = json.loads(serving.call("status", "--json").stdout)
    assert status["agent"]["online"] is False
    assert status["slots"]["main"]["current"]["version"] == "1.0.0"


def test_gives_up_on_a_trickle(gateway, key, device):
    agent = device({"server": {"low_speed_timeout": "1s", "low_speed_bytes": "1000"}})
    gateway.publish(key, "1.0.0", NEW)
    gateway.trickle = True
    agent.start()
    agent.wait_log("is not there yet: .*(too slow|[Ll]ess than)")
    gateway.trickle = False
    wait_until(lambda: agent.serves(NEW))


def test_reports_wait_and_arrive_in_order(gateway, key, serving):
    gateway.fail["/device/v1/reports"] = 503
    for number in (1, 2):
        gateway.publish(key, f"1.{number}.0", NEW + bytes([number]))
        once(serving, status=1)
    assert len(list((serving.state / "spool").iterdir())) == 2
    gateway.fail.clear()
    once(serving)
    assert [each[1] for each in gateway.reported()] == ["1.0.0", "1.1.0", "1.2.0"]
    sequences = [each["sequence"] for each in gateway.reports]
    assert sequences == sorted(set(sequences))


# ---- lies ------------------------------------------------------------------------------------


def refused(gateway, agent, code, tried_again=False):
    """Nothing was switched, the report says why, and it is not tried again for this state."""
    done = once(agent, status=1)
    assert agent.serves(OLD)
    assert gateway.reported()[-1][0] == "failed" and gateway.reported()[-1][2] == code
    count = len(gateway.reports)
    before = len(gateway.requests)
    once(agent, status=1)
    assert len(gateway.reports) == count, "reported twice"
    asked = [path for _, path, _ in gateway.requests[before:] if "manifests" in path]
    assert bool(asked) == tried_again
    assert agent.serves(OLD)
    return done


def test_refuses_what_nobody_trusted_signed(gateway, serving):
    gateway.publish(signing.Key(), "1.1.0", NEW)
    done = refused(gateway, serving, "arbitrary-software")
    assert "does not trust" in done.stderr


def test_refuses_what_is_not_signed(gateway, key, serving):
    manifest = signing.manifest("digits", "1.1.0", [signing.variant(
        [signing.artifact("model.onnx", NEW)])])
    gateway.assign({"signatures": [], "signed": manifest}, "1.1.0")
    refused(gateway, serving, "arbitrary-software")


def test_refuses_a_signature_over_something_else(gateway, key, serving):
    manifest = signing.manifest("digits", "1.1.0", [signing.variant(
        [signing.artifact("model.onnx", NEW)])])
    envelope = key.envelope(manifest)
    envelope["signed"]["variants"][0]["artifacts"][0]["length"] += 1
    gateway.assign(envelope, "1.1.0")
    refused(gateway, serving, "arbitrary-software")


@pytest.mark.parametrize("lie", [{"model": "other"}, {"version": "0.9.0"}, {"workspace": "acme"}])
def test_refuses_a_manifest_of_something_else(gateway, key, serving, lie):
    """A replayed manifest: properly signed, but not of what the state names."""
    said = {"model": "digits", "version": "1.1.0", "workspace": "default", **lie}
    manifest = signing.manifest(said["model"], said["version"], [signing.variant(
        [signing.artifact("model.onnx", NEW)])], workspace=said["workspace"])
    gateway.artifacts[signing.sha256(NEW)] = NEW
    gateway.assign(key.envelope(manifest), "1.1.0")
    refused(gateway, serving, "mix-and-match")


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "..", ".hidden", "a/b", "a\nb",
                                  ".version.json", ""])
def test_refuses_names_that_lead_elsewhere(gateway, key, serving, name):
    manifest = signing.manifest("digits", "1.1.0", [signing.variant(
        [signing.artifact(name, NEW)])])
    gateway.artifacts[signing.sha256(NEW)] = NEW
    gateway.assign(key.envelope(manifest), "1.1.0")
    refused(gateway, serving, "malformed")
    assert not list(serving.directory.rglob("*escaped*"))


def test_refuses_a_variant_that_is_not_there(gateway, key, serving):
    manifest = signing.manifest("digits", "1.1.0", [signing.variant(
        [signing.artifact("model.onnx", NEW)], hardware="npu")])
    gateway.assign(key.envelope(manifest), "1.1.0")
    refused(gateway, serving, "missing")


def test_refuses_other_bytes(gateway, key, serving):
    """Wrong bytes of the right length may be a bad line: tried again, reported once."""
    gateway.publish(key, "1.1.0", NEW)
    gateway.artifacts[signing.sha256(NEW)] = NEW[:-1] + b"\0"
    refused(gateway, serving, "wrong-bytes", tried_again=True)
    gateway.artifacts[signing.sha256(NEW)] = NEW
    once(serving)
    assert serving.serves(NEW)


@pytest.mark.parametrize("change", [b"longer", None])
def test_refuses_another_length(gateway, key, serving, change):
    gateway.publish(key, "1.1.0", NEW)
    gateway.artifacts[signing.sha256(NEW)] = NEW + change if change else NEW[:1000]
    once(serving, status=1)
    assert serving.serves(OLD)
    gateway.artifacts[signing.sha256(NEW)] = NEW
    once(serving)
    assert serving.serves(NEW)


def test_refuses_a_manifest_with_other_bytes(gateway, key, serving):
    sha256 = gateway.publish(key, "1.1.0", NEW)
    gateway.manifests[sha256] = gateway.manifests[sha256].replace(b"1.1.0", b"1.1.1")
    refused(gateway, serving, "wrong-bytes", tried_again=True)


@pytest.mark.parametrize("state", [
    b"", b"{", b"[]", b'{"version":"7","slots":{}}', b'{"version":9}',
    b'{"version":9,"slots":{"../x":{}}}', b'{"version":9,"slots":{"main":{"model":"digits"}}}',
    b'{"version":9,"slots":{},"slots":{}}', b"\xff" * 100, b'{"a":' * 5000],
    ids=lambda state: state[:12].decode("latin-1"))
def test_survives_a_malformed_state(gateway, key, serving, state):
    gateway._get_state = lambda request: gateway._reply(request, 200, state)
    done = once(serving, status=1)
    assert "malformed" in done.stderr
    assert serving.serves(OLD)


def test_a_new_state_is_tried_after_a_failure(gateway, key, serving):
    gateway.publish(signing.Key(), "1.1.0", NEW)
    once(serving, status=1)
    gateway.publish(key, "1.1.0", NEW)
    once(serving)
    assert serving.serves(NEW)
    assert gateway.reported()[-1] == ("installed", "1.1.0", None)


def test_going_back_needs_no_download(gateway, key, serving):
    gateway.publish(key, "1.1.0", NEW)
    once(serving)
    before = len(gateway.requests)
    gateway.publish(key, "1.0.0", OLD)
    once(serving)
    assert serving.serves(OLD)
    assert (serving.slot() / "previous" / "model.onnx").read_bytes() == NEW
    assert not [path for _, path, _ in gateway.requests[before:] if "artifacts" in path]


def test_bytes_that_are_there_are_not_fetched_again(gateway, key, serving):
    before = len(gateway.requests)
    gateway.publish(key, "1.1.0", NEW, files={"weights.onnx": OLD, "labels.txt": b"a"})
    gateway.publish(key, "5.0.0", OLD, slot="second", model="digits")
    once(serving)
    assert serving.serves(OLD, name="weights.onnx") and serving.serves(OLD, slot="second")
    fetched = [path for _, path, _ in gateway.requests[before:] if "artifacts" in path]
    assert fetched == [f"/device/v1/artifacts/{signing.sha256(b'a')}"]


def test_damaged_bytes_on_the_device_are_fetched_again(gateway, key, serving):
    model = serving.current() / "model.onnx"
    model.chmod(0o644)
    model.write_bytes(b"x" * len(OLD))
    gateway.publish(key, "1.1.0", OLD, name="again.onnx")
    once(serving)
    assert serving.serves(OLD, name="again.onnx")


def test_a_slot_that_is_no_longer_asked_for_goes_on(gateway, key, serving):
    gateway.unassign()
    once(serving)
    assert serving.serves(OLD)
    assert gateway.reported()[-1] == ("removed", "1.0.0", None)
    once(serving)
    assert len(gateway.reports) == 2
    gateway.publish(key, "1.0.0", OLD)
    once(serving)
    assert gateway.reported()[-1] == ("installed", "1.0.0", None)


# ---- the device ------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_model(gateway, key, serving):
    """No file may grow beyond 100,000 bytes: as good as full, for a model of 300,000."""
    gateway.publish(key, "1.1.0", NEW)
    limited = subprocess.run(
        ["prlimit", "--fsize=100000", serving.binary, "run", "--once",
         f"--config={serving.config_file}"],
        env=serving.env, capture_output=True, text=True, timeout=60, check=False)
    assert limited.returncode == 1, limited.stderr
    assert "free some space" in limited.stderr
    assert serving.serves(OLD)
    assert gateway.reported()[-1] == ("failed", "1.1.0", "disk-full")
    assert partial(serving) == []
    once(serving)
    assert serving.serves(NEW)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small tmpfs")
def test_a_full_filesystem_is_reported_and_recovered_from(gateway, key, device, scratch):
    mount = scratch / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k,nr_inodes=1000",
                    "tmpfs", str(mount)], check=True)
    try:
        agent = device({"agent": {"state_dir": mount / "state"}}, name="small-1")
        agent.state = mount / "state"
        gateway.publish(key, "1.0.0", OLD)
        once(agent)
        filler = mount / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        gateway.publish(key, "1.1.0", NEW)
        agent.start()
        agent.wait_log("free some space")
        wait_until(lambda: gateway.reported()[-1] == ("failed", "1.1.0", "disk-full"))
        assert agent.serves(OLD)
        filler.unlink()
        wait_until(lambda: agent.serves(NEW))
        wait_until(lambda: gateway.reported()[-1] == ("installed", "1.1.0", None))
        agent.stop()
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_one_agent_a_directory(gateway, serving):
    serving.start()
    serving.wait_log("serves from")
    assert "another agent runs" in once(serving, status=1).stderr


def test_says_what_to_do_when_not_enrolled(scratch, track):
    agent = Agent(scratch / "new")
    assert "modelferry-agent enroll" in once(agent, status=1).stderr


def test_enrolment_needs_a_publisher_to_trust(gateway, scratch):
    agent = Agent(scratch / "new")
    done = agent.call("enroll", f"--url={gateway.url()}", "--token=mfe_x", "--name=cam-9", status=1)
    assert "--trust KEYFILE" in done.stderr
    assert not (agent.state / "identity" / "device.json").exists()


def test_secrets_are_for_the_agent_only(agent):
    identity = agent.state / "identity"
    assert identity.stat().st_mode & 0o777 == 0o700
    for name in ("key.json", "device.json"):
        assert (identity / name).stat().st_mode & 0o777 == 0o600


def test_enrolling_again_keeps_the_key(gateway, key, agent):
    before = (agent.state / "identity" / "key.json").read_bytes()
    gateway.tokens.append("mfd_second")
    agent.enroll(gateway.url(), "mfe_test", "cam-1", [key])
    assert (agent.state / "identity" / "key.json").read_bytes() == before
    once(agent)
    assert gateway.requests[-1][2]["Authorization"] == "Bearer mfd_second"


def test_exchanges_an_old_token(gateway, key, device):
    agent = device({"sync": {"token_rotation": "1ms"}})
    once(agent)
    assert gateway.tokens[-1] != "mfd_first"
    known = len(gateway.tokens)
    once(agent)
    states = [headers["Authorization"] for _, path, headers in gateway.requests
              if path.startswith("/device/v1/state")]
    assert states[-1] == f"Bearer {gateway.tokens[known - 1]}"


def test_tells_the_server_what_it_is_where_that_changed(gateway, key, agent):
    once(agent)
    assert not [1 for method, path, _ in gateway.requests if path == "/device/v1/attributes"]
    agent.configure({"device": {"attribute": "board=rpi5"}})
    puts = []
    original = gateway._failed
    gateway._put = lambda request: puts.append(request)
    once(agent)
    gateway._failed = original
    facts = json.loads((agent.state / "metadata" / "facts.json").read_text())
    assert facts["attributes"] == {"board": "rpi5"}


# ---- slots that are desired no more -------------------------------------------------------------


def test_a_slot_that_is_desired_no_more_gives_its_disk_back(gateway, key, device):
    """Not the model that a process has open; the other slot stays as it is."""
    agent = device({"slot": {"reclaim_after": "400ms"}})
    gateway.publish(key, "1.0.0", OLD)
    gateway.publish(key, "2.0.0", NEW, slot="other")
    agent.start()
    wait_until(lambda: agent.serves(OLD) and agent.serves(NEW, "other"), what=agent.log)
    with open(agent.slot() / "current" / "model.onnx", "rb"):
        gateway.unassign("main")
        agent.wait_log("slot 'main' is desired no more, but an application uses it")
        assert agent.serves(OLD)
    wait_until(lambda: not agent.slot().exists(), what=agent.log)
    assert agent.serves(NEW, "other")
    gateway.publish(key, "1.0.0", OLD)
    wait_until(lambda: agent.serves(OLD), what=agent.log)
