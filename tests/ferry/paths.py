# SPDX-License-Identifier: Apache-2.0
"""Where things are: the source tree, the build under test, other people's programs."""

import glob
import os
import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"


def build_dir():
    """The build under test: MODELFERRY_BUILD, or ./build."""
    return pathlib.Path(os.environ.get("MODELFERRY_BUILD", ROOT / "build")).resolve()


def plain_build_dir():
    """A build without sanitizers, for what they would distort; the build under test if none."""
    return pathlib.Path(os.environ.get("MODELFERRY_BUILD_PLAIN", build_dir())).resolve()


def program(name, build=None):
    """A program of ours in the build directory, by its name."""
    build = build or build_dir()
    folder = {"modelferryd": "server", "modelferry-agent": "client/agent", "modelferry": "client/cli",
              "modelferry-example": "client/example"}
    path = build / folder[name] / name
    if not path.exists():
        raise FileNotFoundError(f"'{path}' is not built: run ninja -C {build}")
    return str(path)


def postgres_bin(name):
    """A program of the newest installed PostgreSQL server, 15 or later."""
    found = shutil.which(name)
    versions = sorted(
        glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
        key=lambda path: int(path.split("/")[4]),
    )
    if versions:
        return versions[-1]
    if found:
        return found
    raise FileNotFoundError(f"no '{name}': run deploy/install-deps test")


def scratch(prefix):
    """A new directory with a short path (unix sockets allow 107 bytes), open to user postgres."""
    import tempfile

    path = tempfile.mkdtemp(prefix=f"mf-{prefix}-", dir=os.environ.get("MODELFERRY_SCRATCH", "/tmp"))
    return pathlib.Path(path)


def free_port():
    """A port of 127.0.0.1 that was free a moment ago. Prefer port 0 and a ports file."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
