# SPDX-License-Identifier: Apache-2.0
"""What the benches share: a server to measure, devices without number, the line at the end."""

import contextlib
import hashlib
import os
import pathlib
import platform
import secrets
import shutil
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ferry import paths, signing  # noqa: E402
from ferry.cli import Cli  # noqa: E402
from ferry.cluster import Cluster  # noqa: E402
from ferry.server import Server  # noqa: E402

# The tests' clusters trade safety for speed; what is measured must not.
DURABLE = "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nshared_buffers = 256MB\n"


def machine():
    """One line that says where this was measured."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return (f"machine: {len(os.sched_getaffinity(0))} x {model}, {memory} MiB, "
            f"Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")


def result(name, ours, unit, peer=None, goal=None, at_most=True):
    """The line that says it all. goal is a ratio, or with no peer a value."""
    line = f"bench {name}: ours={ours:.4g} {unit}"
    measure = ours
    if peer is not None:
        measure = ours / peer
        line += f" peer={peer:.4g} {unit} ratio={measure:.3f}"
    if goal is not None:
        passed = measure <= goal if at_most else measure >= goal
        line += f" goal={'<=' if at_most else '>='}{goal:g} {'pass' if passed else 'miss'}"
    print(line, flush=True)


def median(values):
    return statistics.median(values)


def rss_bytes(pid):
    """Resident memory of a process that is its own: no files, no shared pages."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    raise RuntimeError(f"no RssAnon of {pid}")


def cpu_seconds(pid):
    """What a process and its living children have used: on a busy machine this says more than the
    time that passed."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(child) for child in children)


@contextlib.contextmanager
def served(options=None):
    """(server, admin, database) on a PostgreSQL of their own."""
    directory = paths.scratch("bench")
    cluster = Cluster.create(DURABLE)
    server = None
    try:
        database = cluster.create_database("bench")
        master = directory / "master.key"
        master.write_text(secrets.token_hex(32) + "\n")
        master.chmod(0o600)
        server = Server(database.url(), directory, {"server": {"log_level": "warn"},
                                                    "keys": {"master_file": master},
                                                    **(options or {})})
        server.start()
        yield server, server.api(server.create_token("admin")), database
    finally:
        if server:
            server.stop()
        cluster.destroy()
        shutil.rmtree(directory, ignore_errors=True)


def publisher(server, admin, directory):
    """A command line that has made the roots and publishes the model 'bench'; .roots is what devices
    trust."""
    cli = Cli(directory / "publisher", env={"MODELFERRY_URL": server.url(),
                                            "MODELFERRY_TOKEN": admin.token})
    cli.roots = directory / "roots.json"
    for command in (("keys", "init", "--name", "bench"), ("root", "init"),
                    ("root", "export", "-o", cli.roots), ("model", "create", "bench"),
                    ("model", "grant", "bench", "bench")):
        cli.run(*command)
    return cli


def devices(database, count):
    """Enrols devices device-0, device-1, ... by SQL; returns their tokens. Each has a state of its
    own: the versions of their desired states differ."""
    tokens = ["mfd_" + secrets.token_urlsafe(32) for _ in range(count)]
    hashes = ",".join(f"'\\x{hashlib.sha256(token.encode()).hexdigest()}'" for token in tokens)
    database.sql(f"""
        INSERT INTO enrolment (workspace_id, name, token_sha256, uses_max, attributes, created_at,
            created_by, expires_at)
        SELECT id, 'bench', pg_catalog.sha256('bench'::bytea), 0, '{{}}', now(), 'bench', now() FROM workspace
        WHERE name = 'default';
        WITH hashes AS (SELECT hash, n FROM unnest(ARRAY[{hashes}]::bytea[])
            WITH ORDINALITY AS h (hash, n)),
        d AS (INSERT INTO device (workspace_id, name, public_key, keyid, token_sha256,
                enrolment_id, attributes, assigned, enrolled_at)
            SELECT e.workspace_id, 'device-' || n - 1, pg_catalog.sha256(hash),
                pg_catalog.sha256(pg_catalog.sha256(hash)), hash,
                e.id, '{{"board": "rpi5", "site": "lab"}}', '{{}}', now()
            FROM hashes, enrolment e ORDER BY n RETURNING id, workspace_id)
        INSERT INTO device_state (device_id, workspace_id, capabilities, revision, version)
        SELECT id, workspace_id, '{signing.RUNTIME}/cpu', 1, id % 1000 FROM d;
        INSERT INTO device_change (device_ids) SELECT array_agg(id) FROM device
        GROUP BY id / 65536;
        VACUUM ANALYZE""")
    return tokens


def publish(admin, version, data, key):
    """A published version of the model 'bench'."""
    if admin.get("/api/v1/models/bench").status == 404:
        admin.post("/api/v1/models", {"name": "bench", "keys": [{"key": key.object}]}).expect(201)
    admin.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(200, 201)
    variants = [signing.variant([signing.artifact("model.onnx", data)])]
    admin.post("/api/v1/models/bench/versions",
               key.envelope(signing.manifest("bench", version, variants))).expect(201)
