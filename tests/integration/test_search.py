# SPDX-License-Identifier: Apache-2.0
"""Search: the grammar over REST against the same conditions in Python, pages, mistakes."""

import concurrent.futures
import datetime
import fnmatch
import json
import operator
import random
import re
import urllib.parse

import pytest

from ferry import catalogue

SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
         ">": operator.gt, ">=": operator.ge}


def address(query="", **arguments):
    return "/api/v1/search?" + urllib.parse.urlencode({"q": query, **arguments})


def found(api, query="", limit=1000, **arguments):
    """MODEL@VERSION of all that match, page after page."""
    items = api.items(address(query, **arguments), limit)
    return [f"{item['model']}@{item['version']}" for item in items]


# ---- what a query means, in Python ----------------------------------------------------------------


def text_of(fact, field):
    """All values that a version has of a field of texts."""
    if field.startswith("tags."):
        values = [fact["tags"].get(field[5:])]
    elif field.startswith("params."):
        values = [fact["params"].get(field[7:])]
    elif field in ("runtime", "hardware", "precision"):
        at = ("runtime", "hardware", "precision").index(field)
        values = [variant[at] for variant in fact["variants"]]
    elif field == "variant":
        values = ["/".join(variant) for variant in fact["variants"]]
    elif field in ("alias", "approved_by"):
        values = fact["aliases" if field == "alias" else field]
    else:
        values = [fact[field]]
    return [value for value in values if value is not None]


def number_of(fact, field):
    if field.endswith("@'dataset:street@2'"):
        return fact["street"].get(field[8:].split("@", 1)[0])
    if field.startswith("metrics."):
        return fact["metrics"].get(field[8:])
    value = fact["params"].get(field[7:])
    return float(value) if value is not None and re.fullmatch("[0-9]+", value) else None


def glob(pattern):
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]"))).fullmatch


class Dice(random.Random):
    """Conditions: (text, predicate, whether it is about states)."""

    def __init__(self, seed, facts):
        super().__init__(seed)
        self.facts = facts

    def text_condition(self):
        field = self.choice(["tags.stage", "tags.team", "tags.build", "tags.none", "model",
                             "version", "created_by", "alias", "runtime", "hardware", "precision",
                             "variant", "approved_by", "params.optimizer"])
        have = text_of(self.choice(self.facts), field)
        value = self.choice(have or ["nothing"])
        kind = self.choice(["sign", "in", "like", "order"])
        if kind == "in":
            values = [value, "it's", self.choice(have or ["x"])]
            listed = ", ".join("'" + one.replace("'", "''") + "'" for one in values)
            return (f"{field} in ({listed})",
                    lambda f: any(v in values for v in text_of(f, field)))
        if kind == "like":
            at = self.randrange(len(value))
            pattern = value[:at] + self.choice(["*", "?", "*" + value[at + 1:], "?" + value[at + 1:]])
            return (f"{field} like '{pattern}'",
                    lambda f: any(glob(pattern)(v) for v in text_of(f, field)))
        if kind == "order" and field.split(".")[0] in ("tags", "model", "created_by", "params"):
            sign = self.choice(["<", "<=", ">", ">="])
            return (f"{field} {sign} '{value}'",
                    lambda f: any(SIGNS[sign](v, value) for v in text_of(f, field)))
        if self.random() < 0.3:
            return f"{field} != '{value}'", lambda f: value not in text_of(f, field)
        return f"{field} = '{value}'", lambda f: value in text_of(f, field)

    def number_condition(self):
        field = self.choice(["metrics.accuracy", "metrics.f1", "metrics.latency_ms", "params.epochs",
                             "params.optimizer", "metrics.accuracy@'dataset:street@2'"])
        have = [number_of(self.choice(self.facts), field) for _ in range(400)]
        value = self.choice([number for number in have if number is not None] or [7.0])
        sign = self.choice(list(SIGNS))

        def holds(fact):
            number = number_of(fact, field)
            if number is None:
                return sign == "!="
            return SIGNS[sign](number, value)

        return f"{field} {sign} {value!r}", holds

    def other_condition(self):
        fact = self.choice(self.facts)
        kind = self.choice(["time", "state", "exists"])
        if kind == "time":
            field, sign = self.choice(["created", "published"]), self.choice(["<", "<=", ">", ">="])
            ms = fact[field] or fact["created"]
            at = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
            return (f"{field} {sign} {at.isoformat().replace('+00:00', 'Z')}",
                    lambda f: f[field] is not None and SIGNS[sign](f[field], ms))
        if kind == "state":
            return f"state = {fact['state']}", lambda f: f["state"] == fact["state"]
        field = self.choice(["metrics.f1", "alias", "tags.none", "params.epochs", "approved_by"])
        return f"{field} exists", lambda f: (number_of(f, field) is not None if "." in field and
                                             "tags" not in field else bool(text_of(f, field)))

    def condition(self):
        return self.choice([self.text_condition, self.text_condition, self.number_condition,
                            self.other_condition])()

    def query(self, depth):
        kind = self.choice(["and", "and", "or", "not", "one"]) if depth else "one"
        if kind == "one":
            return self.condition()
        if kind == "not":
            text, holds = self.query(depth - 1)
            return f"not ({text})", lambda f: not holds(f)
        parts = [self.query(depth - 1) for _ in range(self.choice([2, 2, 3]))]
        every = all if kind == "and" else any
        return (f" {kind} ".join(f"({text})" for text, _ in parts),
                lambda f: every(holds(f) for _, holds in parts))


def sort_key(field):
    """Of a fact; None: it has no value."""
    def key(fact):
        if field.startswith(("metrics.", "params.")):
            return number_of(fact, field)
        if field in ("created", "published"):
            return fact[field]
        return min(text_of(fact, field), default=None)
    return key


def in_order(facts, order):
    if not order:
        return sorted(facts, key=lambda f: -f["id"])
    field, _, direction = order.partition(" ")
    key = sort_key(field)
    have = [fact for fact in facts if key(fact) is not None]
    rest = [fact for fact in facts if key(fact) is None]
    down = direction == "desc"
    return (sorted(have, key=lambda f: (key(f), f["id"]), reverse=down) +
            sorted(rest, key=lambda f: f["id"], reverse=down))


ORDERS = ["", "", "created", "published desc", "metrics.accuracy desc", "metrics.f1",
          "params.epochs", "params.optimizer desc", "tags.team", "tags.build desc", "model",
          "version desc", "state", "alias", "runtime desc", "metrics.accuracy@'dataset:street@2'"]


@pytest.fixture
def catalogued(admin, database):
    """Enough that each way to search is taken; returns the facts."""
    catalogue.fill(database, 250, 12)
    rows = database.sql(catalogue.FACTS)
    return [json.loads(row[0]) for row in rows]


def test_any_query_finds_what_the_same_conditions_find_in_python(viewer, catalogued):
    facts = catalogued
    names = {fact["id"]: f"{fact['model']}@{fact['version']}" for fact in facts}
    sizes = []
    for seed in range(300):
        dice = Dice(seed, facts)
        text, holds = dice.query(dice.choice([0, 1, 2, 3]))
        order = dice.choice(ORDERS)
        states = "state =" in text
        wanted = [names[fact["id"]] for fact in
                  in_order([f for f in facts if holds(f) and (states or f["state"] != "archived")],
                           order)]
        limit = dice.choice([1000, 1000, 333, 70]) if len(wanted) < 700 else 1000
        got = found(viewer, text, limit, order_by=order)
        assert got == wanted, (seed, text, order, limit)
        sizes.append(len(wanted))
    # the dice gave queries of all sizes, or nothing was tested
    assert sum(size == 0 for size in sizes) < 150
    assert sum(0 < size < 1000 for size in sizes) > 50
    assert sum(size > 1000 for size in sizes) > 20


def test_models_are_found(viewer, catalogued, database):
    total = int(database.value("SELECT count(*) FROM model WHERE archived_at IS NULL"))

    def models(query, **arguments):
        items = viewer.items(address(query, of="models", **arguments), 37)
        return [item["name"] for item in items]

    assert len(models("")) == total
    assert models("", order_by="name") == sorted(models(""))
    assert models("name like 'model-0001?'", order_by="name desc") == [
        f"model-{n:05}" for n in range(19, 9, -1)]
    vision = models("tags.area = vision and alias = shadow and created < 2026-01-05")
    assert vision and set(vision) == set(models("tags.area = vision")) & set(
        models("alias = shadow")) & set(models("created < 2026-01-05"))
    archived = models("state = archived")
    assert archived and not set(archived) & set(models(""))
    assert models("not created_by in ('maker-0', 'maker-1')", order_by="created") == models(
        "created_by = 'maker-2'", order_by="created asc")
    refused = viewer.get(address("metrics.accuracy > 1", of="models")).expect(400)
    assert refused.problem == "invalid-query" and refused.json()["column"] == 1
    shown = viewer.get(address("name = 'model-00001'", of="models")).expect(200).json()["items"]
    assert shown[0]["tags"] == {"area": shown[0]["tags"]["area"]}
    assert shown[0]["aliases"]["champion"].startswith("1.") and shown[0]["state"] == "active"


# ---- what really was published ------------------------------------------------------------------


def test_what_was_published_is_found_by_all_that_is_known_of_it(publisher, admin, viewer, publish):
    publish(metrics={"accuracy": "0.97"}, tags={"team": "vision"}, params={"epochs": "12"})
    publish(version="2.0.0", data=b"better", metrics={"accuracy": "0.99"}, tags={"team": "audio"})
    digits = "/api/v1/models/digits"
    publisher.put(f"{digits}/aliases/champion", {"version": "2.0.0"}).expect(200)
    publisher.patch(f"{digits}/versions/1.0.0", json={"tags": {"stage": "prod"}, "metrics": [
        {"name": "f1", "value": "0.5", "dataset": "dataset:street@2"}]}).expect(200)
    admin.post(f"{digits}/versions/1.0.0/approvals", {"reason": "good"}).expect(201)
    both, one, two = ["digits@2.0.0", "digits@1.0.0"], ["digits@1.0.0"], ["digits@2.0.0"]
    for query, expected in [
            ("", both), ("model = digits", both), ("version = 1.0.0", one),
            ("metrics.accuracy > 0.98", two), ("metrics.accuracy >= 0.97", both),
            ("tags.stage = prod", one), ("tags.stage != prod", two), ("params.epochs > 9", one),
            ("params.epochs > '9'", []), ("alias = champion", two), ("not alias exists", one),
            ("metrics.f1@dataset:street@2 < 1", one), ("metrics.f1@dataset:other > 0", []),
            ("runtime = raw and precision = fp32", both), ("variant like 'raw/*'", both),
            ("approved_by = test-admin", one), ("state = published", both),
            ("created > 2020-01-01", both), ("created > 2999-01-01", []),
            ("created_by = test-publisher", both)]:
        assert found(viewer, query) == expected, query
    assert found(viewer, order_by="metrics.accuracy") == one + two
    (item,) = viewer.get(address("version = 1.0.0")).expect(200).json()["items"]
    assert item["tags"] == {"stage": "prod", "team": "vision"}
    assert item["metrics"] == {"accuracy": "0.97", "f1": "0.5"}
    assert item["variants"] == ["raw/cpu/fp32"] and item["state"] == "published"
    # what changes is found as it is now
    publisher.put(f"{digits}/aliases/champion", {"version": "1.0.0"}).expect(200)
    publisher.put(f"{digits}/versions/2.0.0/archive", {"reason": "old"}).expect(200, 204)
    assert found(viewer, "alias = champion") == one and found(viewer) == one
    assert found(viewer, "state = archived") == two


def test_another_workspace_is_not_searched(server, viewer, publish):
    publish()
    server.run("workspace", "create", "other")
    stranger = server.api(server.create_token("admin", workspace="other"))
    assert found(viewer, "model = digits") == ["digits@1.0.0"]
    for query in ["", "model = digits", "not tags.x = y", "created > 2020-01-01"]:
        assert found(stranger, query) == []
        assert list(stranger.items(address(query, of="models"))) == []
    for query in ["runtime = raw", "not alias exists", "created_by = test-publisher"]:
        assert found(viewer, query) == ["digits@1.0.0"] and found(stranger, query) == []


# ---- pages --------------------------------------------------------------------------------------


def test_pages_hold_still_while_versions_are_published(viewer, publish):
    for number in range(12):
        publish(version=f"1.{number}.0", data=b"%d" % number, metrics={"n": str(number % 3)})
    before = {order: found(viewer, "model = digits", order_by=order)
              for order in ["", "metrics.n desc", "created", "version"]}
    for order, whole in before.items():
        got, after, turn = [], None, 0
        while True:
            more = {"after": after} if after else {}
            page = viewer.get(address("model = digits", order_by=order, limit=4, **more))
            got += [item["version"] for item in page.expect(200).json()["items"]]
            after = page.json()["next"]
            if not after:
                break
            turn += 1
            publish(version=f"2.{turn}.0-{order.split('.')[0].split(' ')[0] or 'x'}", data=b"new",
                    metrics={"n": str(turn % 3)})
        assert len(got) == len(set(got)), order
        old = [version for version in got if version.startswith("1.")]
        assert old == [name.split("@")[1] for name in whole if "@1." in name], order


def test_pages_hold_still_while_others_publish_at_once(server, viewer, publisher, publish):
    for number in range(8):
        publish(version=f"1.{number}.0", data=b"%d" % number)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [publish(version=f"3.{n}.0", data=b"w%d" % n)
                                       for n in range(15)])
        while True:
            done = writing.done()
            got = found(viewer, "model = digits", limit=3)
            assert len(got) == len(set(got))
            assert [name for name in got if "@1." in name] == [
                f"digits@1.{n}.0" for n in range(7, -1, -1)]
            if done:
                break
        writing.result()
    assert len(found(viewer, "model = digits")) == 23


def test_a_cursor_belongs_to_its_search(viewer, publish):
    for number in range(3):
        publish(version=f"1.{number}.0", data=b"%d" % number, metrics={"n": str(number)})
    first = viewer.get(address("model = digits", limit=1)).expect(200).json()
    same = viewer.get(address("name  =  'digits'", limit=1, after=first["next"])).expect(200).json()
    assert same["items"][0]["version"] == "1.1.0"
    for other in [address("model != digits", limit=1, after=first["next"]),
                  address("model = digits", order_by="metrics.n", after=first["next"]),
                  address("model = digits", of="models", after=first["next"])]:
        assert viewer.get(other).expect(400).problem == "invalid-field"


@pytest.mark.parametrize("order", ["", "metrics.n", "created desc", "tags.t"])
def test_a_forged_cursor_is_refused_or_finds_nothing_else(viewer, publish, order):
    import base64
    for number in range(2):
        publish(version=f"1.{number}.0", data=b"%d" % number, metrics={"n": "1"}, tags={"t": "x"})
    cursor = viewer.get(address("", order_by=order, limit=1)).json()["next"]
    key = base64.urlsafe_b64decode(cursor + "==").decode()
    mark = key.split(":", 1)[0]
    for forged in [f"{mark}:0:", f"{mark}:-1:", f"{mark}:99999999999999999999:", f"{mark}:1",
                   f"{mark}:1:x", f"{mark}:1:=nan", f"{mark}:1:=1e999", f"{mark}:1:=0x1p3",
                   f"{mark}:1:=2026-99-99T00:00:00Z", f"{mark}:1:=' OR true --", ":1:=1", "x"]:
        after = base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")
        reply = viewer.get(address("", order_by=order, limit=1, after=after))
        assert reply.status in (200, 400), (forged, reply)
        if order in ("metrics.n", "created desc"):
            assert reply.status == 400, (forged, reply)


# ---- mistakes and attacks -----------------------------------------------------------------------


@pytest.mark.parametrize("query, column, says", [
    ("metrics.accuracy > x", 20, "a number expected"),
    ("accuracy > 0.9", 1, "no field 'accuracy'"),
    ("model = 'x", 9, "no other that closes it"),
    ("(model = x", 11, "'and', 'or' or ) expected"),
    ("tags.é = 1", 6, "a key expected"),
    ("state = gone", 9, "draft, published, archived or deleted"),
    ("model = " + "a" * 5000, 1, "at most 4096 bytes"),
    (" or ".join(["alias = a"] * 33), 417, "at most 32 conditions"),
    ("(" * 200 + "alias = a" + ")" * 200, 17, "at most 16 levels"),
])
def test_a_query_that_is_wrong_says_where(viewer, query, column, says):
    reply = viewer.get(address(query)).expect(400)
    assert reply.problem == "invalid-query"
    assert reply.json()["in"] == "q" and reply.json()["column"] == column, reply
    assert says in reply.json()["detail"]


def test_other_arguments_that_are_wrong_say_so_too(viewer):
    reply = viewer.get(address("", order_by="stars")).expect(400)
    assert reply.problem == "invalid-query" and reply.json()["in"] == "order_by"
    assert viewer.get(address("", of="devices")).expect(400).problem == "invalid-field"
    assert viewer.get(address("", limit="0")).expect(400).problem == "invalid-field"
    assert viewer.get(address("", after="!")).expect(400).problem == "invalid-field"


@pytest.mark.parametrize("text", [
    "'; DROP TABLE model; --", "x' OR '1'='1", "\\'; SELECT 1; --", "$1", "$99::text", "%", "_",
    "x\\", "E'\\x00'", "\u2019 OR true", "{a,b}", "NULL", "\\N", "''", '"',
])
def test_sql_in_a_query_is_text(viewer, publish, database, text):
    publish(tags={"note": text[:1024], "plain": "x"})
    publish(version="2.0.0", data=b"2", tags={"note": "other"})
    quoted = "'" + text.replace("'", "''") + "'"
    like = quoted.replace("*", "").replace("?", "")
    for query in [f"tags.note = {quoted}", f"tags.note in ('zz', {quoted})",
                  f"tags.note like {like}", f"not tags.note != {quoted}"]:
        assert found(viewer, query) == ["digits@1.0.0"], query
    for query in [f"model = {quoted}", f"created_by like {quoted}", f"params.x = {quoted}",
                  f"variant = {quoted}", f"alias in ({quoted})", f"approved_by = {quoted}",
                  f"version = {quoted}", f"metrics.a@{quoted} > 0"]:
        assert found(viewer, query) == [], query
    for query in [f"tags.{text} = x", f"tags.{quoted} = x", f"{text} = 1", f"model = x {text}"]:
        assert viewer.get(address(query)).status in (200, 400), query
    assert viewer.get(address("", order_by=f"tags.{quoted}")).status in (200, 400)
    assert int(database.value("SELECT count(*) FROM model")) == 1


def test_the_largest_query_is_answered(viewer, publish):
    publish(tags={"a": "1"})
    terms = [f"metrics.m{n}@'dataset:d{n}' > {n}" for n in range(31)] + ["tags.a in (1, 2)"]
    assert found(viewer, " or ".join(terms)) == ["digits@1.0.0"]
    assert found(viewer, " and ".join(f"not {term}" for term in terms)) == []
    deep = "not (" * 7 + "tags.a = 1" + ")" * 7
    assert found(viewer, deep) == []


# ---- indexes --------------------------------------------------------------------------------------


@pytest.fixture
def plans(admin, database, make_server):
    """plans(query, …) -> the plans of the statements that answered it, as PostgreSQL logs them."""
    catalogue.fill(database, 750, 12)
    database.cluster.sql(f"""
        ALTER DATABASE {database.name} SET session_preload_libraries = 'auto_explain';
        ALTER DATABASE {database.name} SET auto_explain.log_min_duration = 0;
    """)
    api = make_server(name="explained").api(admin.token)

    def ask(query, **arguments):
        before = len(database.cluster.log_text())
        api.get(address(query, **arguments)).expect(200)
        return database.cluster.log_text()[before:].split(" plan:\n")[1:]

    return ask


# What is searched, of which kind of thing, and the column whose condition an index answers.
INDEXED = [
    ("model = 'model-00012'", "versions", "name"), ("model >= 'model-00749'", "versions", "name"),
    ("version = '1.2.0'", "versions", "version"), ("version like '1.2.*'", "versions", "version"),
    ("state = archived", "versions", "status"), ("state = draft", "versions", "status"),
    ("created >= 2026-02-07", "versions", "created_at"),
    ("published < 2026-02-02", "versions", "published_at"),
    ("created_by = 'token-7'", "versions", "created_by"),
    ("created_by like 'token-7*'", "versions", "created_by"),
    ("tags.team = 'team-7'", "versions", "value"), ("tags.build like 'b-4*'", "versions", "value"),
    ("tags.nothing exists", "versions", "key"), ("params.epochs > 60", "versions", "number"),
    ("params.optimizer = none", "versions", "value"),
    ("params.optimizer like 'x*'", "versions", "value"),
    ("metrics.accuracy > 0.99", "versions", "value"),
    ("metrics.accuracy@'dataset:street@2' > 0.9", "versions", "dataset"),
    ("alias = nobody", "versions", "name"), ("runtime = dlc", "versions", "runtime"),
    ("hardware = 'sm8650-htp'", "versions", "hardware"), ("precision = int4", "versions", "precision"),
    ("variant = 'dlc/sm9/int8'", "versions", "runtime"), ("approved_by = 'none'", "versions", "approved_by"),
    ("model = 'model-00012'", "models", "name"), ("state = archived", "models", "archived_at"),
    ("created < 2026-01-02", "models", "created_at"), ("created_by = 'none'", "models", "created_by"),
    ("tags.area = none", "models", "value"), ("alias = nobody", "models", "name"),
]


def test_every_field_that_is_searched_is_answered_by_an_index(plans):
    """Values that few have, among 9,000 versions; what all have is found by walking on."""
    for query, of, column in INDEXED:
        conditions = [line for plan in plans(query, of=of) if "q.id" in plan
                      for line in plan.splitlines() if "Index Cond" in line]
        served = [line for line in conditions if re.search(rf"workspace_id = .*\b{column}\b", line)]
        assert served, (query, of, conditions)


def test_every_field_has_its_row_above(viewer):
    for of in ("versions", "models"):
        said = viewer.get(address("nonsense = 1", of=of)).expect(400).json()["detail"]
        fields = {field.removesuffix(".KEY") for field in said.split("there are ")[1].split(", ")}
        rows = {re.split(r"[ .@]", query)[0] for query, kind, _ in INDEXED if kind == of}
        assert rows == fields, of
