# SPDX-License-Identifier: Apache-2.0
"""The example configurations of deploy/nginx and deploy/haproxy, in the real programs."""

import base64
import http.client
import json
import random

import pytest

from ferry import frontends, signing
from ferry.wait import wait_until


@pytest.fixture
def server_options():
    return {"http": {"trusted_proxies": "127.0.0.1"}}


@pytest.fixture(params=["nginx", "haproxy"])
def frontend(request, server, scratch, track):
    directory = scratch / request.param
    directory.mkdir()
    return track(getattr(frontends, request.param)(server, directory)).up()


def test_an_event_reaches_the_device_at_once(frontend, device, publish, assign):
    """Nothing is buffered: the event comes while the stream stays open."""
    with frontend.device(device.token).events() as stream:
        assert stream.status == 200
        first = stream.next("state")
        assign(device, publish())
        assert int(stream.next("state")["id"]) > int(first["id"])


def test_a_held_poll_passes(frontend, device, publish, assign):
    etag = device.state().header("ETag")
    through = frontend.device(device.token)
    reply = through.get("/device/v1/state?wait=1", headers={"If-None-Match": etag})
    assert reply.status == 304
    assign(device, publish())
    assert through.get("/device/v1/state?wait=30", headers={"If-None-Match": etag}).status == 200


def test_an_upload_larger_than_any_buffer_passes(frontend, publisher):
    data = random.Random(3).randbytes(24 << 20)
    through = frontend.api(publisher.token)
    path = f"/api/v1/artifacts/{signing.sha256(data)}"
    through.put(path, body=data).expect(201)
    assert through.get(path).expect(200).body == data
    part = through.get(path, headers={"Range": "bytes=5000000-5000099"}).expect(206)
    assert part.body == data[5000000:5000100]


def test_an_upload_that_is_cut_off_resumes_where_the_server_was(frontend, publisher):
    """The proxy must hand bytes on as they come: what it kept for itself would be lost."""
    data = random.Random(4).randbytes(40 << 20)
    digest = base64.b64encode(signing.sha256(data).encode()).decode()
    through = frontend.api(publisher.token)
    tus = {"Tus-Resumable": "1.0.0"}
    created = through.post("/api/v1/uploads", headers={
        **tus, "Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {digest}"}).expect(201)
    location = "/api/v1/uploads/" + created.header("Location").rsplit("/", 1)[1]

    connection = through.connection(60)
    connection.putrequest("PATCH", location)
    for name, value in {**tus, "Upload-Offset": "0", "Content-Length": str(len(data)),
                        "Content-Type": "application/offset+octet-stream",
                        "Authorization": f"Bearer {publisher.token}"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(data[:30 << 20])

    def offset():
        reply = publisher.head(location, headers=tus)
        return int(reply.header("Upload-Offset")) if reply.status == 200 else 0
    wait_until(lambda: offset() > 0, 60, "the server has seen nothing of a long body")
    connection.close()

    def resumed():
        at = offset()
        reply = through.patch(location, body=data[at:], headers={
            **tus, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"})
        return reply.status == 204 and at
    assert wait_until(resumed, 60, "the upload does not resume") >= 1 << 20
    assert through.get(f"/api/v1/artifacts/{signing.sha256(data)}").body == data


def test_a_full_loop_through_the_proxy(frontend, device, publish, assign):
    published = publish()
    assign(device, published)
    through = frontend.device(device.token)

    def slots():
        return through.get("/device/v1/state").expect(200).json()["slots"]
    slot = wait_until(lambda: slots().get("main"), what="the roster does not follow")
    manifest = through.get(f"/device/v1/manifests/{slot['manifest']['sha256']}").expect(200)
    assert signing.sha256(manifest.body) == slot["manifest"]["sha256"]
    body = through.get(f"/device/v1/artifacts/{published.sha256}").expect(200).body
    assert body == published.data


def test_metrics_are_for_this_host_only_and_problems_pass(frontend, publisher):
    assert frontend.api().get("/metrics").status == 200
    refused = frontend.api("mft_wrong").get("/api/v1/models")
    assert refused.expect(401).problem == "unauthenticated"


def make_model(connection, publisher, name, **headers):
    """As a client that says of itself where it comes from."""
    body = json.dumps({"name": name}).encode()
    connection.request("POST", "/api/v1/models", body, {
        "Authorization": f"Bearer {publisher.token}", "Content-Type": "application/json",
        **{header.replace("_", "-"): value for header, value in headers.items()}})
    assert connection.getresponse().status == 201
    connection.close()


def address_of(server, database):
    """Of who made the last model: in the log, and in the audit log."""
    found = server.wait_log(r"POST /api/v1/models 201 in \S+ ms from (\S+) by")
    logged = found.re.findall(server.log())[-1]
    assert logged == database.value(
        "SELECT actor_address FROM audit_entry ORDER BY seq DESC LIMIT 1")
    return logged


def test_the_clients_address_is_known_behind_a_proxy(frontend, server, publisher, database):
    """The proxy appends whom it saw; what the client says of itself stands before that."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", frontend.api_port, timeout=60, source_address=("127.0.0.9", 0),
        context=frontend.api().context)
    make_model(connection, publisher, "one", X_Forwarded_For="192.0.2.66",
               Forwarded="for=192.0.2.67")
    assert address_of(server, database) == "127.0.0.9"


def test_who_is_no_trusted_proxy_cannot_say_where_it_comes_from(server, publisher, database):
    connection = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=60,
                                            source_address=("127.0.0.9", 0))
    make_model(connection, publisher, "one", X_Forwarded_For="192.0.2.66",
               Forwarded="for=192.0.2.67")
    assert address_of(server, database) == "127.0.0.9"


@pytest.mark.parametrize("header, expected", [("x-forwarded-for", "192.0.2.66"),
                                              ("forwarded", "192.0.2.67")])
def test_only_one_header_is_believed(make_server, database, header, expected):
    server = make_server({"http": {"trusted_proxies": "127.0.0.0/8", "forwarded_header": header}})
    publisher = server.api(server.create_token("publisher"))
    connection = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=60)
    make_model(connection, publisher, "one", X_Forwarded_For="192.0.2.66",
               Forwarded="for=192.0.2.67")
    assert address_of(server, database) == expected
