# SPDX-License-Identifier: Apache-2.0
"""A yank takes effect at once: devices that shall run the version hear of it by push, install it no
more, and where it serves already it goes on and that is said."""

import pytest

from ferry.hostile import silence
from ferry.scene import LAST, NEW, OLD, content, path_of
from ferry.signing import sha256
from ferry.wait import wait_until

METADATA = r"/tuf/|/device/v1/(director|bundle)"


@pytest.fixture
def version(workshop, request):
    """One to be yanked, that no other test uses."""
    made = f"2.0.{len(workshop.published)}"
    workshop.publish(made)
    return made


def withdrawn(scene):
    return [each[2] for each in scene.detected() if each[0] == "withdrawn"]


def test_devices_hear_of_it_at_once(scene, version):
    scene.order(version)
    scene.agent.configure({"sync": {"poll_interval": "1h"}})
    scene.agent.start()
    wait_until(lambda: scene.serves(version))
    scene.workshop.alice.run("yank", f"digits@{version}", "--yes")
    wait_until(lambda: withdrawn(scene) == [path_of(version, None)])
    assert scene.serves(version), "what serves goes on"
    assert scene.view()["installed"]["main"]["state"] == "installed"
    scene.order(LAST)
    wait_until(lambda: scene.serves(LAST) and scene.detected() == [])


def test_a_device_that_was_away_installs_it_no_more(scene, version):
    scene.order(version)
    scene.workshop.alice.run("yank", f"digits@{version}", "--yes")
    scene.refused("unlisted", rf"digits/{version}/.*", "image")
    scene.recovers()


def test_an_installation_that_is_under_way_ends(scene, version):
    """The bytes do not come, the yank does."""
    digest = sha256(content(version, "model.onnx"))
    scene.hostile.fault(f"/artifacts/{digest}", silence)
    scene.order(version)
    scene.agent.configure({"server": {"low_speed_timeout": "5m"}})
    scene.agent.start()
    wait_until(lambda: scene.hostile.asked("/artifacts/"))
    scene.workshop.alice.run("yank", f"digits@{version}", "--yes")
    wait_until(lambda: any(each[0] == "unlisted" for each in scene.detected()))
    assert scene.serves(OLD)


def test_other_devices_are_left_alone(scene, version):
    scene.agent.start()
    state = scene.workshop.server.device(scene.token()).get("/device/v1/state").expect(200)
    scene.workshop.alice.run("yank", f"digits@{version}", "--yes")
    again = scene.workshop.server.device(scene.token()).get(
        "/device/v1/state", headers={"If-None-Match": state.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("mode", ["poll", "longpoll", "events"])
def test_who_has_no_news_asks_for_no_metadata(scene, mode):
    """However often it polls: metadata is refreshed when something changes or is about to expire."""
    scene.agent.configure({"sync": {"mode": mode, "poll_interval": "100ms", "long_poll": "1s"}})
    scene.agent.start()
    scene.order(NEW)
    wait_until(lambda: scene.serves(NEW) and scene.view()["installed"]["main"]["version"] == NEW)
    before = len(scene.hostile.asked(METADATA))
    asked = len(scene.hostile.asked("/device/v1/(state|events)"))
    assert before > 0
    if mode == "events":
        scene.workshop.api.post("/api/v1/desired", {"devices": [scene.name], "slot": "main",
                                                    "model": "digits", "version": NEW}).expect(200)
    else:
        wait_until(lambda: len(scene.hostile.asked("/device/v1/state")) > asked + 3)
    assert len(scene.hostile.asked(METADATA)) == before
