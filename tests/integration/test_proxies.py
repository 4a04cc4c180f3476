# SPDX-License-Identifier: Apache-2.0
"""The example configurations of deploy/nginx and deploy/haproxy, in the real programs."""

import base64
import random

import pytest

from ferry import frontends, signing
from ferry.wait import wait_until


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
