# SPDX-License-Identifier: Apache-2.0
"""push [CONNECTIONS]: the time from the request that changes every device's desired state to the
last device having been told, and the server's memory a connection. Peer: mosquitto, one topic a
device, QoS 1, from the first byte of the publisher to the last subscriber.

What is compared is not the same work: ours includes the HTTP request, the transaction of all
devices (durable: fsync), NOTIFY, and reading back what changed; mosquitto keeps nothing on disk."""

import subprocess
import sys
import time

import benchlib
from ferry import paths, signing
from ferry.wait import wait_until

ROUNDS = 7


class Crowd:
    """crowd.c, waiting."""

    def __init__(self, mode, port, argument):
        program = paths.build_dir() / "tests" / "bench" / "crowd"
        self.process = subprocess.Popen([program, mode, str(port), str(argument)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("ready")

    def expect(self, word):
        line = self.process.stdout.readline().split()
        assert line and line[0] == word, f"crowd said {line}"
        return line

    def arm(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.expect("armed")

    def told(self):
        """When the first and the last client were told, in seconds of time.monotonic()."""
        line = self.expect("first")
        return int(line[1]) / 1e9, int(line[3]) / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def measure_ours(count):
    """Rounds of (total, request, first) in ms, and bytes a connection."""
    key = signing.Key()
    options = {"device": {"connections": count + 1000, "connections_per_ip": 0}}
    with benchlib.served(options) as (server, admin, database):
        for number in range(2):
            benchlib.publish(admin, f"1.0.{number}", b"weights %d" % number, key)
        tokens = benchlib.devices(database, count)
        file = server.directory / "tokens"
        file.write_text("\n".join(tokens) + "\n")
        wait_until(lambda: server.device(tokens[-1]).get("/device/v1/state").status == 200, 60)

        before = benchlib.rss_bytes(server.process.pid)
        crowd = Crowd("sse", server.device_port, file)
        memory = (benchlib.rss_bytes(server.process.pid) - before) / count
        rounds = []
        used = benchlib.cpu_seconds(server.process.pid)
        for number in range(ROUNDS):
            body = {"devices": "all", "slot": "main", "model": "bench",
                    "version": f"1.0.{number % 2}"}
            time.sleep(0.5)  # not of the measured time: autovacuum and the last round's echoes
            crowd.arm()
            start = time.monotonic()
            reply = admin.post("/api/v1/desired", body).expect(200).json()
            answered = time.monotonic()
            first, last = crowd.told()
            assert reply == {"changed": count, "unchanged": 0}, reply
            rounds.append([(moment - start) * 1000 for moment in (last, answered, first)])
        used = (benchlib.cpu_seconds(server.process.pid) - used) / ROUNDS * 1000
        crowd.close()
        return rounds, memory, used


def measure_peer(count):
    directory = paths.scratch("mosquitto")
    port = paths.free_port()
    config = directory / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                      "max_connections -1\nmax_queued_messages 0\nmax_inflight_messages 0\n"
                      "set_tcp_nodelay true\nlog_type error\nuser root\n")
    broker = subprocess.Popen(["prlimit", "--nofile=20000:20000", "mosquitto", "-c", config],
                              stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listening(port), 20, "mosquitto does not listen")
        before = benchlib.rss_bytes(broker.pid)
        crowd = Crowd("mqtt", port, count)
        memory = (benchlib.rss_bytes(broker.pid) - before) / count
        rounds = []
        used = benchlib.cpu_seconds(broker.pid)
        for _ in range(ROUNDS):
            time.sleep(0.5)
            crowd.arm()
            said = subprocess.run([paths.build_dir() / "tests" / "bench" / "crowd", "publish",
                                   str(port), str(count)], capture_output=True, text=True,
                                  check=True).stdout.split()
            _, last = crowd.told()
            rounds.append((last - int(said[1]) / 1e9) * 1000)
        used = (benchlib.cpu_seconds(broker.pid) - used) / ROUNDS * 1000
        crowd.close()
        return rounds, memory, used
    finally:
        broker.terminate()
        broker.wait(20)


def listening(port):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 15000
    print(benchlib.machine())
    ours, our_memory, our_cpu = measure_ours(count)
    peer, peer_memory, peer_cpu = measure_peer(count)
    for number, (total, answered, first) in enumerate(ours):
        print(f"round {number + 1}: ours {total:.0f} ms (first told after {first:.0f}, request "
              f"answered after {answered:.0f}), mosquitto {peer[number]:.0f} ms")
    print(f"CPU a round: ours {our_cpu:.0f} ms, mosquitto {peer_cpu:.0f} ms")
    benchlib.result(f"push-{count}", benchlib.median(row[0] for row in ours), "ms",
                    benchlib.median(peer), 0.4)
    benchlib.result(f"push-{count}-memory", our_memory / 1024, "KiB/connection", None, 3)
    print(f"mosquitto: {peer_memory / 1024:.2f} KiB/connection")


if __name__ == "__main__":
    main()
