# SPDX-License-Identifier: Apache-2.0
"""Every table, column and index has a comment; user data carries its workspace; names count up."""

import pathlib
import re
import sys

import lintlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from ferry.cluster import Cluster  # noqa: E402

UNCOMMENTED = """
SELECT 'table ' || c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
   AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND col_description(c.oid, a.attnum) IS NULL
UNION ALL
SELECT 'index ' || c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('i', 'I')
   AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'function ' || p.proname FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL
SELECT 'type ' || t.typname FROM pg_type t
 WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
   AND obj_description(t.oid, 'pg_type') IS NULL
ORDER BY 1;
"""

# A text or bytea without a CHECK on it is a place where a client chooses the size.
UNBOUNDED = """
SELECT c.relname || '.' || a.attname FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition AND t.typname IN ('text', 'bytea', 'jsonb', 'json')
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
                   AND k.contype IN ('c', 'f') AND a.attnum = ANY (k.conkey))
 ORDER BY 1;
"""


# Written by one statement of ours, never as a client sent it; a CHECK a row would cost the upload.
BOUNDED_BY_CODE = {"chunk_page.data"}


def _numbers(paths):
    for expected, path in enumerate(paths, 1):
        found = re.match(r"(\d{4})_[a-z0-9_]+\.sql$", path.name)
        if not found or int(found.group(1)) != expected:
            yield f"{path}: migrations are named {expected:04}_word.sql here, without gaps"


def _apply(cluster, tree, paths):
    for path in paths:
        cluster.sql(f"BEGIN;\n{tree.read(path)}\nCOMMIT;", "lint", "ferry")


def check(tree):
    """Migrations apply one after the other, and leave nothing without a comment or a bound."""
    paths = [path for path in tree.files("*.sql") if str(path).startswith("migrations/")]
    if not paths:
        yield "no migrations"
        return
    yield from _numbers(paths)
    cluster = Cluster.create()
    try:
        cluster.create_database("lint")
        try:
            _apply(cluster, tree, paths)
        except RuntimeError as error:
            yield f"migrations do not apply: {str(error)[:600]}"
            return
        for row in cluster.sql(UNCOMMENTED, "lint"):
            yield f"migrations: no COMMENT ON {row[0]}: say what it is for"
        for row in cluster.sql(UNBOUNDED, "lint"):
            if row[0] in BOUNDED_BY_CODE:
                continue
            yield f"migrations: {row[0]} has no CHECK on its length"
    finally:
        cluster.destroy()


if __name__ == "__main__":
    lintlib.main(check)
