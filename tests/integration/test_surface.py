# SPDX-License-Identifier: Apache-2.0
"""Every route of both tables, asked wrongly in every way that needs no knowledge of it."""

import pathlib
import re
import sys

import pytest

from ferry import paths

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lint"))
import lintlib  # noqa: E402
import routes as route_lint  # noqa: E402

ROLES = {
    "ROLES_READ": {"viewer", "operator", "publisher", "admin"},
    "ROLES_OPERATE": {"operator", "admin"},
    "ROLES_PUBLISH": {"publisher", "admin"},
    "ROLES_REGISTER": {"operator", "publisher", "admin"},
    "ROLES_ADMIN": {"admin"},
}

TABLES = route_lint.declared(lintlib.Tree(paths.ROOT))
API = sorted((method, path, roles) for (method, path), (table, roles) in TABLES.items()
             if "/api/" in table)
DEVICE = sorted((method, path, roles) for (method, path), (table, roles) in TABLES.items()
                if "/device/" in table)
BODIES = ("POST", "PUT", "PATCH")
ALONE = {"/api/v1/audit/checkpoints", "/api/v1/audit/key"}  # the method says it all: no body


@pytest.fixture
def server_options(scratch):
    """A server that can sign, so that no 503 is an answer."""
    master = scratch / "master.key"
    master.write_text("5a" * 32 + "\n")
    master.chmod(0o600)
    return {"keys": {"master_file": master}}


def fill(path, value="none"):
    """A path without captures: all of them are this value."""
    return re.sub(r"\{[^}]+\}", value, path)


def ids(cases):
    return [f"{method}-{path}" for method, path, _ in cases]


def check_problem(reply, status, method="GET"):
    """A problem document that says what to do; HEAD has its status only."""
    assert reply.status == status, repr(reply)
    if method == "HEAD":
        return
    document = reply.json()
    assert reply.header("Content-Type") == "application/problem+json"
    assert document["type"].startswith("https://") and document["status"] == status
    assert document["title"] and document["request_id"]
    if status < 500:
        assert len(document["detail"]) > 8, document


def test_both_tables_have_routes():
    assert len(API) > 20 and len(DEVICE) > 5


# One server for all of these: they change nothing that another one sees.
@pytest.mark.parametrize("table", ["api", "device"])
def test_no_token_and_a_wrong_one_are_401(server, table):
    for method, path, roles in API if table == "api" else DEVICE:
        if roles == "ROLES_PUBLIC":
            continue
        for token in (None, "mft_" + "0" * 43, "nonsense"):
            api = server.api(token) if table == "api" else server.device(token)
            reply = api.request(method, fill(path))
            check_problem(reply, 401, method)
            assert "Bearer" in reply.header("WWW-Authenticate", ""), (method, path)


def test_a_token_without_the_role_is_403(viewer, operator, publisher):
    callers = {"viewer": viewer, "operator": operator, "publisher": publisher}
    for method, path, roles in API:
        if roles == "ROLES_PUBLIC":
            continue
        for role, api in callers.items():
            if role in ROLES[roles]:
                continue
            body = b"{}" if method in BODIES and path not in ALONE else None
            reply = api.request(method, fill(path), body=body,
                                headers={"Content-Type": "application/json"})
            check_problem(reply, 403, method)


@pytest.mark.parametrize("listener", ["api", "device"])
def test_a_method_that_no_route_has_is_405_with_allow(server, listener):
    table = API if listener == "api" else DEVICE
    methods = {}
    for method, path, _ in table:
        methods.setdefault(path, set()).add(method)
    target = server.api() if listener == "api" else server.device()
    for path, known in methods.items():
        for method in {"GET", "PUT", "POST", "DELETE", "PATCH"} - known:
            # another pattern may match the filled path
            if any(m == method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", p), fill(path))
                   for m, p, _ in table):
                continue
            reply = target.request(method, fill(path))
            check_problem(reply, 405)
            allowed = {word.strip() for word in reply.header("Allow").split(",")}
            assert known <= allowed, (method, path, allowed)


GARBAGE = [b"", b"{", b"[]", b"null", b"42", b'"text"', b'{"a":1,"a":2}', b"\xff\xfe",
           b'{"unknown_member_of_nobody": true}', b"[" * 5000, b'{"name": "\\ud800"}',
           b'{"name": 1e999}', b"\x00" * 64]


def test_garbage_bodies_are_4xx(admin):
    """Malformed, wrong shape, bad UTF-8, deep, unknown members: never a 5xx, never a hang."""
    for method, path, roles in API:
        if method not in BODIES or roles == "ROLES_PUBLIC" or "/artifacts/" in path:
            continue
        for body in GARBAGE:
            if (body == b"[]" and path.endswith("/batch")) or (body == b"" and path in ALONE):
                continue  # a batch of none; nothing wrong
            for kind in ("application/json", "text/plain", None):
                headers = {"Content-Type": kind} if kind else {}
                reply = admin.request(method, fill(path), body=body, headers=headers)
                assert 400 <= reply.status < 500, (method, path, body[:40], reply)
                check_problem(reply, reply.status)


def test_garbage_bodies_of_devices_are_4xx(device):
    for method, path, _ in DEVICE:
        if method not in BODIES or path.endswith("/token"):
            continue
        for body in GARBAGE:
            reply = device.request(method, fill(path), body=body,
                                   headers={"Content-Type": "application/json"})
            assert 400 <= reply.status < 500, (method, path, body[:40], reply)


NAMES = ["none", "%00", "%ff%fe", "..", "%2e%2e", "a" * 3000, "%F0%9F%A6%8A", "a%2Fb", "'; DROP--",
         "UPPER", "-1", "9" * 40, "%", "%zz"]


def test_odd_names_in_paths_are_4xx(admin, device):
    for api, table in ((admin, API), (device, DEVICE)):
        for method, path, roles in table:
            if "{" not in path:
                continue
            for name in NAMES:
                raw = fill(path, name.replace(" ", "%20").replace("'", "%27"))
                reply = api.request(method, raw, body=b"{}" if method in BODIES else None,
                                    headers={"Content-Type": "application/json"})
                assert 400 <= reply.status < 500, (method, raw, reply)


QUERIES = ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=", "limit=99999999999999999999",
           "after=%ff", "after=' OR 1=1", "after=" + "A" * 4000, "after=%00", "state=bogus",
           "online=maybe", "unknown=1"]


def test_odd_queries_are_no_5xx(admin):
    for method, path, roles in API:
        if method != "GET" or path == "/metrics":
            continue
        for query in QUERIES:
            reply = admin.get(f"{fill(path)}?{query.replace(' ', '%20')}")
            assert reply.status < 500, (path, query, reply)


def test_an_unknown_path_is_404(server):
    for api in (server.api(), server.device()):
        for path in ("/", "/api", "/api/v2/models", "/favicon.ico", "//", "/../etc/passwd",
                     "/api/v1/models/", "/device/v1/"):
            assert api.get(path).status in (400, 401, 404), path


def test_head_answers_as_get_without_a_body(admin):
    for method, path, _ in API:
        if method == "GET" and "{" not in path:
            reply = admin.head(path)
            assert reply.status == admin.get(path).status and reply.body == b"", path
