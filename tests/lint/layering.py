# SPDX-License-Identifier: Apache-2.0
"""Includes go down only, and a third-party header stays in its folder."""

import re

import lintlib

# What a folder may include of ours, by the folder of the header. Tests may include anything.
BASE = {"base"}
CRYPTO = BASE | {"crypto"}
JSON = CRYPTO | {"json"}
TUF = JSON | {"tuf"}
MODEL = TUF | {"model"}
COMMON = MODEL | {"query", "lineage", "format", "proto", "delta"}

ALLOWED = {
    "common/base": BASE,
    "common/crypto": CRYPTO,
    "common/json": JSON,
    "common/tuf": TUF,
    "common/model": MODEL,
    "common/query": MODEL | {"query"},
    "common/lineage": MODEL | {"lineage"},
    "common/format": MODEL | {"format"},
    "common/proto": MODEL | {"proto"},
    "common/delta": CRYPTO | {"delta"},
    "migrations": {"migrations"},
    "server/work": BASE | {"work"},
    "server/http": COMMON | {"work", "http"},
    "server/db": COMMON | {"db", "migrations"},
    "server/blob": COMMON | {"work", "db", "blob"},
    "server/push": COMMON | {"work", "db", "push"},
    "server/core": COMMON | {"work", "db", "blob", "push", "core"},
    "server/image": COMMON | {"work", "http", "db", "blob", "core", "image"},
    "server/api": COMMON | {"work", "http", "db", "blob", "push", "core", "image", "api"},
    "server/device": COMMON | {"work", "http", "db", "blob", "push", "core", "image", "device"},
    "server": COMMON | {"work", "http", "db", "blob", "push", "core", "api", "device", "migrations",
                        ""},
    "client/lib": COMMON | {"lib"},
    "client/example": {"lib"},
    "client/agent": COMMON | {"lib", "agent"},
    "client/cli": COMMON | {"lib", "cli"},
}

# Third-party headers and where they may be seen; tests may see all.
THIRD_PARTY = [
    (r"microhttpd\.h|gnutls/.*", ["server/http/"]),
    (r"libpq-fe\.h|libpq/.*|pg_config.*", ["server/db/", "server/blob/"]),
    (r"curl/.*", ["client/lib/http.c"]),
    (r"sodium(/.*)?\.h|openssl/.*", ["common/crypto/", "common/tuf/"]),
    (r"zstd(_.*)?\.h|zdict\.h", ["common/delta/", "server/blob/"]),
    (r"expat\.h|zlib\.h", ["common/format/"]),
    (r"jansson\.h", ["common/json/", "common/tuf/", "common/model/", "common/lineage/",
                     "common/format/",
                     "common/proto/", "common/delta/", "server/http/", "server/blob/", "server/push/",
                     "server/core/", "server/api/", "server/device/", "server/app.", "client/"]),
    (r"check\.h", []),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


def _folder(path):
    """The key of ALLOWED that a file belongs to, or None."""
    folder = str(path.parent)
    while folder not in ALLOWED:
        if "/" not in folder:
            return None
        folder = folder.rsplit("/", 1)[0]
    return folder


def _ours(tree, folder, where, name):
    part = name.rsplit("/", 1)[0] if "/" in name else ""
    if not any((base / name).is_file() for base in tree.include_dirs()):
        if (tree.root / folder / name).is_file():
            yield f"{where}: include '{name}' by its path from common/, server/ or client/"
        elif not name.endswith((".inc.h", "_gen.h")):
            yield f"{where}: include of '{name}': no such header of ours"
        return
    top = part.split("/")[0]
    if top not in ALLOWED[folder]:
        yield (f"{where}: {folder} must not include '{name}': it may see"
               f" {', '.join(sorted(ALLOWED[folder] - {''}))}")


def _theirs(path, where, name):
    for pattern, places in THIRD_PARTY:
        if re.fullmatch(pattern, name) and not any(str(path).startswith(p) for p in places):
            yield (f"{where}: <{name}> belongs to {', '.join(places) or 'tests'} only:"
                   " call the module there instead")


def check(tree):
    """Includes go down only; third-party headers stay in their folder."""
    for path in tree.files("*.c", "*.h"):
        if str(path).startswith("tests/"):
            continue
        folder = _folder(path)
        if folder is None:
            if str(path).split("/")[0] in ("common", "server", "client"):
                yield f"{path}: '{path.parent}' is no known layer: add it to tests/lint/layering.py"
            continue
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            where = f"{path}:{lintlib.line_of(text, match.start())}"
            if match.group(1):
                yield from _ours(tree, folder, where, match.group(1))
            else:
                yield from _theirs(path, where, match.group(2))


if __name__ == "__main__":
    lintlib.main(check)
