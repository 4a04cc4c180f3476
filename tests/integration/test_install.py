# SPDX-License-Identifier: Apache-2.0
"""What `meson install` leaves, what systemd thinks of it, and the client built alone."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from ferry import paths
from ferry.process import environment

# systemd-analyze's exposure, times ten: 0 is nothing, 100 all.
EXPOSURE = 20

SERVER = {
    "usr/bin/modelferryd", "usr/lib/systemd/system/modelferryd.service",
    "usr/lib/sysusers.d/modelferryd.conf", "usr/share/man/man8/modelferryd.8",
    "usr/share/doc/modelferry/examples/nginx/modelferry.conf",
    "usr/share/doc/modelferry/examples/haproxy/haproxy.cfg",
}
CLIENT = {
    "usr/bin/modelferry", "usr/bin/modelferry-agent", "usr/share/man/man1/modelferry.1",
    "usr/share/man/man8/modelferry-agent.8", "usr/lib/systemd/system/modelferry-agent.service",
    "usr/lib/sysusers.d/modelferry-agent.conf", "usr/include/modelferry.h",
}


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def tree(root):
    """Paths below root; the library's folder without the machine's name in it."""
    found = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    return {re.sub(r"^usr/lib/[a-z0-9_]+-linux-[a-z]+/", "usr/lib/", name) for name in found}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    build = paths.plain_build_dir()
    destination = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", destination)
    if not (destination / "usr").exists():
        pytest.skip(f"'{build}' is not configured with -Dprefix=/usr")
    return destination


def test_install_leaves_programs_units_manuals_and_examples(installed):
    missing = (SERVER | CLIENT) - tree(installed)
    assert not missing
    assert any(re.fullmatch(r"usr/lib/libmodelferry\.so\.\d+(\.\d+)*", name)
               for name in tree(installed))
    assert "usr/lib/pkgconfig/modelferry.pc" in tree(installed)


def test_install_leaves_nothing_of_the_build(installed):
    stray = [name for name in tree(installed)
             if not name.startswith(("usr/bin/", "usr/lib/", "usr/share/", "usr/include/"))
             or name.endswith((".o", ".in", "_test")) or "/test" in name]
    assert stray == []


@pytest.mark.parametrize("unit", ["modelferryd", "modelferry-agent"])
def test_systemd_finds_nothing_wrong_with_a_unit(installed, unit):
    path = f"/usr/lib/systemd/system/{unit}.service"
    # verify looks up what a unit names below the root: basic.target and friends, /bin/kill.
    for name in ("bin", "sbin", "lib"):
        link = installed / name
        if not link.is_symlink():
            link.symlink_to(f"usr/{name}")
    (installed / "usr/bin/kill").exists() or shutil.copy("/bin/kill", installed / "usr/bin/kill")
    system = pathlib.Path("/usr/lib/systemd/system")
    for target in system.glob("*.target"):
        copy = installed / "usr/lib/systemd/system" / target.name
        if not copy.exists():
            shutil.copy(target, copy, follow_symlinks=True)
    said = run("systemd-analyze", "verify", "--man=no", f"--root={installed}", path)
    about_ours = [line for line in said.splitlines() if "modelferry" in line]
    assert about_ours == []


@pytest.mark.parametrize("unit", ["modelferryd", "modelferry-agent"])
def test_a_unit_is_hardened(installed, unit):
    path = installed / f"usr/lib/systemd/system/{unit}.service"
    run("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}",
        path)


def test_users_are_made_by_sysusers(installed):
    for name in ("modelferryd", "modelferry-agent"):
        run("systemd-sysusers", "--dry-run", installed / f"usr/lib/sysusers.d/{name}.conf")


@pytest.mark.slow
def test_the_client_builds_without_the_servers_libraries(tmp_path):
    """-Dserver=disabled, where pkg-config cannot find libpq and libmicrohttpd."""
    visible = tmp_path / "pkgconfig"
    visible.mkdir()
    folders = run("pkg-config", "--variable", "pc_path", "pkg-config").strip().split(":")
    for folder in map(pathlib.Path, reversed(folders)):
        for file in folder.glob("*.pc") if folder.is_dir() else []:
            if not re.match(r"libpq|libmicrohttpd|microhttpd", file.name):
                link = visible / file.name
                link.unlink(missing_ok=True)
                link.symlink_to(file)
    env = {**environment(), "PKG_CONFIG_LIBDIR": str(visible)}
    build = tmp_path / "build"
    run("meson", "setup", build, "-Dserver=disabled", "-Dtests=disabled", "-Doptimization=0",
        "-Dprefix=/usr", cwd=paths.ROOT, env=env)
    run("ninja", "-C", build, env=env)
    destination = tmp_path / "installed"
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", destination)
    found = tree(destination)
    assert CLIENT <= found
    assert not SERVER & found
    for name in ("modelferry", "modelferry-agent"):
        needed = run("ldd", destination / "usr/bin" / name)
        assert "libpq" not in needed and "libmicrohttpd" not in needed
    assert os.access(destination / "usr/bin/modelferry", os.X_OK)
