# SPDX-License-Identifier: Apache-2.0
"""Throwaway PostgreSQL clusters: one shared by a test session, private ones for tests that hurt."""

import contextlib
import csv
import fcntl
import itertools
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

from . import paths
from .wait import wait_until

SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 64MB
fsync = off
full_page_writes = off
synchronous_commit = on
autovacuum = on
log_min_messages = warning
log_statement = none
max_wal_size = 512MB
timezone = 'UTC'
"""

ROLE = "ferry"


def _as_postgres():
    """PostgreSQL does not run as root; a command prefix that makes it somebody else."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]


class Cluster:
    """A PostgreSQL cluster in a directory of its own, reached by socket and by 127.0.0.1."""

    def __init__(self, directory, port):
        self.directory = pathlib.Path(directory)
        self.port = port
        self.log = self.directory / "log"
        self._names = itertools.count()

    @classmethod
    def create(cls, settings=""):
        directory = paths.scratch("pg")
        cluster = cls(directory, paths.free_port())
        directory.chmod(0o755)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(directory, user.pw_uid, user.pw_gid)
        cluster._run("initdb", "-D", str(directory / "data"), "-U", "postgres", "-A", "trust",
                     "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        configuration = directory / "data" / "postgresql.conf"
        with open(configuration, "a", encoding="utf-8") as file:
            file.write(f"{SETTINGS}\nport = {cluster.port}\n")
            file.write(f"unix_socket_directories = '{directory}'\n{settings}\n")
        cluster.start()
        cluster.sql(f"CREATE ROLE {ROLE} LOGIN")
        return cluster

    def _run(self, name, *args, check=True):
        done = subprocess.run([*_as_postgres(), paths.postgres_bin(name), *args], cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{name} failed: {done.stdout}\n{self.log_text()[-2000:]}")
        return done.stdout

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self):
        # pg_ctl hands its stdout to the server: a pipe would never close.
        command = [*_as_postgres(), paths.postgres_bin("pg_ctl"), "-D",
                   str(self.directory / "data"), "-l", str(self.log), "-w", "-t", "60", "start"]
        for _ in range(5):
            done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False)
            if not done.returncode:
                break
            # Somebody else may have taken the port that was free a moment ago, for a moment.
            if "Address already in use" not in self.log_text()[-2000:]:
                break
            time.sleep(1)
        if done.returncode:
            raise RuntimeError(f"PostgreSQL does not start: {self.log_text()[-2000:]}")

    def stop(self, mode="fast"):
        """mode: fast (disconnect all), immediate (as a crash)."""
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", mode, "-w", "-t", "60", "stop")

    def freeze(self):
        """Every process of the cluster stops answering, without closing a connection."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        pid = int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in [pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def destroy(self):
        with contextlib.suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database, role=ROLE, tcp=False, port=None):
        if tcp:
            return f"postgresql://{role}@127.0.0.1:{port or self.port}/{database}"
        return f"postgresql:///{database}?host={self.directory}&port={self.port}&user={role}"

    def sql(self, text, database="postgres", role="postgres"):
        """Runs SQL; the rows of the last statement, as lists of strings ('' for NULL)."""
        done = subprocess.run(
            [paths.postgres_bin("psql"), "-XqAt", "--csv", "-v", "ON_ERROR_STOP=1", "-d",
             self.url(database, role), "-f", "-"],
            input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"SQL failed: {done.stderr.strip()}: {text}")
        return list(csv.reader(done.stdout.splitlines()))

    def create_database(self, name, template=None):
        like = f" TEMPLATE {template}" if template else ""
        self.sql(f"CREATE DATABASE {name} OWNER {ROLE}{like}")
        return Database(self, name)


class Database:
    """One database of a cluster."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    def url(self, **options):
        return self.cluster.url(self.name, **options)

    def sql(self, text):
        return self.cluster.sql(text, self.name)

    def value(self, text):
        """The one value of a query, as text."""
        return self.sql(text)[0][0]

    def dump(self, path):
        """A backup, as docs/DATABASE.md says to make one."""
        self._tool("pg_dump", "-Fc", "-f", path, self.url(role="postgres"))
        return path

    def restore(self, path):
        """A backup into this database, which has nothing in it."""
        self._tool("pg_restore", "-d", self.url(role="postgres"), path)

    @staticmethod
    def _tool(name, *arguments):
        subprocess.run([paths.postgres_bin(name), *map(str, arguments)], check=True,
                       stdin=subprocess.DEVNULL)

    @contextlib.contextmanager
    def hold_advisory_lock(self, number):
        """Another session has this lock within the block: holds up what a trigger makes wait."""
        session = subprocess.Popen(
            [paths.postgres_bin("psql"), "-XqAt", "-d", self.url(role="postgres")], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with session:
            session.stdin.write(f"SELECT pg_advisory_lock({number}), 'held';\n")
            session.stdin.flush()
            assert "held" in session.stdout.readline()
            try:
                yield
            finally:
                session.stdin.close()
                session.wait()

    def disconnect_all(self):
        """Cuts every connection, as a failover does; returns when the last one is cut."""
        self.cluster.sql("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
                         f" WHERE datname = '{self.name}' AND pid <> pg_backend_pid()")

    def drop(self):
        self.cluster.sql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class SharedCluster:
    """The cluster that all xdist workers of a session use, made by whoever needs it first.

    directory  a directory that all workers agree on
    owner_pid  the cluster goes when this process does, however it ends
    """

    TEMPLATE = "ferry_template"

    def __init__(self, directory, owner_pid):
        self.note = pathlib.Path(directory) / "cluster.json"
        self.lock = pathlib.Path(directory) / "cluster.lock"
        self.owner_pid = owner_pid

    @contextlib.contextmanager
    def _locked(self):
        with open(self.lock, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def get(self):
        with self._locked():
            if self.note.exists():
                return self._load()
            cluster = Cluster.create()
            self._reap_with_owner(cluster)
            self.note.write_text(json.dumps({"directory": str(cluster.directory),
                                             "port": cluster.port, "template": False}))
            return cluster

    def _load(self):
        note = json.loads(self.note.read_text())
        return Cluster(note["directory"], note["port"])

    def _reap_with_owner(self, cluster):
        stop = " ".join([*_as_postgres(), paths.postgres_bin("pg_ctl"), "-D",
                         str(cluster.directory / "data"), "-m", "immediate", "stop"])
        script = (f"tail --pid={self.owner_pid} -f /dev/null; {stop} >/dev/null 2>&1;"
                  f" rm -rf '{cluster.directory}'")
        subprocess.run(["setsid", "--fork", "sh", "-c", script], cwd="/", check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def template(self, migrate):
        """The name of a database with the schema in it; migrate(url) brings it there, once."""
        cluster = self.get()
        with self._locked():
            note = json.loads(self.note.read_text())
            if not note["template"]:
                cluster.sql(f"DROP DATABASE IF EXISTS {self.TEMPLATE} WITH (FORCE)")
                database = cluster.create_database(self.TEMPLATE)
                migrate(database.url())
                wait_until(lambda: cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE"
                                               f" datname = '{self.TEMPLATE}'") == [["0"]],
                           what="connections to the template database remain")
                note["template"] = True
                self.note.write_text(json.dumps(note))
        return self.TEMPLATE

    def destroy(self):
        if self.note.exists():
            self._load().destroy()
