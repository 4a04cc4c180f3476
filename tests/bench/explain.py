# SPDX-License-Identifier: Apache-2.0
"""explain [DEVICES]: the auditor's questions over a fleet of 15,000 devices, each of which has run
twenty versions one after the other: what one device ran at a time, who deployed a version, and
which devices run or ever ran what was trained on a dataset's version. Signed reports, by REST.
Peer: the rows of the last question as SQL by hand, on the same data."""

import re
import secrets
import subprocess
import sys
import time

import benchlib
from ferry import openlineage as ol
from ferry import paths, signing

DEVICES = 15000
VERSIONS = 20
TRAINED = 4  # of the versions, on the dataset that is asked about
ROUNDS = 7

# Every device has run every version, an hour each; the reports are of last week.
RAN = """
INSERT INTO device_ran (workspace_id, device_id, slot, sequence, since, received_at, model, version,
    variant, manifest_sha256, variant_id)
SELECT d.workspace_id, d.id, 'main', v.n, at, at, 'bench', v.version, v.variant, v.manifest_sha256,
    v.variant_id
FROM device d CROSS JOIN (
    SELECT r.id AS variant_id, v.version, row_number() OVER (ORDER BY v.id) AS n,
        r.runtime || '/' || r.hardware || '/' || r.precision AS variant, v.manifest_sha256
    FROM model_version v JOIN variant r ON r.version_id = v.id) v
CROSS JOIN LATERAL (SELECT now() - interval '7 days' + v.n * interval '1 hour' AS at) t
ORDER BY v.n, d.id;
VACUUM ANALYZE;
"""

BY_HAND = """
SELECT d.name, r.version, r.variant, min(r.since), max(r.since)
FROM device_ran r JOIN device d ON d.id = r.device_id
WHERE r.variant_id IN (SELECT r.id FROM variant r JOIN model_version v ON v.id = r.version_id
    WHERE v.version IN ({versions}))
GROUP BY d.name, r.version, r.variant ORDER BY d.name;
"""


def ask(admin, kind, ref, **more):
    """(milliseconds, bytes, report) of one report, read to its end."""
    query = "".join(f"&{name}={value}" for name, value in more.items())
    before = time.perf_counter()
    reply = admin.get(f"/api/v1/audit/reports/{kind}?ref={ref}{query}", timeout=120)
    took = (time.perf_counter() - before) * 1000
    return took, len(reply.expect(200).body), reply.json()["signed"]


def ask_psql(database, versions):
    script = "\\timing on\n\\o /dev/null\n" + BY_HAND.format(
        versions=", ".join(f"'{version}'" for version in versions)) * 2
    done = subprocess.run([paths.postgres_bin("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
                           database.url(role="postgres"), "-f", "-"], input=script, text=True,
                          capture_output=True, check=True)
    return float(re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.M)[-1])


def fill(admin, database, count):
    """A fleet with a past; returns the versions that were trained on street@2."""
    key = signing.Key()
    trained = []
    for number in range(VERSIONS):
        data = b"weights %d" % number
        if number % (VERSIONS // TRAINED) == 0:
            trained.append(f"1.0.{number}")
            admin.post("/api/v1/lineage", ol.run_event(
                "COMPLETE", ol.run_id(number), inputs=[ol.dataset("street", "2")],
                outputs=[ol.artifact(signing.sha256(data))])).expect(201)
        benchlib.publish(admin, f"1.0.{number}", data, key)
    benchlib.devices(database, count)
    for number in range(VERSIONS):
        admin.post("/api/v1/desired", {"devices": "all", "slot": "main", "model": "bench",
                                       "version": f"1.0.{number}"}, timeout=120).expect(200)
    database.sql(RAN)
    return trained


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES
    print(benchlib.machine())
    directory = paths.scratch("explain")
    master = directory / "master.key"
    master.write_text(secrets.token_hex(32) + "\n")
    master.chmod(0o600)
    with benchlib.served({"keys": {"master_file": master}}) as (_, admin, database):
        trained = fill(admin, database, count)
        print(f"{database.value('SELECT count(*) FROM device_ran')} times that a device ran something")
        questions = {"device": "device:device-7", "version": f"bench@{trained[-1]}",
                     "impact": "dataset:lake%23street@2"}
        took = {kind: [] for kind in [*questions, "psql"]}
        sizes = {}
        for _ in range(ROUNDS):
            for kind, ref in questions.items():
                spent, sizes[kind], _ = ask(admin, kind, ref)
                took[kind].append(spent)
            took["psql"].append(ask_psql(database, trained))
        for kind in questions:
            print(f"{kind}: {benchlib.median(took[kind]):.1f} ms, {sizes[kind] / 1e6:.2f} MB")
    master.unlink()
    directory.rmdir()
    peer = benchlib.median(took["psql"])
    print(f"impact by hand, as rows: {peer:.1f} ms")
    benchlib.result("explain-device", benchlib.median(took["device"]), "ms")
    benchlib.result("explain-impact", benchlib.median(took["impact"]), "ms", peer=peer)


if __name__ == "__main__":
    main()
