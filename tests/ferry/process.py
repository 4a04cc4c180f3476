# SPDX-License-Identifier: Apache-2.0
"""A program of ours under test: its environment, its log, its end."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

from .wait import PATIENCE, wait_until

SANITIZER = re.compile(
    r"ERROR: (Address|Leak|Memory)Sanitizer|runtime error:|WARNING: ThreadSanitizer|"
    r"AddressSanitizer:|assertion .* failed|Assertion .* failed")

STOP_TIMEOUT_S = 40


def environment(**extra):
    """The environment of a program under test: nothing of ours leaks in, sanitizers are strict."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("MODELFERRY_") and not name.startswith("PG")}
    env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1:exitcode=99"
    env["TSAN_OPTIONS"] = "exitcode=99:halt_on_error=0"
    env["LSAN_OPTIONS"] = "exitcode=99"
    env["LC_ALL"] = "C.UTF-8"
    env.update({name: str(value) for name, value in extra.items()})
    return env


# As root, without what lets root pass over the modes of files: what is written for an ordinary user
# must do with what one may.
UNPRIVILEGED = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else [])


class Process:
    """Runs until stopped. Output goes to a file that a failing test shows."""

    def __init__(self, command, log, env=None, cwd="/", wrapper=()):
        self.command = [*wrapper, *map(str, command)]
        self.log_path = pathlib.Path(log)
        self.env = env if env is not None else environment()
        self.cwd = cwd
        self.process = None
        self.expect_death = False

    def start(self):
        assert self.process is None or self.process.poll() is not None
        self.expect_death = False
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.env, cwd=self.cwd)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern, deadline=20):
        """Waits for a line that matches; the match."""
        return wait_until(lambda: re.search(pattern, self.log(), re.M), deadline,
                          lambda: f"no '{pattern}' in the log:\n{self.log()[-3000:]}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, as a power loss for one process; stop() does not complain afterwards."""
        self.expect_death = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def wait_exit(self, deadline=STOP_TIMEOUT_S):
        try:
            return self.process.wait(deadline * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"'{self.command[0]}' did not end within {deadline * PATIENCE:g} s:"
                                 f"\n{self.log()[-4000:]}") from None

    def memory_kib(self, field="VmRSS"):
        """VmRSS or VmHWM (the peak)."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M).group(1))

    def check_log(self):
        found = SANITIZER.search(self.log())
        assert not found, f"a sanitizer or assert spoke:\n{self.log()[max(0, found.start() - 500):][:6000]}"

    def stop(self, expect=(0,)):
        """SIGTERM, then it must end cleanly: exit status in expect, no sanitizer report."""
        if self.process is None:
            return
        died = self.process.poll()
        if died is None:
            self.process.send_signal(signal.SIGTERM)
            died = self.wait_exit()
        elif not self.expect_death:
            self.check_log()
            raise AssertionError(f"'{self.command[0]}' died by itself with {died}:"
                                 f"\n{self.log()[-4000:]}")
        self.check_log()
        if not self.expect_death:
            assert died in expect, f"exit status {died}, expected {expect}:\n{self.log()[-4000:]}"
        self.process = None
