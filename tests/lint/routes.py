# SPDX-License-Identifier: Apache-2.0
"""Every route of the tables is in docs/openapi.yaml, and the other way round."""

import re

import lintlib
import yaml

TABLES = ("server/api/routes.c", "server/device/routes.c")
DESCRIPTION = "docs/openapi.yaml"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

ROUTE = re.compile(r'\{\s*"([A-Z]+)",\s*"(/[^"]*)",\s*([A-Z_]+)\s*,')


def declared(tree):
    """{(method, path): (table, roles)} of the route tables."""
    routes = {}
    for table in TABLES:
        if (tree.root / table).is_file():
            for method, path, roles in ROUTE.findall(tree.read(table)):
                routes[method, path] = (table, roles)
    return routes


def described(tree):
    """{(method, path): operation} of the description."""
    document = yaml.safe_load(tree.read(DESCRIPTION))
    return {(method.upper(), path): operation
            for path, item in document["paths"].items()
            for method, operation in item.items() if method in METHODS}, document


def _shape(key, operation, roles):
    where = f"{DESCRIPTION}: {key[0]} {key[1]}"
    if not operation.get("summary"):
        yield f"{where}: no summary"
    if not operation.get("responses"):
        yield f"{where}: no responses"
    said = operation.get("security")
    public = said == [] or said == [{}]
    if (roles == "ROLES_PUBLIC") != public:
        yield (f"{where}: the table says {roles}, the description says"
               f" {'no token needed' if public else 'a token is needed'} (security: [] is public)")


def check(tree):
    """Routes and their description agree."""
    routes = declared(tree)
    if not routes:
        yield f"no routes found in {' or '.join(TABLES)}"
        return
    if not (tree.root / DESCRIPTION).is_file():
        yield f"{DESCRIPTION} is missing"
        return
    operations, document = described(tree)
    default_security = document.get("security")
    for key, (table, roles) in routes.items():
        # HEAD comes with GET where a table has no HEAD of its own.
        if key not in operations:
            yield f"{table}: {key[0]} {key[1]} is not in {DESCRIPTION}"
            continue
        operation = dict(operations[key])
        operation.setdefault("security", default_security)
        yield from _shape(key, operation, roles)
    for method, path in operations:
        if (method, path) in routes or (method == "HEAD" and ("GET", path) in routes):
            continue
        yield f"{DESCRIPTION}: {method} {path} is in no route table"


if __name__ == "__main__":
    lintlib.main(check)
