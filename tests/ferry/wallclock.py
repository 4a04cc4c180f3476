# SPDX-License-Identifier: Apache-2.0
"""A wall clock that is wrong, for one program under test."""

import mmap
import struct

from . import paths

DAY = 86400


class WallClock:
    """Off by `days`, which may change while the program runs.

    env  to be added to the program's environment
    """

    def __init__(self, directory, days=0):
        self.file = directory / "wallclock"
        self.file.write_bytes(struct.pack("=q", 0))
        with open(self.file, "r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        self.env = {"LD_PRELOAD": str(paths.build_dir() / "tests/ferry/wallclock.so"),
                    "WALLCLOCK_FILE": str(self.file)}
        self.days = days

    @property
    def days(self):
        return struct.unpack("=q", self._offset[:])[0] / DAY

    @days.setter
    def days(self, days):
        self._offset[:] = struct.pack("=q", int(days * DAY))
