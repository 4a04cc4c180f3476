# SPDX-License-Identifier: Apache-2.0
"""What does not appear in this code."""

import re

import lintlib

# In C, outside comments and strings: (pattern, what instead)
IN_C = [
    (r"\bgoto\b", "a cleanup attribute and an early return"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strncpy|strncat)\s*\(",
     "base/buffer.h, arena_printf or snprintf"),
    (r"\b(atoi|atol|atoll|atof)\s*\(", "strto… with a check of its end"),
    (r"\b(strtok|gmtime|localtime|asctime|ctime|readdir_r|tmpnam|mktemp|rand|srand)\s*\(",
     "the reentrant or secure form"),
    (r"\b(sleep|usleep)\s*\(", "a condition with a deadline"),
    (r"\b(system|popen)\s*\(", "posix_spawn or execve with an argument vector"),
    (r"\balloca\s*\(", "the arena"),
    (r"\btypedef\s+(struct|union|enum)\b", "the struct's own name"),
    (r"\bmemcmp\s*\([^;]*(secret|passphrase)", "a comparison in constant time"),
]

# In any text file.
IN_TEXT = [
    (r"\b(TODO|FIXME|XXX|HACK)\b", "finish it or file an issue"),
    (r"^(<{7}|>{7})( |$)", "resolve the merge"),
    (r"[ \t]+$", "no blanks at the end of a line"),
    (r"/(work|root)/[a-z]", "no paths of one machine"),
]

# (file, pattern) that may, and why.
ALLOWED = {
    ("server/db/postgres_bin.c", "popen"): "asks the installed postgres for its version",
}

TEXT = ("*.c", "*.h", "*.py", "*.sql", "*.sh", "*.yaml", "*.build", "*.txt", "*.conf", "*.cfg",
        "*.service", "*.md")


def check(tree):
    """Banned functions and leftovers."""
    for path in tree.files(*TEXT):
        if str(path).startswith(("tests/lint/", "tests/data/", "tests/fuzz/corpus")):
            continue
        text = tree.read(path)
        rules = [(pattern, instead, text) for pattern, instead in IN_TEXT
                 if not (path.suffix == ".md" and "[ \\t]+$" in pattern)]
        if path.suffix in (".c", ".h") and not str(path).startswith("tests/"):
            code = lintlib.code_only(text)
            rules += [(pattern, instead, code) for pattern, instead in IN_C]
        for pattern, instead, where in rules:
            for match in re.finditer(pattern, where, re.M):
                if (str(path), match.group(0).rstrip("( ")) in ALLOWED:
                    continue
                yield (f"{path}:{lintlib.line_of(where, match.start())}:"
                       f" '{match.group(0).strip()}': use {instead}" if match.group(0).strip() else
                       f"{path}:{lintlib.line_of(where, match.start())}: {instead}")


if __name__ == "__main__":
    lintlib.main(check)
