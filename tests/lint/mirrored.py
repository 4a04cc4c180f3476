# SPDX-License-Identifier: Apache-2.0
"""Every module has its header and its unit test at the mirrored path."""

import lintlib

# Modules whose work is proven by the integration tests that drive the real thing, and why.
TESTED_ELSEWHERE = {
    "server/app.c": "every integration test starts and stops one",
    "server/commands.c": "tests/integration/test_server.py",
    "server/dev.c": "deploy/quickstart --check, tests/integration/test_server.py",
    "server/schema.c": "tests/integration/test_outage.py",
    "client/agent/chores.c": "tests/integration/test_agent.py: tokens, attributes",
    "client/agent/daemon.c": "tests/integration/test_agent.py starts and stops it in each test",
    "client/agent/enroll.c": "tests/integration/test_agent.py: enrolment",
    "client/agent/status.c": "tests/integration/test_agent.py, tests/e2e/test_reload.py",
}

# Layers whose modules speak to PostgreSQL, a socket or a whole program: integration tests cover
# them, and a unit test would only restate them.
INTEGRATION_LAYERS = ("server/db/q_", "server/api/", "server/device/")

ROOTS = ("common/", "server/", "client/")


def _wanted(path):
    """Where the test may be: at the module's name, or at that of the module it is a part of
    (options_value.c is tested by test_options.c)."""
    folder = "".join(part + "/" for part in path.parts[1:-1])
    stems = [path.stem]
    while "_" in stems[-1]:
        stems.append(stems[-1].rsplit("_", 1)[0])
    return [f"tests/unit/{folder}test_{stem}.c" for stem in stems]


def check(tree):
    """A module is .h, .c and test_*.c."""
    tests = {str(path) for path in tree.files("*.c") if str(path).startswith("tests/unit/")}
    headers = {str(path) for path in tree.files("*.h")}
    for path in tree.files("*.c"):
        name = str(path)
        if not name.startswith(ROOTS) or path.stem == "main":
            continue
        if name[:-2] + ".h" not in headers:
            yield f"{name}: no {path.stem}.h beside it: the header is the contract"
        if name in TESTED_ELSEWHERE or name.startswith(INTEGRATION_LAYERS):
            continue
        wanted = _wanted(path)
        if not tests.intersection(wanted):
            yield f"{name}: no {wanted[0]}"
    if not (tree.root / "tests/lint/mirrored.py").is_file():
        return
    for name, test in sorted(TESTED_ELSEWHERE.items()):
        for path in (name, test):
            if not (tree.root / path).is_file():
                yield f"tests/lint/mirrored.py: '{path}' is gone: mend the entry of '{name}'"


if __name__ == "__main__":
    lintlib.main(check)
