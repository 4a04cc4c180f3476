# SPDX-License-Identifier: Apache-2.0
"""Builds what the named suites need, runs them, and adds up. Called by tests/run."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Compiler and Meson options of each build directory. Both compilers' warnings are errors; gcc's are
# only to be trusted without sanitizers.
BUILDS = {
    "build-asan": ("clang", ["-Db_sanitize=address,undefined", "-Db_lundef=false",
                             "-Dwerror=true"]),
    "build-plain": ("gcc", ["-Dbuildtype=release", "-Dprefix=/usr", "-Dwerror=true",
                            "-Dtests=disabled"]),
    "build-tsan": ("clang", ["-Db_sanitize=thread", "-Db_lundef=false", "-Dwerror=true"]),
    "build-fuzz": ("clang", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzzing=true",
                             "-Dwerror=true"]),
}

BUILT = set()

WORKERS = os.environ.get("MODELFERRY_TEST_WORKERS", "4")

# Unit suites with threads in them: once more under ThreadSanitizer.
THREADED = ["work", "http", "push", "blob"]


class Tally:
    """What ran, over all suites."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.complaints = []

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def complain(self, text):
        self.complaints.append(text)


TALLY = Tally()
STARTED = time.monotonic()


def say(text):
    print(f"== [{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def run(command, **options):
    """The exit status; output goes straight through."""
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False,
                          **options).returncode


def build(name):
    """Configures and builds, once a run; ends everything where that fails."""
    if name in BUILT:
        return
    BUILT.add(name)
    compiler, options = BUILDS[name]
    say(f"building {name} ({compiler} {' '.join(options)})")
    directory = ROOT / name
    log = ROOT / f"{name}.log"
    with open(log, "w", encoding="utf-8") as file:
        status = 0
        if not (directory / "build.ninja").exists():
            env = {**os.environ, "CC": compiler}
            status = run(["meson", "setup", str(directory), *options], stdout=file, stderr=file,
                         env=env)
        status = status or run(["ninja", "-C", str(directory)], stdout=file, stderr=file)
    if status:
        print(log.read_text(errors="replace")[-6000:])
        TALLY.add(failed=1)
        TALLY.complain(f"{name} does not build: see {log.name}")
        finish()
    log.unlink()


# What the limits of a program, and of a check within it, are multiplied by: they end what hangs,
# and say nothing of what is slow on a busy machine.
PATIENCE = "5"


def count_checks(text):
    """(passed, failed) of the tests inside one program of the check library; None: no such line."""
    found = re.findall(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", text, re.M)
    if not found:
        return None
    checks, failures, errors = (sum(map(int, column)) for column in zip(*found))
    return checks - failures - errors, failures + errors


def meson_tests(directory, suite, names=(), env=None, wrapper=()):
    """Runs Meson's tests of a suite, and counts what is in them."""
    log = ROOT / directory / "meson-logs" / f"{suite}.json"
    log.unlink(missing_ok=True)
    command = [*wrapper, "meson", "test", "-C", directory, "--no-rebuild", "--suite", suite,
               "--logbase", suite, "--print-errorlogs", "--timeout-multiplier", PATIENCE, *names]
    status = run(command, env={**os.environ, "CK_TIMEOUT_MULTIPLIER": PATIENCE, **(env or {})})
    if not log.exists():
        TALLY.add(failed=1)
        TALLY.complain(f"{suite}: meson test ended with {status} and ran nothing")
        return
    failed_before = TALLY.failed
    for line in log.read_text().splitlines():
        result = json.loads(line)
        passed, failed = count_checks(result.get("stdout", "")) or (0, 0)
        if result["result"] == "SKIP":
            TALLY.add(skipped=1)
        elif result["result"] == "OK":
            TALLY.add(passed=max(passed, 1))
        else:
            TALLY.add(passed=passed, failed=max(failed, 1))
            TALLY.complain(f"{directory} {result['name']}: {result['result']}")
    if status and TALLY.failed == failed_before:
        TALLY.add(failed=1)
        TALLY.complain(f"{suite}: meson test ended with {status}")


def python_tests(folder, env=None, workers=WORKERS):
    """Runs pytest on a folder, and counts."""
    report = ROOT / "build-asan" / f"{folder.replace('/', '-')}.xml"
    report.unlink(missing_ok=True)
    status = run(["/usr/bin/python3", "-B", "-m", "pytest", folder, "-q", "-n", workers,
                  "--durations=5", f"--junitxml={report}"],
                 env={**os.environ, "MODELFERRY_BUILD": str(ROOT / "build-asan"),
                      "MODELFERRY_BUILD_PLAIN": str(ROOT / "build-plain"),
                      "MODELFERRY_BUILD_TSAN": str(ROOT / "build-tsan"),
                      "MODELFERRY_TEST_PATIENCE": os.environ.get("MODELFERRY_TEST_PATIENCE", "3"),
                      **(env or {})})
    if not report.exists():
        TALLY.add(failed=1)
        TALLY.complain(f"{folder}: pytest ended with {status} and no report")
        return
    for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
        tests, bad, skipped = (int(suite.get(name)) for name in ("tests", "failures", "skipped"))
        bad += int(suite.get("errors"))
        TALLY.add(passed=max(0, tests - bad - skipped), failed=bad, skipped=skipped)
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                TALLY.complain(f"{case.get('classname')}::{case.get('name')}")


def suite_unit():
    build("build-asan")
    meson_tests("build-asan", "unit", wrapper=["tests/with-postgres"])
    build("build-tsan")
    # Address randomisation of newer kernels is beyond what this ThreadSanitizer can map.
    listed = subprocess.run(["meson", "test", "-C", "build-tsan", "--list", "--suite", "unit"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [line.split(" / ")[-1].strip() for line in listed.splitlines() if " / " in line]
    names = [name for name in names if name.split("/")[0] in THREADED]
    if names:
        meson_tests("build-tsan", "unit", names, wrapper=["tests/with-postgres", "setarch", "-R"],
                    env={"TSAN_OPTIONS": "halt_on_error=1:exitcode=66"})


def suite_integration():
    build("build-asan")
    build("build-plain")
    build("build-tsan")
    python_tests("tests/integration")


def suite_e2e():
    build("build-asan")
    build("build-plain")
    python_tests("tests/e2e", workers="3")


def suite_lint():
    build("build-asan")
    meson_tests("build-asan", "lint")


def suite_fuzz():
    build("build-fuzz")
    meson_tests("build-fuzz", "fuzz")


SUITES = {"lint": suite_lint, "unit": suite_unit, "integration": suite_integration,
          "e2e": suite_e2e, "fuzz": suite_fuzz}


def finish():
    """The last word: what failed, then the one line that machines read."""
    for complaint in TALLY.complaints:
        print(f"failed: {complaint}")
    print(f"{TALLY.passed} passed, {TALLY.failed} failed, {TALLY.skipped} skipped", flush=True)
    sys.exit(1 if TALLY.failed or not TALLY.passed else 0)


def main():
    wanted = sys.argv[1:] or list(SUITES)
    for name in wanted:
        if name not in SUITES:
            sys.exit(f"tests/run: no suite '{name}': say one of {' '.join(SUITES)}")
    for name in wanted:
        say(f"suite {name}")
        SUITES[name]()
    say("done")
    finish()


if __name__ == "__main__":
    main()
