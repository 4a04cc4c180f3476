# SPDX-License-Identifier: Apache-2.0
"""idle: resident memory of an agent that has installed a model, holds its event stream and has
nothing to do. Peer: SWUpdate's daemon (three processes) that has asked a hawkBit server once, was
told of nothing, and sleeps.

"idle" adds up what the kernel says of each process, as ps does. SWUpdate's processes share pages,
so "idle-once" counts a page that several of them have only once."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import benchlib
from ferry import paths, signing
from ferry.agent import Agent
from ferry.wait import wait_until

ROUNDS = 3
MODEL_BYTES = 8 << 20


def tree(pid):
    """A process and what descends from it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid] + [below for child in children.split() for below in tree(int(child))]


def resident(pid):
    """(all processes added up, shared pages counted once) in MiB. The first process of a daemon that
    forks has nearly all pages that the others share; of these only what is their own is added."""
    total = once = 0
    for process in tree(pid):
        text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        kib = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
        total += kib["Rss"]
        once += kib["Rss"] if process == pid else kib["Private_Clean"] + kib["Private_Dirty"]
    return total / 1024, once / 1024


def settled(pid):
    """Its memory, once two looks a second apart agree."""
    looks = [None]

    def same():
        looks.append(resident(pid))
        return looks[-1] == looks[-2]
    wait_until(same, 30, every=1)
    return looks[-1]


class Idle(http.server.BaseHTTPRequestHandler):
    """As much of hawkBit as says that there is nothing to do."""

    def do_GET(self):
        body = json.dumps({"config": {"polling": {"sleep": "01:00:00"}}, "_links": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/hal+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked.set()

    def log_message(self, *_):
        pass


def measure_peer(directory):
    """SWUpdate needs a certificate to check updates with; it gets no update here."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=bench", "-keyout", directory / "key.pem", "-out",
                    directory / "cert.pem"], check=True, capture_output=True)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Idle) as hawkbit:
        hawkbit.asked = threading.Event()
        threading.Thread(target=hawkbit.serve_forever, daemon=True).start()
        daemon = subprocess.Popen(
            ["swupdate", "-k", directory / "cert.pem", "-l", "1", "-u",
             f"-t DEFAULT -u http://127.0.0.1:{hawkbit.server_port} -i bench -k token"],
            env={**os.environ, "TMPDIR": str(directory)}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            assert hawkbit.asked.wait(30), "SWUpdate asked nothing"
            return settled(daemon.pid)
        finally:
            daemon.terminate()
            daemon.wait(20)
            hawkbit.shutdown()


def measure_ours(server, admin, directory, number, key):
    name = f"bench-{number}"
    agent = Agent(directory / name, {"agent": {"log_level": "warn"}})
    token = admin.post("/api/v1/enrolments", {"name": name}).expect(201).json()["token"]
    agent.enroll(server.device_url(), token, name, [key])
    admin.post("/api/v1/desired", {"devices": [name], "slot": "main", "model": "bench",
                                   "version": "1.0.0"}).expect(200)
    with contextlib.ExitStack() as stack:
        agent.configure({"agent": {"log_level": "info"}})
        agent.start()
        stack.callback(agent.stop)

        def served():
            device = admin.get(f"/api/v1/devices/{name}").expect(200).json()
            return agent.current() and device["online"]
        wait_until(served, 60)
        return settled(agent.process.pid)


def main():
    print(benchlib.machine())
    directory = paths.scratch("idle")
    key = signing.Key()
    ours, peer = [], []
    try:
        with benchlib.served() as (server, admin, _):
            benchlib.publish(admin, "1.0.0", os.urandom(MODEL_BYTES), key)
            for number in range(ROUNDS):
                ours.append(measure_ours(server, admin, directory, number, key))
                peer.append(measure_peer(directory))
                print(f"round {number + 1}: ours {ours[-1][0]:.1f} MiB, SWUpdate "
                      f"{peer[-1][0]:.1f} MiB, shared pages once {peer[-1][1]:.1f} MiB")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for at, name in enumerate(("idle", "idle-once")):
        benchlib.result(name, benchlib.median(row[at] for row in ours), "MiB",
                        benchlib.median(row[at] for row in peer), goal=0.5)


if __name__ == "__main__":
    main()
