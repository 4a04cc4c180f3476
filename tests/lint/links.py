# SPDX-License-Identifier: Apache-2.0
"""Links and paths in the documents lead somewhere."""

import re

import lintlib

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
# `server/http/router.c`, `tests/run unit`: code that starts with a folder of ours is a path.
PATH = re.compile(r"`((?:common|server|client|migrations|deploy|tests|docs)/[A-Za-z0-9_./-]+)")


def _anchors(text):
    heads = re.findall(r"^#+ +(.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def check(tree):
    """No dead links in documents."""
    for path in tree.files("*.md"):
        text = tree.read(path)
        for match in LINK.finditer(text):
            target = match.group(1)
            where = f"{path}:{lintlib.line_of(text, match.start())}"
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (tree.root / path).parent / name if name else tree.root / path
            if not file.exists():
                yield f"{where}: '{target}' leads nowhere"
            elif anchor and file.suffix == ".md" and anchor not in _anchors(
                    file.read_text(encoding="utf-8")):
                yield f"{where}: '{target}': no such heading"
        for match in PATH.finditer(text):
            name = match.group(1).rstrip("./")
            if any(mark in name for mark in "<*{") or text[match.end():match.end() + 1] in "<*{":
                continue
            if not (tree.root / name).exists() and not list(tree.root.glob(name + ".*")):
                where = f"{path}:{lintlib.line_of(text, match.start())}"
                yield f"{where}: there is no '{name}'"


if __name__ == "__main__":
    lintlib.main(check)
