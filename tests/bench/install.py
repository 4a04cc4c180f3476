# SPDX-License-Identifier: Apache-2.0
"""install [SIZE]: a device installs an artifact from a warm server, until it is durable, verified
and current, and with the roots of director and image repository as its trust; SIZE is in MiB
(default 1024). Peer: what a careful script does with the same bytes: curl, sha256sum, cp, sync. Also
the agent's peak memory."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import benchlib
from ferry import paths
from ferry.agent import Agent

ROUNDS = 3
MIB = 1 << 20


def make_artifact(path, size_mib):
    """Random bytes: nothing to compress, nothing to deduplicate. Returns their SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(size_mib):
            piece = os.urandom(MIB)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def peak_kib(pid):
    """The most that the process ever had resident; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def timed(command, **options):
    """(seconds, peak memory in KiB) of a command that must succeed. wait4's figure would not do: it
    counts what we had resident when we forked."""
    started = time.monotonic()
    process = subprocess.Popen(command, **options)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_kib(process.pid))
        time.sleep(0.01)
    seconds = time.monotonic() - started
    assert process.returncode == 0, f"{command}: status {process.returncode}"
    return seconds, peak


def install(agent, template):
    shutil.rmtree(agent.state, ignore_errors=True)
    shutil.copytree(template, agent.state)
    os.sync()
    return timed([agent.binary, "run", "--once", f"--config={agent.config_file}"], env=agent.env,
                 stderr=subprocess.DEVNULL)


PEER = """set -e
curl -sSf -H "Authorization: Bearer $TOKEN" -o "$DIR/part" "$URL"
echo "$SHA256  $DIR/part" | sha256sum --check --quiet
cp "$DIR/part" "$DIR/model.onnx"
sync
"""


def by_hand(directory, url, token, sha256):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    os.sync()
    seconds, _ = timed(["/bin/sh", "-c", PEER], env={
        **os.environ, "TOKEN": token, "DIR": str(directory), "URL": url, "SHA256": sha256})
    shutil.rmtree(directory)
    return seconds


def measure(server, admin, scratch, size_mib):
    source = scratch / "source"
    sha256 = make_artifact(source, size_mib)
    publisher = benchlib.publisher(server, admin, scratch)
    publisher.run("publish", "bench@1.0.0", "--variant", "raw/cpu/fp32", f"model.onnx={source}",
                  timeout=3600)
    source.unlink()
    agent = Agent(scratch / "device", {"agent": {"log_level": "warn"}})
    token = admin.post("/api/v1/enrolments", {"name": "bench"}).expect(201).json()["token"]
    agent.enroll(server.device_url(), token, "bench-1", root=publisher.roots)
    admin.post("/api/v1/desired", {"devices": ["bench-1"], "slot": "main", "model": "bench",
                                   "version": "1.0.0"}).expect(200)
    template = scratch / "template"
    shutil.copytree(agent.state, template)
    token = json.loads((template / "identity" / "device.json").read_text())["token"]
    url = f"{server.device_url()}/device/v1/artifacts/{sha256}"
    rounds = []
    peak = 0
    for number in range(-1, ROUNDS):  # the first warms the server's cache
        ours, memory = install(agent, template)
        assert (agent.current() / "model.onnx").stat().st_size == size_mib * MIB
        shutil.rmtree(agent.state)
        peer = by_hand(scratch / "by-hand", url, token, sha256)
        if number < 0:
            continue
        peak = max(peak, memory)
        rounds.append((ours, peer))
        print(f"round {number + 1}: ours {ours:.2f} s, by hand {peer:.2f} s, peak {memory} KiB")
    return rounds, peak


def main():
    size_mib = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    print(benchlib.machine())
    scratch = paths.scratch("install")
    try:
        with benchlib.served() as (server, admin, _):
            rounds, peak = measure(server, admin, scratch, size_mib)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    benchlib.result("install", benchlib.median(ours for ours, _ in rounds), "s",
                    benchlib.median(peer for _, peer in rounds), 1.1)
    benchlib.result("install-memory", peak / 1024, "MiB", goal=16)


if __name__ == "__main__":
    main()
