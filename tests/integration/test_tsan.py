# SPDX-License-Identifier: Apache-2.0
"""The server under ThreadSanitizer: whatever may run at the same time, does."""

import os
import pathlib
import subprocess
import threading

import pytest

from ferry import signing
from ferry.process import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-tsan"
UNIT_TESTS = ("work/test_work_pool", "http/test_http_ring", "http/test_http_waker",
              "http/test_http_exchange", "http/test_http_admission")

DEVICES = 8
ROUNDS = 6

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tsan_build():
    """A build of its own, kept for the next time."""
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, "-Db_sanitize=thread", "-Db_lundef=false",
                        "-Dclient=disabled", "-Dcli=disabled"], cwd=ROOT, check=True,
                       capture_output=True)
    targets = ["server/modelferryd", *(f"tests/unit/{name}" for name in UNIT_TESTS)]
    done = subprocess.run(["ninja", "-C", BUILD, *targets], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return BUILD


@pytest.mark.parametrize("name", UNIT_TESTS)
def test_unit_tests_have_no_race(tsan_build, name):
    done = subprocess.run([tsan_build / "tests" / "unit" / name], env=environment(),
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "ThreadSanitizer" not in done.stderr, done.stderr[-8000:]


class Crowd:
    """Threads that all have to end well."""

    def __init__(self):
        self.threads = []
        self.errors = []

    def add(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except BaseException as error:  # pylint: disable=broad-except
                self.errors.append(f"{work.__name__}{arguments}: {error!r}")
        self.threads.append(threading.Thread(target=run))

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        assert not self.errors, "\n".join(self.errors)


@pytest.fixture
def server(make_server, tsan_build):
    return make_server({"push": {"sweep_interval": "500ms", "seen_interval": "200ms"},
                        "device": {"heartbeat": "1s"}}, build=tsan_build)


def test_everything_at_once_has_no_race(server, publish, publisher, operator, viewer, enroll):
    versions = [publish(version=f"1.0.{number}", data=os.urandom(100_000 + number))
                for number in range(2)]
    devices = [enroll(f"device-{number}") for number in range(DEVICES)]
    # newer streams of a device take the place of older ones: these have nothing else to do
    leavers = [enroll(f"leaver-{number}") for number in range(3)]

    def follow(device):
        with device.events() as stream:
            for _ in range(ROUNDS):
                stream.next("state")

    def poll(device):
        etag = None
        for _ in range(ROUNDS * 5):
            reply = device.state(etag=etag, wait=1 if etag else None).expect(200, 304)
            etag = reply.header("ETag")

    def report(device):
        for sequence in range(1, ROUNDS * 3):
            device.report(sequence, {"main": {"state": "installed", "model": "digits",
                                              "version": "1.0.0", "variant": "raw/cpu/fp32",
                                              "manifest_sha256": signing.sha256(b"x")}})

    def assign():
        for number in range(ROUNDS * 4):
            operator.post("/api/v1/desired", {
                "devices": "all", "slot": "main", "model": "digits",
                "version": versions[number % 2].version}).expect(200)

    def upload(number):
        for _ in range(ROUNDS):
            data = os.urandom(300_000 + number)
            publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)

    def download(device):
        for number in range(ROUNDS * 2):
            version = versions[number % 2]
            reply = device.get(f"/device/v1/artifacts/{version.sha256}").expect(200)
            assert reply.body == version.data

    def look():
        for _ in range(ROUNDS * 4):
            server.api().get("/metrics").expect(200)
            viewer.get("/api/v1/devices?online=true").expect(200)
            server.device("mfd_wrong").get("/device/v1/state").expect(401)
            server.reload()

    def leave(device):
        for _ in range(ROUNDS * 2):
            with device.events() as stream:
                stream.next()

    crowd = Crowd()
    for device in devices:
        crowd.add(follow, device)
        crowd.add(poll, device)
    crowd.add(report, devices[0])
    crowd.add(assign)
    crowd.add(look)
    for number in range(3):
        crowd.add(upload, number)
        crowd.add(download, devices[number])
        crowd.add(leave, leavers[number])
    crowd.run()
    # streams that are open while the server stops
    open_streams = [device.events() for device in devices]
    server.stop()
    for stream in open_streams:
        stream.close()
    server.expect_death = True
