# SPDX-License-Identifier: Apache-2.0
"""lineage [NODES]: everything upstream of a dataset's version, 13,500 nodes, by REST. Peer: the same
closure as a recursive query that psql sends, on the same rows. Then the same while the graph around
it grows to a million edges, and closures of other sizes and depths."""

import hashlib
import re
import subprocess
import sys
import time

import benchlib

NODES = 13500
ROUNDS = 7
WARM = 12        # so that each of the server's connections knows its statements, as psql's does
READS = 2         # a run reads so many of the generation before
WIDTH = 450       # versions a generation
GOAL_MS = 50
GROWTH = (100_000, 300_000, 1_000_000)

# Generations of runs and versions: run r of generation g reads versions r and r + 1 of g - 1 and
# writes version r of g; one last run reads all of the last generation.
FILL = """
CREATE TEMP TABLE plan AS
    SELECT g, r, '{name}-' || g || '-' || r AS name FROM generate_series(1, {generations}) g,
        generate_series(0, {width} - 1) r;
INSERT INTO plan VALUES ({generations} + 1, 0, '{name}-last');
INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256)
    SELECT 1, k, ref, pg_catalog.sha256(ref::bytea) FROM (
        SELECT 5 AS k, 'run:' || md5(name)::uuid AS ref FROM plan UNION ALL
        SELECT 2, 'dataset:bench#' || name || '@1' FROM plan) n;
CREATE TEMP TABLE made AS SELECT g, r, run.id AS run_id, version.id AS version_id FROM plan
    JOIN lineage_node run ON run.ref = 'run:' || md5(name)::uuid
    JOIN lineage_node version ON version.ref = 'dataset:bench#' || name || '@1';
INSERT INTO lineage_edge (source_id, target_id, kind, workspace_id, at)
    SELECT run_id, version_id, 3, 1, now() FROM made UNION ALL
    SELECT b.version_id, a.run_id, 2, 1, now() FROM made a JOIN made b ON b.g = a.g - 1
        AND (a.g > {generations} OR b.r = a.r OR b.r = (a.r + 1) % {width});
DROP TABLE plan, made;
"""

PEER = """
WITH RECURSIVE up (id) AS (
    SELECT id FROM lineage_node WHERE workspace_id = 1 AND ref_sha256 = '\\x{digest}'
    UNION SELECT e.source_id FROM lineage_edge e JOIN up ON e.target_id = up.id)
SELECT n.ref, n.kind FROM up JOIN lineage_node n USING (id);
"""


def fill(database, name, nodes, width=WIDTH):
    """A component of so many nodes above one version; returns its reference."""
    width = min(width, max(1, nodes // 4))
    generations = max(1, round((nodes - 2) / (2 * width)))
    database.sql("SET synchronous_commit = off;" + FILL.format(name=name, generations=generations,
                                                               width=width))
    return f"dataset:bench#{name}-last@1"


def ask(api, ref):
    """(milliseconds, nodes) of one closure, answer read to its end."""
    path = "/api/v1/lineage/upstream?limit=100000&ref=" + ref.replace("#", "%23")
    before = time.perf_counter()
    reply = api.get(path)
    took = (time.perf_counter() - before) * 1000
    answer = reply.expect(200).json()
    assert answer["cut_off"] is None
    return took, len(answer["nodes"])


class Psql:
    """A session that stays, so that neither its start nor its caches are measured."""

    def __init__(self, database):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", database.url()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.say("\\timing on")

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, ref):
        self.say(PEER.format(digest=hashlib.sha256(ref.encode()).hexdigest()))
        rows = 0
        for line in self.process.stdout:
            found = re.match(r"Time: ([0-9.]+) ms", line)
            if found:
                return float(found[1]), rows
            rows += 1
        raise RuntimeError("psql ended")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


def rounds(api, psql, ref):
    """Medians of ours and the peer's, in turns; and how many nodes both found."""
    ours, peer = [], []
    for _ in range(ROUNDS):
        mine, theirs = ask(api, ref), psql.ask(ref)
        assert mine[1] == theirs[1], (mine, theirs)
        ours.append(mine[0])
        peer.append(theirs[0])
    return benchlib.median(ours), benchlib.median(peer), mine[1]


def settle(database):
    database.sql("VACUUM ANALYZE lineage_node, lineage_edge")


def count_edges(database):
    return int(database.value("SELECT count(*) FROM lineage_edge"))


def main():
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else NODES
    print(benchlib.machine())
    with benchlib.served() as (_, admin, database):
        psql = Psql(database)
        start = fill(database, "main", nodes)
        settle(database)
        for _ in range(WARM):
            ask(admin, start), psql.ask(start)
        ours, peer, found = rounds(admin, psql, start)
        print(f"{found} nodes of a graph of {count_edges(database)} edges: ours {ours:.1f} ms, "
              f"psql {peer:.1f} ms")
        shapes = {name: fill(database, name, *shape) for name, shape in {
            "small": (1000,), "large": (50000,), "deep": (nodes, 5), "chain": (2000, 1)}.items()}
        for number, edges in enumerate(GROWTH):
            while count_edges(database) < edges:
                fill(database, f"other-{number}-{count_edges(database)}", 60000, 2000)
            settle(database)
            grown, theirs, found = rounds(admin, psql, start)
            print(f"{found} nodes of a graph of {count_edges(database)} edges: ours {grown:.1f} ms, "
                  f"psql {theirs:.1f} ms", flush=True)
        for name, ref in shapes.items():
            ask(admin, ref), psql.ask(ref)
            shape, theirs, found = rounds(admin, psql, ref)
            print(f"{name}: {found} nodes: ours {shape:.1f} ms, psql {theirs:.1f} ms", flush=True)
        psql.close()
    print(f"peer: a recursive query, {peer:.1f} ms; at {GROWTH[-1]} edges ours took {grown / ours:.2f} "
          f"times as long as alone")
    benchlib.result("lineage", ours, "ms", goal=GOAL_MS)
    benchlib.result("lineage-million", grown, "ms", goal=GOAL_MS)


if __name__ == "__main__":
    main()
