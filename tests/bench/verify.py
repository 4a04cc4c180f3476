# SPDX-License-Identifier: Apache-2.0
"""verify [SECONDS]: what it costs to believe nobody. Signatures a second as metadata is verified,
each scheme beside the raw speed of the library below it (libsodium, OpenSSL). Then the metadata
refresh of a device in requests, bytes and CPU time of its agent: idle, after a change of what it
should run, after a change and a publication; in one bundle, and file by file."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import benchlib
from ferry import paths
from ferry.agent import Agent
from ferry.hostile import Hostile
from ferry.wait import wait_until

ROUNDS = 5
CHANGES = 20
PUBLICATIONS = 5
POLLS = 10
METADATA = re.compile(r"/tuf/|/device/v1/(director|bundle)")
SCHEMES = {"ed25519": 0.9, "ecdsa-sha2-nistp256": 0.9, "rsassa-pss-sha256": 0.9}


# ---- signatures -----------------------------------------------------------------------------------


def signatures(seconds):
    """{scheme: (ours, raw)} of one round, in signatures a second of CPU time."""
    program = paths.build_dir() / "tests" / "bench" / "signatures"
    said = subprocess.run([program, str(seconds)], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in said.splitlines())
    return {scheme: (float(ours), float(raw)) for scheme, ours, raw in rows}


def measure_signatures(seconds):
    rounds = [signatures(seconds) for _ in range(ROUNDS)]
    for number, each in enumerate(rounds):
        said = ", ".join(f"{scheme} {ours:.0f} of {raw:.0f}" for scheme, (ours, raw) in each.items())
        print(f"round {number + 1}: {said} signatures/s")
    for scheme, goal in SCHEMES.items():
        benchlib.result(f"verify-{scheme}", benchlib.median(each[scheme][0] for each in rounds),
                        "signatures/s", benchlib.median(each[scheme][1] for each in rounds),
                        goal=goal, at_most=False)


# ---- a device's refresh ---------------------------------------------------------------------------


class Line(Hostile):
    """Honest, and counts what it is asked and what it answers."""

    def __init__(self, target, bundled):
        super().__init__(target)
        self.bundled = bundled
        self.answers = []

    def answer(self, request):
        answer = super().answer(request)
        self.answers.append((request.path, len(answer.body)))
        return answer

    def counted(self, pattern=METADATA):
        """(requests, bytes of their answers) so far."""
        sizes = [size for path, size in list(self.answers) if pattern.match(path)]
        return len(sizes), sum(sizes)


class Device:
    """An agent that runs, with the roots as its trust and a line that counts."""

    def __init__(self, bench, name, sync, bundled=True):
        self.bench = bench
        self.name = name
        self.line = Line(bench.server.device_port, bundled)
        self.agent = Agent(bench.directory / name, {"agent": {"log_level": "warn"}})
        made = bench.admin.post("/api/v1/enrolments", {"name": name}).expect(201)
        self.agent.enroll(self.line.url(), made.json()["token"], name, root=bench.publisher.roots)
        self.agent.configure({"agent": {"log_level": "info"}, "sync": sync})
        bench.admin.post("/api/v1/desired", {"devices": [name], "slot": "main", "model": "bench",
                                             "version": "1.0.0"}).expect(200)
        self.agent.start()
        wait_until(lambda: bench.admin.get(f"/api/v1/devices/{name}").json()["installed"])
        self.settle()

    def stop(self):
        self.agent.stop()
        self.line.close()

    def cpu_ns(self):
        path = pathlib.Path(f"/proc/{self.agent.process.pid}/schedstat")
        return int(path.read_text(encoding="ascii").split()[0])

    def settle(self):
        """Until it sleeps, its requests answered: it has used no CPU time between two looks."""
        looks = [None]

        def same():
            looks.append((self.cpu_ns(), len(self.line.answers)))
            return looks[-1] == looks[-2]
        wait_until(same, 60, every=0.1)

    def change(self):
        """It is told that what it should run has changed, and is the same: it refreshes, no more."""
        self.bench.database.sql(
            "WITH s AS (UPDATE device_state SET version = version + 1, revision = revision + 1"
            f"  WHERE device_id = (SELECT id FROM device WHERE name = '{self.name}')"
            "  RETURNING device_id)"
            " INSERT INTO device_change (device_ids) SELECT ARRAY[device_id] FROM s")

    def refresh(self, publish=False):
        """(requests, bytes, CPU milliseconds) of one."""
        if publish:
            self.bench.publish()
        asked, sent = self.line.counted()
        before = self.cpu_ns()
        self.change()
        wait_until(lambda: self.line.counted()[0] > asked)
        self.settle()
        now_asked, now_sent = self.line.counted()
        return now_asked - asked, now_sent - sent, (self.cpu_ns() - before) / 1e6


class Bench:
    """A server, a publisher, and versions without number."""

    def __init__(self, server, admin, database, directory):
        self.server = server
        self.admin = admin
        self.database = database
        self.directory = directory
        self.publisher = benchlib.publisher(server, admin, directory)
        self.versions = 0
        self.publish()

    def publish(self):
        self.versions += 1
        path = self.directory / "model.onnx"
        path.write_bytes(os.urandom(1000))
        self.publisher.run("publish", f"bench@{self.versions}.0.0", "--variant", "raw/cpu/fp32", path)


def measure_idle(bench):
    """Polls that are told of no news."""
    device = Device(bench, "idle", {"mode": "poll", "poll_interval": "1s"})
    polls = re.compile("/device/v1/state")
    before, asked, cpu = device.line.counted(polls), device.line.counted(), device.cpu_ns()
    wait_until(lambda: device.line.counted(polls)[0] >= before[0] + POLLS, 2 * POLLS + 30)
    count = device.line.counted(polls)[0] - before[0]
    sent = device.line.counted(polls)[1] - before[1]
    used_ms = (device.cpu_ns() - cpu) / 1e6
    metadata = device.line.counted()[0] - asked[0]
    device.stop()
    benchlib.result("verify-idle-metadata", metadata, "requests", goal=0)
    print(f"idle: a poll is 1 request, {sent / count:.0f} bytes of body, {used_ms / count:.2f} ms of CPU")


def measure_refresh(bench, name, bundled):
    device = Device(bench, name, {"mode": "events"}, bundled)
    for what, times, publish in (("change", CHANGES, False), ("publication", PUBLICATIONS, True)):
        rounds = [device.refresh(publish) for _ in range(times)]
        for at, (part, unit) in enumerate((("requests", "requests"), ("bytes", "bytes"),
                                           ("cpu", "ms"))):
            benchlib.result(f"verify-{name}-{what}-{part}",
                            benchlib.median(each[at] for each in rounds), unit)
    device.stop()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    print(benchlib.machine())
    measure_signatures(seconds)
    directory = paths.scratch("verify")
    try:
        with benchlib.served() as (server, admin, database):
            bench = Bench(server, admin, database, directory)
            measure_idle(bench)
            measure_refresh(bench, "bundle", True)
            measure_refresh(bench, "files", False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
