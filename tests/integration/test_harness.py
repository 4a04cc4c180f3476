# SPDX-License-Identifier: Apache-2.0
"""The harness itself: what other tests lean on must hold."""

import http.server
import threading

import pytest

from ferry import signing
from ferry.api import Api
from ferry.process import Process
from ferry.wait import Timeout, wait_until


def test_cluster_runs_sql(cluster):
    assert cluster.sql("SELECT 1, 'a,b', NULL") == [["1", "a,b", ""]]


def test_cluster_stops_and_starts(private_cluster):
    private_cluster.stop()
    with pytest.raises(RuntimeError):
        private_cluster.sql("SELECT 1")
    private_cluster.start()
    assert private_cluster.sql("SELECT 1") == [["1"]]


def test_databases_are_owned_by_an_unprivileged_role(empty_database):
    rows = empty_database.sql("SELECT rolsuper, datname FROM pg_roles JOIN pg_database"
                              " ON datdba = pg_roles.oid WHERE datname = current_database()")
    assert rows == [["f", empty_database.name]]


def test_wait_until_says_what_did_not_come():
    with pytest.raises(Timeout, match="the moon"):
        wait_until(lambda: False, 0.05, "the moon")


@pytest.mark.parametrize("report", [
    "ERROR: AddressSanitizer: heap-use-after-free", "ERROR: LeakSanitizer: detected memory leaks",
    "x.c:3:5: runtime error: signed integer overflow", "WARNING: ThreadSanitizer: data race",
])
def test_a_sanitizer_report_fails_the_test(scratch, report):
    process = Process(["sh", "-c", f"echo '{report}' >&2; trap 'exit 0' TERM; read x </dev/zero"],
                      scratch / "log").start()
    process.wait_log("r")
    process.process.kill()
    process.process.wait()
    with pytest.raises(AssertionError, match="a sanitizer or assert spoke"):
        process.stop()


def test_a_program_that_dies_by_itself_fails_the_test(scratch):
    process = Process(["sh", "-c", "exit 3"], scratch / "log").start()
    process.process.wait()
    with pytest.raises(AssertionError, match="died by itself with 3"):
        process.stop()


def test_an_exit_status_on_sigterm_fails_the_test(scratch):
    process = Process(["python3", "-c", "import signal,sys,time\n"
                       "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
                       "print('up', flush=True)\nsignal.pause()"], scratch / "log").start()
    process.wait_log("up")
    with pytest.raises(AssertionError, match="exit status 7"):
        process.stop()


@pytest.fixture
def upstream():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"x" * 100000)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_proxy_forwards(upstream, proxy):
    assert len(Api(proxy(upstream).port).get("/").body) == 100000


def test_proxy_cuts_after_n_bytes_so_many_times(upstream, proxy):
    through = proxy(upstream)
    through.cut_after, through.cut_times = 50000, 1
    received = Api(through.port).send_raw(b"GET / HTTP/1.0\r\n\r\n")
    assert len(received) == 50000
    assert len(Api(through.port).get("/").body) == 100000


def test_proxy_refuses(upstream, proxy):
    through = proxy(upstream)
    through.refuse = True
    assert Api(through.port).send_raw(b"GET / HTTP/1.0\r\n\r\n") == b""


def test_canonical_json_sorts_and_escapes():
    assert signing.canonical({"b": [1, None, True], "a": "\"\\\n"}) == (
        b'{"a":"\\"\\\\\n","b":[1,null,true]}')


def test_signature_verifies():
    key = signing.Key(bytes(32))
    assert key.public_hex == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    signed = {"_type": "x"}
    key.private.public_key().verify(bytes.fromhex(key.signature(signed)["sig"]),
                                    signing.canonical(signed))
