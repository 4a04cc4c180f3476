# SPDX-License-Identifier: Apache-2.0
"""Each check fails on a bad sample, for the right reason, and is silent on a good one."""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import lintlib  # noqa: E402

SPDX_C = "/* SPDX-License-Identifier: Apache-2.0 */\n"
SPDX = "# SPDX-License-Identifier: Apache-2.0\n"

GUARDED = SPDX_C + "#ifndef BASE_X_H\n#define BASE_X_H\n\nint x_one(void);\n\n#endif\n"
LONG = "int x_f(void)\n{\n" + "    x_g();\n" * 90 + "    return 0;\n}\n"
TABLE = ('const struct route r[] = {\n    {"GET", "/a", ROLES_READ, ROUTE_INLINE, 0, 0, a},\n'
         '    {"POST", "/b", ROLES_PUBLIC, ROUTE_INLINE, 0, 0, b},\n};\n')


def openapi(**paths):
    operation = {"summary": "s", "responses": {"200": {"description": "d"}}}
    return json.dumps({"security": [{"t": []}], "paths": {
        "/a": {"get": operation}, "/b": {"post": {**operation, "security": []}}, **paths}})


# check, files of the sample, what must be said (None: nothing)
SAMPLES = [
    ("layering", {"common/base/x.c": '#include "base/y.h"\n', "common/base/y.h": ""}, None),
    ("layering", {"common/base/x.c": '#include "http/y.h"\n', "server/http/y.h": ""},
     "must not include 'http/y.h'"),
    ("layering", {"server/core/x.c": '#include "api/y.h"\n', "server/api/y.h": ""},
     "must not include 'api/y.h'"),
    ("layering", {"client/cli/x.c": '#include "core/y.h"\n', "server/core/y.h": ""},
     "must not include 'core/y.h'"),
    ("layering", {"server/core/x.c": "#include <libpq-fe.h>\n"}, "belongs to server/db/"),
    ("layering", {"server/api/x.c": "#include <microhttpd.h>\n"}, "belongs to server/http/"),
    ("layering", {"client/lib/x.c": "#include <curl/curl.h>\n"}, "belongs to client/lib/http.c"),
    ("layering", {"common/base/x.c": "#include <jansson.h>\n"}, "belongs to"),
    ("layering", {"common/base/x.c": '#include "y.h"\n', "common/base/y.h": ""}, "by its path"),
    ("layering", {"common/news/x.c": ""}, "no known layer"),
    ("licence", {"x.c": SPDX_C, "LICENSE": ""}, None),
    ("licence", {"x.c": "int x;\n", "LICENSE": ""}, "x.c: no 'SPDX"),
    ("licence", {"x.py": SPDX}, "LICENSE is missing"),
    ("sizes", {"server/x.c": "int a;\n" * 600}, None),
    ("sizes", {"server/x.c": "int a;\n" * 601}, "601 lines"),
    ("sizes", {"server/x.c": LONG}, r"x_f\(\) has 91 lines"),
    ("banned", {"x.c": '/* goto */ int f(void);\nconst char *s = "strcpy(";\n'}, None),
    ("banned", {"x.c": "void f(void)\n{\n    goto end;\n}\n"}, "x.c:3: 'goto'"),
    ("banned", {"x.c": "strcpy(a, b);\n"}, "strcpy"),
    ("banned", {"x.c": "/* TO" "DO */\n"}, "finish it"),
    ("banned", {"x.c": "int x; \n"}, "no blanks"),
    ("banned", {"x.md": "see /wo" "rk/main\n"}, "paths of one machine"),
    ("mirrored", {"common/base/x.c": "", "common/base/x.h": "", "tests/unit/base/test_x.c": ""},
     None),
    ("mirrored", {"common/base/x_part.c": "", "common/base/x_part.h": "",
                  "tests/unit/base/test_x.c": ""}, None),
    ("mirrored", {"common/base/x.c": "", "common/base/x.h": ""}, "no tests/unit/base/test_x.c"),
    ("mirrored", {"common/base/x.c": "", "tests/unit/base/test_x.c": ""}, "no x.h beside it"),
    ("routes", {"server/api/routes.c": TABLE, "docs/openapi.yaml": openapi()}, None),
    ("routes", {"server/api/routes.c": TABLE,
                "docs/openapi.yaml": openapi(**{"/c": {"get": {}}})}, "GET /c is in no route table"),
    ("routes", {"server/api/routes.c": TABLE.replace('"/a"', '"/z"'),
                "docs/openapi.yaml": openapi()}, "GET /z is not in docs/openapi.yaml"),
    ("routes", {"server/api/routes.c": TABLE.replace("ROLES_READ", "ROLES_PUBLIC"),
                "docs/openapi.yaml": openapi()}, "the table says ROLES_PUBLIC"),
    ("routes", {"server/api/routes.c": TABLE}, "openapi.yaml is missing"),
    ("headers", {"common/base/x.h": GUARDED}, None),
    ("headers", {"common/base/x.h": GUARDED.replace("int x", "size_t x")}, "compile alone"),
    ("headers", {"common/base/x.h": GUARDED.replace("BASE_X_H", "X_H")}, "the guard BASE_X_H"),
    ("format", {"x.c": "int x;\n"}, None),
    ("format", {"x.c": "int  x;\n"}, "not formatted"),
    ("cppcheck", {"common/base/x.c": "int f(void)\n{\n    return 1;\n}\n"}, None),
    ("cppcheck", {"common/base/x.c": "int f(void)\n{\n    int a[2];\n    a[2] = 0;\n"
                  "    return a[2];\n}\n"}, "arrayIndexOutOfBounds"),
    ("scripts", {"x": "#!/bin/sh\n" + SPDX + 'echo "$1"\n'}, None),
    ("scripts", {"x": "#!/bin/sh\n" + SPDX + "echo $1\n"}, "SC2086"),
    ("scripts", {"x.py": "def f(:\n"}, "x.py:1"),
    ("manuals", {f"docs/man/{name}.1": ".Dd $Mdocdate$\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n"
                 for name in ("modelferryd", "modelferry", "modelferry-agent")}, None),
    ("manuals", {"docs/man/modelferryd.8": ".Dd x\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Zz\n"},
     "no manual page modelferry.1"),
    ("manuals", {"docs/man/modelferryd.8": ".Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Zz\n"},
     "unknown macro"),
    ("links", {"a.md": "# Head one\n[b](b.md) [c](#head-one) `docs/x`\n", "b.md": "",
               "docs/x": ""}, None),
    ("links", {"a.md": "[b](b.md)\n"}, "leads nowhere"),
    ("links", {"a.md": "# x\n[b](#y)\n"}, "no such heading"),
    ("links", {"a.md": "`server/none.c`\n"}, "there is no 'server/none.c'"),
    ("migrations", {"migrations/0001_a.sql":
                    "CREATE TABLE a (b integer);\nCOMMENT ON TABLE a IS 't';\n"
                    "COMMENT ON COLUMN a.b IS 'c';\n"}, None),
    ("migrations", {"migrations/0001_a.sql": "CREATE TABLE a (b text PRIMARY KEY);\n"},
     r"(?s)column a\.b.*index a_pkey.*table a.*a\.b has no CHECK"),
    ("migrations", {"migrations/0002_a.sql": ""}, "named 0001"),
    ("migrations", {"migrations/0001_a.sql": "CREATE TABEL a;\n"}, "do not apply"),
]


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)


def complaints(check, root, build=None):
    module = importlib.import_module(check)
    return list(module.check(lintlib.Tree(root, build)))


@pytest.mark.parametrize("check, files, wanted", SAMPLES,
                         ids=[f"{s[0]}-{number}" for number, s in enumerate(SAMPLES)])
def test_check(tmp_path, check, files, wanted):
    shutil.copy(HERE.parents[1] / ".clang-format", tmp_path)
    write(tmp_path, files)
    said = complaints(check, tmp_path)
    if wanted is None:
        assert said == []
    else:
        import re
        assert re.search(wanted, "\n".join(said)), said


def test_a_script_without_its_run_bit_is_found(tmp_path):
    write(tmp_path, {"x": "#!/bin/sh\ntrue\n"})
    os.chmod(tmp_path / "x", 0o644)
    assert any("run bit" in line for line in complaints("scripts", tmp_path))


@pytest.mark.parametrize("source, wanted", [
    ("int x_one(void)\n{\n    return 1;\n}\n", None),
    ("int other(void)\n{\n    return 1;\n}\n", "exports 'other'"),
])
def test_symbols(tmp_path, source, wanted):
    write(tmp_path, {"common/base/x.c": source})
    build = tmp_path / "build" / "common" / "base" / "libbase.a.p"
    build.mkdir(parents=True)
    subprocess.run(["cc", "-c", str(tmp_path / "common/base/x.c"), "-o", str(build / "x.c.o")],
                   check=True)
    said = complaints("symbols", tmp_path, tmp_path / "build")
    assert (said == []) if wanted is None else any(wanted in line for line in said)


@pytest.mark.parametrize("page, wanted", [
    ("| a |", None), ("| b |", "CONFIGURATION.md is not current"),
])
def test_configuration(tmp_path, page, wanted):
    program = tmp_path / "build" / "server" / "modelferryd"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\ncase $1 in --help) echo 'options:'; echo ' --dev DIR';;"
                       " *) printf '| a |';; esac\n")
    program.chmod(0o755)
    write(tmp_path, {"docs/CONFIGURATION.md": page, "docs/man/modelferryd.8": "-dev"})
    said = complaints("configuration", tmp_path, tmp_path / "build")
    assert (said == []) if wanted is None else any(wanted in line for line in said)


@pytest.mark.parametrize("body, wanted", [
    ("return 1;", None),
    ("int *p = 0; return *p;", "clang-analyzer-core.NullDereference"),
])
def test_tidy(tmp_path, body, wanted):
    shutil.copy(HERE.parents[1] / ".clang-tidy", tmp_path)
    write(tmp_path, {"common/base/x.c": f"int x_f(void);\nint x_f(void)\n{{\n    {body}\n}}\n"})
    build = tmp_path / "build"
    build.mkdir()
    (build / "compile_commands.json").write_text(json.dumps([{
        "directory": str(build), "file": "../common/base/x.c",
        "command": "cc -c ../common/base/x.c"}]))
    said = complaints("tidy", tmp_path, build)
    assert (said == []) if wanted is None else any(wanted in line for line in said)


def test_every_check_has_a_bad_sample():
    checks = {path.stem for path in HERE.glob("*.py")} - {"lintlib", "test_lints"}
    shown = {check for check, _, wanted in SAMPLES if wanted} | {"symbols", "tidy", "configuration"}
    assert checks == shown
