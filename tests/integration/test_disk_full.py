# SPDX-License-Identifier: Apache-2.0
"""A full disk under the database or under the cache: a clear error, nothing half-visible."""

import os
import random
import subprocess

import pytest

from ferry import paths, signing
from ferry.cluster import Cluster
from ferry.wait import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


@pytest.fixture
def small_disk():
    """small_disk(MiB) -> a directory with so much room."""
    made = []

    def make(mebibytes):
        directory = paths.scratch("disk")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=1777", "tmpfs",
                        str(directory)], check=True)
        made.append(directory)
        return directory

    yield make
    for directory in made:
        subprocess.run(["umount", "-l", str(directory)], check=True)
        directory.rmdir()


def fill(directory, leave_kib=0):
    """Takes what is left of a disk; the file that holds it."""
    path = directory / "filler"
    with open(path, "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
    if leave_kib:
        os.truncate(path, max(0, path.stat().st_size - leave_kib * 1024))
    return path


class SmallCluster(Cluster):
    @classmethod
    def on(cls, disk):
        """A cluster whose data, WAL included, live on a small disk."""
        cluster = cls.create("wal_keep_size = 0\nmin_wal_size = 32MB\nmax_wal_size = 64MB\n")
        cluster.stop()
        subprocess.run(["cp", "-a", f"{cluster.directory}/data", str(disk)], check=True)
        subprocess.run(["rm", "-rf", f"{cluster.directory}/data"], check=True)
        (cluster.directory / "data").symlink_to(disk / "data")
        cluster.start()
        return cluster


def test_a_full_disk_under_the_database_says_so_and_recovers(small_disk, make_server):
    disk = small_disk(300)
    cluster = SmallCluster.on(disk)
    try:
        database = cluster.create_database("ferry")
        server = make_server(database_url=database.url())
        publisher = server.api(server.create_token("publisher"))
        before = b"before"
        publisher.put(f"/api/v1/artifacts/{signing.sha256(before)}", body=before).expect(201)

        cluster.sql("CHECKPOINT")
        filler = fill(disk, 4096)
        data = random.Random(1).randbytes(32 << 20)
        refused = publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data)
        refused.expect(503, 507)
        if refused.status == 507:
            assert refused.problem == "no-space"
        assert publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").status in (404, 503)

        filler.unlink()
        wait_until(lambda: server.api().get("/readyz").status == 200, 60)

        def again():
            reply = publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data)
            return reply.status in (200, 201)
        wait_until(again, 60, "uploads do not recover")
        assert publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").body == data
        assert publisher.get(f"/api/v1/artifacts/{signing.sha256(before)}").body == before
        server.stop()
    finally:
        cluster.destroy()


def test_a_full_disk_under_the_cache_stops_no_download(small_disk, make_server, publisher_of):
    disk = small_disk(4)
    server = make_server({"cache": {"directory": disk / "cache"}})
    publisher = publisher_of(server)
    fill(disk)
    data = random.Random(2).randbytes(6 << 20)
    publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(201)
    for _ in range(3):
        assert publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}").expect(200).body == data
    part = publisher.get(f"/api/v1/artifacts/{signing.sha256(data)}",
                         headers={"Range": "bytes=1000-1999"}).expect(206)
    assert part.body == data[1000:2000]


@pytest.fixture
def publisher_of():
    return lambda server: server.api(server.create_token("publisher"))
