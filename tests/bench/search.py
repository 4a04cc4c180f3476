# SPDX-License-Identifier: Apache-2.0
"""search [MODELS]: 2,000 models x 50 versions, each with five tags, two or three metrics and two
parameters; queries of many kinds, by REST, a page of 100 each. Peer: the same question as
a person would write it in SQL, on the same data, with the columns that the page shows of a
version, read by psql in one session."""

import re
import subprocess
import sys
import time
import urllib.parse

import benchlib
from ferry import catalogue, paths

MODELS = 2000
VERSIONS = 50
ROUNDS = 5
TIMES = 8
GOAL_MS = 20

TAG = "EXISTS (SELECT FROM version_tag t WHERE t.version_id = v.id AND key = '{}' AND value {})"
METRIC = ("EXISTS (SELECT FROM version_metric t WHERE t.version_id = v.id AND main AND name = '{}'"
          " AND value {})")
ACCURACY = ("(SELECT value FROM version_metric t WHERE t.version_id = v.id AND main"
            " AND name = 'accuracy')")

# A query, what it is sorted by, and the same by hand.
QUERIES = [
    ("", "", "true", "v.id DESC"),
    ("tags.stage = prod", "", TAG.format("stage", "= 'prod'"), "v.id DESC"),
    ("tags.stage = prod and tags.team = 'team-7'", "",
     TAG.format("stage", "= 'prod'") + " AND " + TAG.format("team", "= 'team-7'"), "v.id DESC"),
    ("tags.build = 'b-4711'", "", TAG.format("build", "= 'b-4711'"), "v.id DESC"),
    ("metrics.accuracy > 0.9", "", METRIC.format("accuracy", "> 0.9"), "v.id DESC"),
    ("metrics.f1 > 0.8", "", METRIC.format("f1", "> 0.8"), "v.id DESC"),
    ("metrics.accuracy > 0.9 and tags.site = 'site-9' and not state = draft", "",
     METRIC.format("accuracy", "> 0.9") + " AND " + TAG.format("site", "= 'site-9'") +
     " AND s.status <> 'draft'", "v.id DESC"),
    ("tags.stage = staging and metrics.latency_ms < 10", "metrics.accuracy desc",
     TAG.format("stage", "= 'staging'") + " AND " + METRIC.format("latency_ms", "< 10"),
     ACCURACY + " DESC NULLS LAST"),
    ("tags.site = 'site-3' or tags.owner = 'owner-12'", "",
     "(" + TAG.format("site", "= 'site-3'") + " OR " + TAG.format("owner", "= 'owner-12'") + ")",
     "v.id DESC"),
    ("model like 'model-0012*' and alias exists", "",
     "m.name LIKE 'model-0012%' AND EXISTS (SELECT FROM alias t WHERE t.version_id = v.id)",
     "v.id DESC"),
    ("alias = champion and tags.stage != dev", "",
     "EXISTS (SELECT FROM alias t WHERE t.version_id = v.id AND name = 'champion') AND NOT " +
     TAG.format("stage", "= 'dev'"), "v.id DESC"),
    ("variant = 'dlc/sm8650-htp/int8' and params.epochs > 60 and created >= 2026-03-20", "",
     "EXISTS (SELECT FROM variant t WHERE t.version_id = v.id AND runtime = 'dlc' AND"
     " hardware = 'sm8650-htp' AND precision = 'int8') AND EXISTS (SELECT FROM version_param t"
     " WHERE t.version_id = v.id AND name = 'epochs' AND number > 60)"
     " AND s.created_at >= '2026-03-20Z'", "v.id DESC"),
]

BY_HAND = """
SELECT m.name, v.version, s.status, s.created_at, v.created_by, s.published_at,
    (SELECT json_object_agg(key, value) FROM version_tag t WHERE t.version_id = v.id),
    (SELECT json_object_agg(name, value_text) FROM version_metric t
        WHERE t.version_id = v.id AND main),
    (SELECT json_agg(runtime || '/' || hardware || '/' || precision) FROM variant t
        WHERE t.version_id = v.id),
    (SELECT json_agg(name) FROM alias t WHERE t.version_id = v.id)
FROM version_state s JOIN model_version v ON v.id = s.version_id JOIN model m ON m.id = s.model_id
WHERE s.workspace_id = (SELECT id FROM workspace WHERE name = 'default')
    AND {states} AND {condition} ORDER BY {order} LIMIT 100;
"""


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def ask(admin, number):
    query, order, _, _ = QUERIES[number]
    address = "/api/v1/search?" + urllib.parse.urlencode(
        {"q": query, "order_by": order, "limit": 100})
    before = time.perf_counter()
    reply = admin.get(address)
    took = (time.perf_counter() - before) * 1000
    return took, [(item["model"], item["version"]) for item in reply.expect(200).json()["items"]]


def by_hand(number):
    query, _, condition, order = QUERIES[number]
    states = "true" if "state" in query.split() else "s.status <> 'archived'"
    return BY_HAND.format(states=states, condition=condition, order=order)


def ask_psql(database, numbers):
    """The milliseconds of each statement, as psql measures them."""
    script = "\\timing on\n\\o /dev/null\nSET jit = off;\n" + "".join(map(by_hand, numbers))
    done = subprocess.run([paths.postgres_bin("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
                           database.url(role="postgres"), "-f", "-"], input=script, text=True,
                          capture_output=True, check=True)
    return [float(ms) for ms in re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.M)][1:]


def check(admin, database):
    """Both find the same, or nothing was measured."""
    for number, (query, order, _, _) in enumerate(QUERIES):
        _, ours = ask(admin, number)
        theirs = [(row[0], row[1]) for row in database.sql(by_hand(number))]
        same = ours == theirs if not order else len(ours) == len(theirs)
        assert same, f"'{query}': {ours[:3]} is not {theirs[:3]}"


def main():
    models = int(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    print(benchlib.machine())
    with benchlib.served() as (_, admin, database):
        catalogue.fill(database, models, VERSIONS)
        print(f"{database.value('SELECT count(*) FROM model_version')} versions,"
              f" {database.value('SELECT count(*) FROM version_tag')} tags")
        check(admin, database)
        ours = [[] for _ in QUERIES]
        peer = [[] for _ in QUERIES]
        rounds = []
        for number in range(ROUNDS):
            for i in range(TIMES * len(QUERIES)):
                ours[i % len(QUERIES)].append(ask(admin, i % len(QUERIES))[0])
            theirs = ask_psql(database, [i for _ in range(2) for i in range(len(QUERIES))])
            for i, took in enumerate(theirs):
                peer[i % len(QUERIES)].append(took)
            rounds.append((quantile([t for times in ours for t in times[-TIMES:]], 0.95),
                           quantile([t for times in peer for t in times[-2:]], 0.95)))
            print(f"round {number + 1}: p95 ours {rounds[-1][0]:.1f} ms, by hand"
                  f" {rounds[-1][1]:.1f} ms")
    for (query, order, _, _), mine, theirs in zip(QUERIES, ours, peer):
        print(f"  {benchlib.median(mine):7.1f} ms, p95 {quantile(mine, 0.95):7.1f} ms, by hand"
              f" {benchlib.median(theirs):7.1f} ms: {query or '(all)'}{' by ' if order else ''}{order}")
    p95 = benchlib.median(mine for mine, _ in rounds)
    by_people = benchlib.median(theirs for _, theirs in rounds)
    print(f"p95 by hand {by_people:.1f} ms, ours is {p95 / by_people:.2f} of it")
    benchlib.result("search", p95, "ms p95", goal=GOAL_MS)


if __name__ == "__main__":
    main()
