# SPDX-License-Identifier: Apache-2.0
"""Waiting on conditions, with a deadline. Tests never sleep for a fixed time."""

import os
import time

# Sanitizers on a busy machine are slow: one factor for every deadline, never for an assertion.
PATIENCE = float(os.environ.get("MODELFERRY_TEST_PATIENCE", "1"))


class Timeout(AssertionError):
    pass


def wait_until(condition, deadline=20.0, what=None, every=0.02):
    """Calls condition until it returns something true, which is returned.

    Raises Timeout with `what` (text, or a callable that makes it) when the deadline in seconds
    passed. Exceptions of condition are not swallowed: return False where "not yet" is meant.
    """
    end = time.monotonic() + deadline * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            said = what() if callable(what) else what
            raise Timeout(f"not within {deadline * PATIENCE:g} s: {said or condition}")
        time.sleep(every)
