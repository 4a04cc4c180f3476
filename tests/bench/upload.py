# SPDX-License-Identifier: Apache-2.0
"""upload [MiB]: one artifact by PUT, until it is committed in PostgreSQL. Peer: COPY BINARY of the
same bytes by libpq into rows that fill a page, in the same PostgreSQL, without digests, chunks or
an index. The client of ours is curl. Prints also how much the server's memory grew."""

import contextlib
import os
import pathlib
import subprocess
import sys
import threading

import benchlib
from ferry import paths, signing

ROUNDS = 7
RAW_ROW_BYTES = 8120


class MemoryWatch:
    """The most anonymous memory that a process had above what it started with."""

    def __init__(self, pid):
        self.pid = pid
        self.base = benchlib.rss_bytes(pid)
        self.peak = self.base
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.wait(0.01):
            self.peak = max(self.peak, benchlib.rss_bytes(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    @property
    def mebibytes(self):
        return (self.peak - self.base) / (1 << 20)


def ours(server, token, file, digest):
    """Seconds that curl took."""
    done = subprocess.run(
        ["curl", "-sS", "-T", str(file), "-o", "/dev/null", "-w", "%{http_code} %{time_total}",
         "-H", f"Authorization: Bearer {token}", f"{server.url()}/api/v1/artifacts/{digest}"],
        capture_output=True, text=True, check=True)
    status, seconds = done.stdout.split()
    assert status == "201", done.stdout
    return float(seconds)


def peer(url, file):
    program = pathlib.Path(os.environ["MODELFERRY_BUILD"]) / "tests/bench/raw_copy"
    done = subprocess.run([program, url, str(file), str(RAW_ROW_BYTES), "plain"],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)


def write_noise(file, size):
    """New bytes every time: nothing is deduplicated, nothing compresses."""
    with open("/dev/urandom", "rb") as source, open(file, "wb") as target:
        left = size
        while left:
            left -= target.write(source.read(min(left, 1 << 20)))
    return signing.sha256(pathlib.Path(file).read_bytes())


def main():
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    size = mebibytes << 20
    print(benchlib.machine())
    directory = paths.scratch("upload")
    file = directory / "model"
    rates = {"ours": [], "peer": []}
    grown = []
    with benchlib.served({"cache": {"size": 0}}) as (server, admin, database):
        for number in range(ROUNDS + 1):
            digest = write_noise(file, size)
            for name in ("ours", "peer") if number % 2 else ("peer", "ours"):
                database.sql("CHECKPOINT")
                if name == "peer":
                    seconds = peer(database.url(), file)
                    database.sql("DROP TABLE raw_copy")
                else:
                    with MemoryWatch(server.pid) as memory:
                        seconds = ours(server, admin.token, file, digest)
                    grown.append(memory.mebibytes)
                if number > 0:
                    rates[name].append(mebibytes / seconds)
            if number > 0:
                said = [f"{name} {values[-1]:.1f} MiB/s" for name, values in rates.items()]
                print(f"round {number}: {', '.join(said)}", flush=True)
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    directory.rmdir()
    benchlib.result("upload-memory", max(grown), "MiB", goal=32)
    benchlib.result("upload", benchlib.median(rates["ours"]), "MiB/s",
                    benchlib.median(rates["peer"]), goal=0.9, at_most=False)


if __name__ == "__main__":
    main()
