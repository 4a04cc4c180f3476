# SPDX-License-Identifier: Apache-2.0
"""cppcheck has nothing to say."""

import os
import subprocess
import tempfile

import lintlib

SUPPRESSED = [
    "missingIncludeSystem",
    "memleak",  # knows neither the cleanup attribute nor intrusive lists; AddressSanitizer does
    "resourceLeak",  # likewise
    "varFuncNullUB",  # NULL is a pointer in every libc that we build with
    "unknownMacro",  # check's START_TEST
    "unmatchedSuppression",
    "normalCheckLevelMaxBranches",
]


def check(tree):
    """cppcheck's warnings, performance and portability."""
    paths = [str(path) for path in tree.files("*.c") if not str(path).startswith("tests/")]
    if not paths:
        return
    with tempfile.TemporaryDirectory() as temporary:
        cache = tree.build / "cppcheck" if tree.build else temporary
        os.makedirs(cache, exist_ok=True)
        done = subprocess.run(
            ["cppcheck", "--quiet", "--std=c11", "--language=c", "-j", str(os.cpu_count()),
             "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1",
             f"--cppcheck-build-dir={cache}", "--template={file}:{line}: {id}: {message}",
             "-D__GNUC__", "-D_GNU_SOURCE", "-D__linux__",
             *[f"--suppress={name}" for name in SUPPRESSED],
             *[f"-I{folder}" for folder in tree.include_dirs()], *paths],
            cwd=tree.root, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if line.strip()]
    yield from said
    if done.returncode and not said:
        yield f"cppcheck ended with {done.returncode}: {done.stdout[-400:]}"


if __name__ == "__main__":
    lintlib.main(check)
