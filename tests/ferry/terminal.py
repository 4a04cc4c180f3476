# SPDX-License-Identifier: Apache-2.0
"""A command at a terminal."""

import os
import pty
import subprocess

from .wait import wait_until


class Terminal:
    """What it shows, and what somebody types."""

    def __init__(self, cli, *arguments):
        self.ours, theirs = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen([cli.binary, *map(str, arguments)], env=cli.env,
                                        stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True)
        os.close(theirs)
        os.set_blocking(self.ours, False)

    def read(self):
        """Takes what was shown meanwhile; True where all was, and the other side is gone."""
        try:
            self.shown += os.read(self.ours, 4096)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def answer(self, question, text, times=1):
        """Waits until the question stands there (for the nth time), then types."""
        wait_until(lambda: self.read() or self.shown.count(question.encode()) >= times,
                   what=lambda: f"no '{question}' in {self.shown!r}")
        os.write(self.ours, text.encode() + b"\n")

    def end(self):
        """Until the command is gone and all that it showed was read; its exit status."""
        wait_until(self.read, what=lambda: f"it does not end: {self.shown!r}")
        os.close(self.ours)
        return self.process.wait()
