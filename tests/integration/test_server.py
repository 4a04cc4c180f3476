# SPDX-License-Identifier: Apache-2.0
"""The program around the handlers: configuration, commands, start, reload, stop, metrics."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest

from ferry import paths
from ferry.api import Api
from ferry.process import Process, environment
from ferry.wait import wait_until

BINARY = "modelferryd"


def run(*arguments, env=None, status=0):
    done = subprocess.run([paths.program(BINARY), *map(str, arguments)],
                          env=environment(**(env or {})), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, f"{arguments}: {done.returncode}: {done.stdout}{done.stderr}"
    return done


# ---- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize("text, said", [
    ("[servr]\n", "c.conf:1: unknown section [servr]; did you mean 'server'?"),
    ("[server]\nlog_levle = info\n",
     "c.conf:2: unknown key 'log_levle' in [server]; did you mean 'log_level'?"),
    ("[server]\n\nlog_level = loud\n",
     "c.conf:3: server.log_level: invalid value 'loud', expected one of error, warn, info, debug"),
    ("[work]\nworkers = 0\n", "c.conf:2: work.workers: invalid value '0', expected a number, from 1"),
    ("[http]\nidle_timeout = 5\n", "expected a duration such as"),
    ("[database]\nurl = x\n[api]\ntls_cert = y\n", "[api] needs both tls_cert and tls_key"),
    ("[database]\nurl = x\n[api]\naddress = here\n", "expected HOST:PORT"),
    ("[database]\nurl = x\n[http]\ntrusted_proxies = localhost\n", "expected addresses and networks"),
    ("", "there is no database: set 'url' in [database]"),
])
def test_check_config_names_what_is_wrong(scratch, text, said):
    path = scratch / "c.conf"
    path.write_text(text)
    assert said in run("--check-config", f"--config={path}", status=2).stderr


def test_a_good_configuration_passes_and_secrets_stay_out_of_errors(scratch):
    path = scratch / "c.conf"
    path.write_text("[database]\nurl = postgresql://me:s3cret@db/x\n")
    run("--check-config", f"--config={path}")
    refused = run("--check-config", "--database-url=postgresql://me:s3cret@db/x", status=2)
    assert "s3cret" not in refused.stderr
    path.write_text("[database]\nurl = a\nurl = s3cret\n")
    assert "s3cret" not in run("--check-config", f"--config={path}", status=2).stderr


def test_the_environment_may_name_a_file_with_the_url(scratch):
    path = scratch / "url"
    path.write_text("postgresql:///x\n")
    run("--check-config", env={"MODELFERRY_DATABASE_URL_FILE": path})
    path.unlink()
    assert "cannot read" in run("--check-config", env={"MODELFERRY_DATABASE_URL_FILE": path},
                                status=2).stderr


def test_the_printed_configuration_can_be_used(scratch):
    path = scratch / "c.conf"
    path.write_text(run("--print-config").stdout)
    run("--check-config", f"--config={path}", env={"MODELFERRY_DATABASE_URL": "postgresql:///x"})


def test_commands_say_what_is_wrong(server):
    for arguments, said in (
            (("token", "create", "x"), "too few arguments; usage: modelferryd token create"),
            (("token", "create", "x", "king"), "not a role"),
            (("token", "create", "x", "viewer", "--workspace=none"), "there is no workspace 'none'"),
            (("workspace", "create", "Not A Name"), "not a name for a workspace"),
            (("workspace", "create", "default"), "there is a workspace already named 'default'"),
            (("wrkspace", "ls"), "did you mean 'workspace ls'?")):
        done = server.run(*arguments, check=False)
        assert done.returncode == 2 and said in done.stderr, done


def test_workspaces_and_tokens_are_made_without_a_token(server):
    server.run("workspace", "create", "lab", "--quota=1GiB")
    assert server.run("workspace", "ls").stdout.split() == ["default", "lab"]
    token = server.create_token("viewer", workspace="lab")
    assert server.api(token).get("/api/v1/whoami").expect(200).json()["workspace"] == "lab"


# ---- start --------------------------------------------------------------------------------------


def test_a_second_server_on_the_same_port_says_so(server):
    done = server.run(f"--api-address=127.0.0.1:{server.api_port}", check=False)
    assert done.returncode == 1
    assert f"cannot listen on '127.0.0.1:{server.api_port}': Address already in use" in done.stderr


def test_health_without_a_database(make_server):
    server = make_server(database_url="postgresql://127.0.0.1:1/none", start=False)
    server.start(ready=False).wait_listening()
    assert server.api().get("/healthz").status == 200
    assert server.api().get("/readyz").expect(503).problem == "unavailable"
    assert "modelferry_database_up 0" in server.api().get("/metrics").text
    refused = server.api("mft_x").get("/api/v1/whoami").expect(503)
    assert refused.header("Retry-After")


def test_dev_has_everything_in_one_directory(track):
    directory = paths.scratch("dev")
    directory.chmod(0o755)
    server = track(Process([paths.program(BINARY), f"--dev={directory}", "--api-address=127.0.0.1:0",
                            "--device-address=127.0.0.1:0"], directory / "log"))
    ports = directory / "ports.json"
    token = directory / "admin.token"
    for _ in range(2):
        server.start()
        wait_until(ports.exists, 120, server.log)
        assert token.stat().st_mode & 0o777 == 0o600
        connection = http.client.HTTPConnection("127.0.0.1", json.loads(ports.read_text())["api"])
        wait_until(lambda: _ready(connection), 60, server.log)
        connection.request("GET", "/api/v1/whoami",
                           headers={"Authorization": f"Bearer {token.read_text().strip()}"})
        assert connection.getresponse().status == 200
        connection.close()
        made = subprocess.run([paths.program(BINARY), "token", "create", "x", "viewer",
                               f"--dev={directory}"], env=environment(), capture_output=True,
                              text=True, timeout=120, check=False)
        assert made.stdout.startswith("mft_"), made
        server.stop()
        assert not ports.exists()
        server.process = None


def test_dev_starts_its_postgresql_again(track):
    directory = paths.scratch("dev")
    directory.chmod(0o755)
    server = track(Process([paths.program(BINARY), f"--dev={directory}", "--api-address=127.0.0.1:0",
                            "--device-address=127.0.0.1:0"], directory / "log"))
    server.start()
    ports = directory / "ports.json"
    wait_until(ports.exists, 120, server.log)
    api = Api(json.loads(ports.read_text())["api"],
              (directory / "admin.token").read_text().strip())
    wait_until(lambda: api.get("/readyz").status == 200, 60, server.log)
    made = api.post("/api/v1/tokens", {"name": "x", "role": "viewer"}).expect(201).json()
    pid = int((directory / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    server.wait_log(r"the private PostgreSQL ended by itself \(signal 9\); it is started again")
    wait_until(lambda: api.get("/readyz").status == 200, 60, server.log)
    listed = api.get("/api/v1/tokens").expect(200).json()["items"]
    assert made["id"] in [each["id"] for each in listed]
    server.stop()
    server.process = None


def _ready(connection):
    connection.request("GET", "/readyz")
    reply = connection.getresponse()
    reply.read()
    return reply.status == 200


# ---- reload -------------------------------------------------------------------------------------


def test_reload_takes_the_log_level_and_warns_of_the_rest(server):
    server.write_config({"server": {"log_level": "debug", "log_format": "json"},
                         "work": {"workers": 3}})
    server.reload()
    server.wait_log(r'"message":"reloaded"')
    assert "'workers' in [work] changed; it takes effect at the next start" in server.log()


def test_a_reload_that_is_wrong_changes_nothing(server):
    server.write_config({"server": {"log_level": "loud"}})
    server.reload()
    server.wait_log(r"not reloaded: .*log_level: invalid value 'loud'")
    assert server.api().get("/readyz").status == 200


def test_systemd_is_told(make_server, scratch):
    socket_path = scratch / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(socket_path))
    listener.settimeout(30)
    server = make_server(env=environment(NOTIFY_SOCKET=socket_path, WATCHDOG_USEC=400000))
    said = []

    def hears(what):
        while not any(what in each for each in said):
            said.append(listener.recv(4096).decode())

    hears("READY=1")
    hears("WATCHDOG=1")
    server.reload()
    hears("RELOADING=1\nMONOTONIC_USEC=")
    said.clear()
    hears("READY=1")
    server.stop()
    hears("STOPPING=1")
    listener.close()


# ---- stop ---------------------------------------------------------------------------------------


def body_bytes(server):
    return int(re.search(r'body_bytes_total\{listener="api"\} (\d+)',
                         server.api().get("/metrics").text).group(1))


def test_stop_finishes_what_runs(server, publisher):
    """An upload that is under way when SIGTERM comes is taken to its end and answered."""
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    before = body_bytes(server)
    connection = publisher.raw()
    connection.sendall(f"PUT /api/v1/artifacts/{sha} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                       f"Authorization: Bearer {publisher.token}\r\n\r\na".encode())
    wait_until(lambda: body_bytes(server) == before + 1, 20)
    server.signal(signal.SIGTERM)
    server.wait_log("stopping")
    connection.sendall(b"bc")
    reply = b""
    while more := connection.recv(65536):
        reply += more
    connection.close()
    assert reply.startswith(b"HTTP/1.1 201"), reply
    assert server.wait_exit() == 0
    server.expect_death = True


def test_stop_does_not_wait_for_ever(make_server, server_options):
    server = make_server({**server_options, "server": {"stop_grace": "1s"}})
    token = server.create_token("publisher")
    connection = server.api().raw()
    connection.sendall(f"PUT /api/v1/artifacts/{'0' * 64} HTTP/1.1\r\nHost: x\r\n"
                       f"Content-Length: 3\r\nAuthorization: Bearer {token}\r\n\r\na".encode())
    wait_until(lambda: body_bytes(server) == 1, 20)
    server.stop()
    connection.close()


def test_event_streams_are_told_to_come_back(server, device):
    with device.events() as stream:
        stream.next("state")
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        assert stream.next("goodbye")["event"] == "goodbye"
        stopper.join()
    server.expect_death = True


# ---- the queue ----------------------------------------------------------------------------------


def test_a_full_queue_is_answered_503(make_server, private_database):
    """The database stands still: what does not fit into the queue is turned away at once, what
    needs no database goes on."""
    server = make_server({"work": {"workers": 1, "queue": 2},
                          "database": {"answer_timeout": "5m"}},
                         database_url=private_database.url())
    token = server.create_token("viewer")
    private_database.cluster.freeze()
    try:
        waiting = []
        for _ in range(6):
            connection = server.api().raw()
            connection.sendall(f"GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                               f"Authorization: Bearer {token}\r\n\r\n".encode())
            waiting.append(connection)
        rejected = wait_until(lambda: re.search(
            r'http_rejected_total\{listener="api"\} ([1-9])', server.api().get("/metrics").text), 20)
        assert int(rejected.group(1)) >= 3
    finally:
        private_database.cluster.thaw()
    replies = []
    for connection in waiting:
        reply = b""
        while more := connection.recv(65536):
            reply += more
        replies.append(reply)
        connection.close()
    assert sum(reply.startswith(b"HTTP/1.1 200") for reply in replies) >= 2
    turned_away = [reply for reply in replies if reply.startswith(b"HTTP/1.1 503")]
    assert len(turned_away) >= 3
    assert all(b"Retry-After: " in reply and b"/unavailable" in reply for reply in turned_away)


# ---- what it says of itself ---------------------------------------------------------------------


def test_requests_have_an_id_in_reply_problem_and_log(server, viewer):
    reply = viewer.get("/api/v1/models/none").expect(404)
    request_id = reply.header("X-Request-Id")
    assert reply.json()["request_id"] == request_id
    server.wait_log(rf"request={request_id} GET /api/v1/models/none 404 .* by test-viewer")


def test_the_description_is_served(server):
    reply = server.api().get("/api/v1/openapi.yaml").expect(200)
    source = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
    assert reply.body == source.read_bytes()


def test_metrics_are_prometheus_text(server):
    text = server.api().get("/metrics").expect(200).text
    for line in text.splitlines():
        assert re.fullmatch(r'#.*|modelferry_\w+(\{[^}]*\})? [0-9.e+-]+', line), line
    assert 'modelferry_http_connections{listener="device"} 0' in text
