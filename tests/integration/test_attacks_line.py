# SPDX-License-Identifier: Apache-2.0
"""Attacks on the line: answers that never end, come a byte a second, are cut, or do not come; a
server that is away for a month; a device that is killed at any step. Who does this has no key.
"""

import re
import shutil
import signal

import pytest

from ferry import hostile, paths
from ferry.process import Process
from ferry.scene import LAST, NEW, OLD, REPOSITORIES
from ferry.wait import wait_until

STATE, BUNDLE = "/device/v1/state", "/device/v1/bundle"
MANIFEST, ARTIFACT = "/device/v1/manifests/", "/device/v1/artifacts/"
REPORTS = "/device/v1/reports"
FRAMING = pytest.mark.parametrize("framing", ["length", "chunked", "close"])

# What is asked for, what it is called in a report, and whose it is.
METADATA = [("director/timestamp.json", "timestamp.json", "director"),
            (r"director/\d+.snapshot.json", "snapshot.json", "director"),
            (r"director/\d+.targets.json", "targets.json", "director"),
            (r"director/\d+.root.json", "root.json", "director"),
            ("metadata/timestamp.json", "timestamp.json", "image"),
            (r"metadata/\d+.snapshot.json", "snapshot.json", "image"),
            (r"metadata/\d+.targets.json", "targets.json", "image"),
            (r"metadata/\d+.model-digits.json", "model-digits.json", "image"),
            (r"metadata/\d+.root.json", "root.json", "image")]
FILES = [(STATE, "state", None), (MANIFEST, r"digits/1\.1\.0/manifest\.json", None),
         (ARTIFACT, r"digits/1\.1\.0/.*", None)]


def asked(rows):
    return pytest.mark.parametrize("path, file, repository", rows,
                                   ids=[re.sub(r"\W|\\d\+\.", "-", row[0]) for row in rows])


@pytest.fixture
def scene(scene):
    """Has an update waiting; every metadata file of it is a new one."""
    scene.order(NEW)
    return scene


@pytest.fixture
def file_by_file(scene):
    """There is no bundle to be had, and every file of the image repository is another too."""
    scene.hostile.bundled = False
    for repository in REPOSITORIES:
        scene.workshop.new_online_key(repository)
    scene.workshop.sign_all_anew()
    return scene


# ---- endless data ---------------------------------------------------------------------------------


@FRAMING
@asked(FILES)
def test_reads_no_more_than_it_must(scene, path, file, repository, framing):
    scene.hostile.fault(path, hostile.endless(framing))
    scene.refused("endless-data|wrong-bytes", file, repository)
    assert sum(each.stat().st_size for each in scene.agent.state.rglob("*")) < 1 << 20
    scene.recovers()


@FRAMING
def test_a_bundle_without_end_is_left(scene, framing):
    """The files are to be had one by one: it says what happened, and updates."""
    scene.hostile.fault(BUNDLE, hostile.endless(framing))
    done = scene.once(status=None)
    assert "refused: endless-data: bundle" in done.stderr
    assert ("endless-data", None, "bundle") in [each[:3] for each in scene.detected()]
    assert scene.serves(NEW)
    scene.recovers()


@asked(METADATA)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_reads_no_more_metadata_than_it_must(file_by_file, path, file, repository, framing):
    file_by_file.hostile.fault(path, hostile.endless(framing))
    file_by_file.refused("endless-data", file, repository)
    file_by_file.recovers()


def test_roots_without_end_are_not_followed_for_ever(scene):
    """Each is properly signed and the next of the one before: a thief of root keys has time."""
    thief = scene.thief("director")
    for _ in range(300):
        thief.issue("root")
    scene.hostile.bundled = False
    scene.lie("director", thief)
    scene.once(status=None)
    assert len(scene.hostile.asked(r"director/\d+.root.json")) <= 300
    assert scene.serves(OLD) or scene.serves(NEW)


@pytest.mark.parametrize("path", [REPORTS, "/device/v1/attributes"])
def test_answers_to_what_it_sends_are_bounded_too(scene, path):
    scene.hostile.fault(path, hostile.endless("chunked"))
    scene.once(status=None)
    assert scene.serves(NEW), "a report is no reason not to update"
    scene.recovers()


# ---- slow retrieval -------------------------------------------------------------------------------


@asked([*FILES, METADATA[0], METADATA[6]])
@pytest.mark.parametrize("how", ["trickle", "trickle_body", "silence"])
def test_gives_up_on_a_byte_a_second(file_by_file, path, file, repository, how):
    file_by_file.hostile.fault(path, getattr(hostile, how))
    file_by_file.refused("slow-retrieval", file, repository)
    file_by_file.recovers()


def test_a_bundle_a_byte_a_second_is_left(scene):
    scene.hostile.fault(BUNDLE, hostile.trickle_body)
    done = scene.once(status=None)
    assert "refused: slow-retrieval: bundle" in done.stderr
    assert scene.serves(NEW)
    scene.recovers()


# ---- dropped requests -----------------------------------------------------------------------------

DROPS = {"500": hostile.status(500), "503": hostile.status(503), "reset": hostile.reset,
         "cut": hostile.cut(20)}


@asked([*FILES, METADATA[0], METADATA[1], METADATA[4], METADATA[7]])
@pytest.mark.parametrize("drop", DROPS)
def test_a_request_that_was_dropped_costs_nothing_but_time(file_by_file, path, file, repository,
                                                           drop):
    file_by_file.hostile.fault(path, DROPS[drop])
    file_by_file.refused("unreachable", file, repository)
    file_by_file.recovers()


@pytest.mark.parametrize("drop", DROPS)
def test_without_a_bundle_it_asks_file_by_file(scene, drop):
    scene.hostile.fault(BUNDLE, DROPS[drop])
    scene.once(status=None)
    assert scene.serves(NEW)
    scene.recovers()


@pytest.mark.parametrize("drop", DROPS)
def test_a_report_that_was_dropped_is_told_later(scene, drop):
    """What was found wrong is in the server's list of reports, in order, once there is a line."""
    scene.hostile.fault(REPORTS, DROPS[drop])
    scene.hostile.fault("director/timestamp.json", hostile.status(500))
    scene.hostile.bundled = False
    scene.once(status=1)
    assert scene.serves(OLD)
    scene.recovers()
    assert ["unreachable"] in [[each["check"] for each in report["detected"]]
                               for report in scene.reports()]


def test_nobody_answers(scene):
    scene.hostile.down()
    done = scene.once(status=1)
    assert "cannot get the desired state" in done.stderr
    assert scene.serves(OLD)
    scene.hostile.up()
    scene.recovers()
    assert any("unreachable" in [each["check"] for each in report["detected"]]
               for report in scene.reports())


def test_no_name_server(scene):
    scene.agent.configure({"server": {"url": "http://ferry.invalid:1"}})
    scene.once(status=1)
    assert scene.serves(OLD)
    scene.agent.configure({"server": {"url": scene.hostile.url()}})
    scene.recovers()


def test_a_running_agent_comes_back_by_itself(scene):
    """Away in the middle of everything, and there again."""
    scene.order(OLD)
    scene.agent.configure({"sync": {"poll_interval": "200ms"}})
    scene.agent.start()
    scene.agent.wait_log("following the server")
    scene.hostile.down()
    scene.agent.wait_log("trying again in")
    assert scene.serves(OLD)
    scene.order(LAST)
    scene.hostile.up()
    wait_until(lambda: scene.serves(LAST))
    wait_until(lambda: scene.detected() == [])


# ---- a month offline ------------------------------------------------------------------------------


def test_a_month_without_a_server_stops_nothing(scene, track):
    """All metadata has expired, nobody answers, agent and application are started anew."""
    scene.order(OLD)
    scene.hostile.down()
    scene.clock.days = 31
    scene.agent.start()
    scene.agent.wait_log("cannot get the desired state")
    application = track(Process(
        [paths.program("modelferry-example"), "--state-dir", scene.agent.state],
        scene.agent.directory / "application.log"))
    application.start()
    application.wait_log(rf"serving digits {re.escape(OLD)}")
    assert scene.serves(OLD)
    assert scene.agent.status()["slots"]["main"]["current"]["version"] == OLD
    scene.hostile.up()
    scene.clock.days = 0
    scene.order(LAST)
    application.wait_log(rf"serving digits {re.escape(LAST)}")
    wait_until(lambda: scene.detected() == [])
    scene.agent.stop()
    assert scene.serves(LAST)


def test_expired_metadata_stops_nothing(scene):
    """The server answers, and can sign no more: its keys are gone."""
    for repository in REPOSITORIES:
        scene.lie(repository, scene.loot(repository))
    scene.clock.days = 40
    scene.refused("freeze", "timestamp.json", "director", "expired")
    scene.agent.start()
    scene.agent.wait_log("refused: freeze|trying again")
    assert scene.serves(OLD)
    scene.agent.stop()
    scene.recovers()


def test_a_lost_metadata_directory_is_no_way_back_for_anybody(scene):
    """A disk that forgot everything starts at the pinned roots again."""
    shutil.rmtree(scene.agent.state / "metadata" / "director")
    shutil.rmtree(scene.agent.state / "metadata" / "image")
    scene.once()
    assert scene.serves(NEW)
    scene.recovers()


@pytest.mark.parametrize("damage", [b"", b"{", b"\0" * 5000, None])
@pytest.mark.parametrize("file", ["root", "timestamp", "snapshot", "targets", "model-digits"])
def test_damaged_metadata_mends_itself(scene, file, damage):
    """A file that a power loss left in pieces, or a directory in its place."""
    for repository in REPOSITORIES:
        path = scene.agent.state / "metadata" / repository / f"{file}.json"
        path.unlink(missing_ok=True)
        if damage is None:
            path.mkdir()
        else:
            path.write_bytes(damage)
    for _ in range(3):  # one repository is mended in each
        scene.once(status=None)
    assert scene.serves(NEW)
    scene.recovers()


# ---- kill -9 between steps ------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BUNDLE, MANIFEST, ARTIFACT, REPORTS, *[row[0] for row in METADATA]],
                         ids=lambda path: re.sub(r"\W|\\d\+\.", "-", path))
def test_killed_while_it_waits_for_an_answer(file_by_file, path):
    """Whatever it has got so far, the next start goes on, and a lie in between finds nothing."""
    scene = file_by_file
    scene.hostile.bundled = path == BUNDLE
    waiting = len(scene.hostile.asked(path))
    scene.hostile.fault(path, hostile.silence)
    scene.agent.configure({"server": {"low_speed_timeout": "60s"}})
    scene.agent.start()
    wait_until(lambda: len(scene.hostile.asked(path)) > waiting)
    scene.agent.signal(signal.SIGKILL)
    scene.agent.kill()
    assert scene.serves(NEW if path == REPORTS else OLD)
    scene.agent.configure({"server": {"low_speed_timeout": "1s"}})
    scene.hostile.clear()
    thief = scene.thief("director")
    thief.publish("targets")
    thief.issue("timestamp", signers=[])
    scene.lie("director", thief)
    scene.once(status=1)
    assert scene.serves(NEW if path == REPORTS else OLD)
    scene.recovers()
