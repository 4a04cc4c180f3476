# SPDX-License-Identifier: Apache-2.0
"""TLS on both listeners, with certificates of an authority that openssl made; the agent and the
command line as clients of it."""

import http.client
import shutil
import ssl

import pytest

from ferry.authority import Authority, Pair
from ferry.wait import wait_until


@pytest.fixture
def authority(scratch):
    return Authority(scratch)


@pytest.fixture
def stranger(scratch):
    """Another authority, which nobody trusts."""
    return Authority(scratch, "stranger")


@pytest.fixture
def identity(authority, scratch):
    """The server's certificate, in files that a test may replace."""
    pair = Pair(scratch, "server")
    install(authority.issue("good"), pair)
    return pair


@pytest.fixture
def server_options(authority, identity):
    return {"device": {"tls_cert": identity.certificate, "tls_key": identity.key,
                       "tls_client_ca": authority.certificate}}


def install(pair, where):
    shutil.copy(pair.certificate, where.certificate)
    shutil.copy(pair.key, where.key)


def ask(port, trusted, path, client=None):
    """(status, body)"""
    context = ssl.create_default_context(cafile=str(trusted.certificate))
    if client:
        context.load_cert_chain(client.certificate, client.key)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def shown(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


# ---- the listeners ------------------------------------------------------------------------------


def test_a_certificate_is_renewed_by_a_reload(make_server, authority, identity):
    server = make_server({"api": {"tls_cert": identity.certificate, "tls_key": identity.key}},
                         start=False)
    server.start(ready=False).wait_listening()
    wait_until(lambda: ask(server.api_port, authority, "/readyz")[0] == 200, 40, server.log)
    before = shown(server.api_port)
    install(authority.issue("renewed"), identity)
    server.reload()
    server.wait_log("reloaded")
    renewed = shown(server.api_port)
    assert renewed != before
    identity.certificate.write_text("rubbish")
    server.reload()
    server.wait_log("certificates stay as they were")
    assert shown(server.api_port) == renewed


def test_the_clients_authority_is_renewed_by_a_reload(make_server, authority, stranger, identity,
                                                       scratch):
    """In turn: the old CA, both (while devices get new certificates), the new one, rubbish."""
    trusted = scratch / "clients.pem"
    old, new = authority.issue("old"), stranger.issue("new")
    certificates = [each.certificate.read_text() for each in (authority, stranger)]
    trusted.write_text(certificates[0])
    server = make_server({"device": {"tls_cert": identity.certificate, "tls_key": identity.key,
                                     "tls_client_ca": trusted}})

    def statuses():
        return [ask(server.device_port, authority, "/device/v1/state", each)[0]
                for each in (old, new)]

    def reload(text, said):
        trusted.write_text(text)
        since = len(server.log())
        server.reload()
        wait_until(lambda: said in server.log()[since:], 40, server.log)

    assert statuses() == [401, 403]
    reload("".join(certificates), "info reloaded")
    assert statuses() == [401, 401]
    reload(certificates[1], "info reloaded")
    assert statuses() == [403, 401]
    reload("rubbish", "its certificates stay as they were")
    assert statuses() == [403, 401]


def test_devices_need_a_certificate_of_the_authority(server, authority, stranger):
    def refused(client):
        status, body = ask(server.device_port, authority, "/device/v1/state", client)
        assert status == 403
        return body

    known = authority.issue("device", usage="clientAuth")
    assert ask(server.device_port, authority, "/device/v1/state", known)[0] == 401
    assert "a client certificate is needed" in refused(None)
    assert "was not signed by the CA" in refused(stranger.issue("device"))
    assert "has expired" in refused(authority.expired("old"))
    assert "not valid yet" in refused(authority.issue("early", start="20900101000000Z",
                                                      end="20910101000000Z"))
    assert "lacks clientAuth" in refused(authority.issue("wrong", usage="serverAuth"))


# ---- the agent ----------------------------------------------------------------------------------


def options(trusted=None, client=None):
    chosen = {}
    if trusted:
        chosen["ca_file"] = trusted.certificate
    if client:
        chosen |= {"client_cert_file": client.certificate, "client_key_file": client.key}
    return {"server": chosen}


def device_url(server):
    return f"https://127.0.0.1:{server.device_port}"


@pytest.fixture
def known(authority):
    """What the authority gave the device."""
    return authority.issue("device", usage="clientAuth")


def test_an_agent_is_served_over_tls(server, make_agent, authority, known, identity, publish,
                                     assign):
    """Enrolment, an update by push, a download; then the server's certificate is renewed."""
    agent = make_agent(options=options(authority, known), url=device_url(server))
    agent.start()
    first = publish("digits", "1.0.0", b"first")
    assign("device-1", first)
    wait_until(lambda: agent.serves(b"first"), 60, agent.log)
    install(authority.issue("renewed"), identity)
    server.reload()
    server.wait_log("reloaded")
    assign("device-1", publish("digits", "2.0.0", b"second"))
    wait_until(lambda: agent.serves(b"second"), 60, agent.log)


@pytest.mark.parametrize("make, said", [
    (lambda a, s, k: options(None, k), "name that one's certificate as the CA file"),
    (lambda a, s, k: options(s, k), "name that one's certificate as the CA file"),
    (lambda a, s, k: options(a), "a client certificate is needed that the CA of this server"),
    (lambda a, s, k: options(a, s.issue("d")), "was not signed by the CA of this server"),
    (lambda a, s, k: options(a, a.expired("d")), "the client certificate has expired"),
], ids=["no authority", "wrong authority", "no certificate", "a stranger's", "an expired one"])
def test_enrolment_says_what_is_wrong_with_the_agents_side(
        server, make_agent, enrolment_token, model_key, authority, stranger, known, make, said):
    agent = make_agent(options=make(authority, stranger, known), enroll=False)
    done = agent.enroll(device_url(server), enrolment_token(), "device-1", [model_key], status=1)
    assert "cannot enrol: " in done.stderr and said in done.stderr, done.stderr


@pytest.mark.parametrize("make, said", [
    (lambda a: a.expired("s"), "certificate has expired; renew it on the server"),
    (lambda a: a.issue("s", host="DNS:ferry.example.org"), "matches target host name '127.0.0.1'"),
], ids=["expired", "another host's"])
def test_enrolment_says_what_is_wrong_with_the_servers_side(
        server, make_agent, enrolment_token, model_key, authority, known, identity, make, said):
    install(make(authority), identity)
    server.reload()
    server.wait_log("reloaded")
    agent = make_agent(options=options(authority, known), enroll=False)
    done = agent.enroll(device_url(server), enrolment_token(), "device-1", [model_key], status=1)
    assert "cannot enrol: " in done.stderr and said in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["ca_file", "client_cert_file", "client_key_file"])
def test_a_file_that_is_no_certificate_is_named(server, make_agent, enrolment_token, model_key, authority,
                                                known, scratch, name):
    rubbish = scratch / "rubbish.pem"
    rubbish.write_text("rubbish")
    settings = options(authority, known)
    settings["server"][name] = rubbish
    agent = make_agent(options=settings, enroll=False)
    done = agent.enroll(device_url(server), enrolment_token(), "device-1", [model_key], status=1)
    assert str(rubbish) in done.stderr, done.stderr


def test_a_running_agent_says_so_and_goes_on_when_it_is_mended(server, make_agent, authority, known,
                                                               identity, publish, assign):
    agent = make_agent(options=options(authority, known), url=device_url(server))
    install(authority.expired("old"), identity)
    server.reload()
    server.wait_log("reloaded")
    agent.start()
    agent.wait_log("certificate has expired; renew it on the server")
    assign("device-1", publish("digits", "1.0.0", b"late"))
    assert not agent.current()
    install(authority.issue("renewed"), identity)
    server.reload()
    wait_until(lambda: agent.serves(b"late"), 60, agent.log)


# ---- the command line ---------------------------------------------------------------------------


def test_the_command_line_takes_an_authority(make_server, cli, authority, stranger, identity):
    server = make_server({"api": {"tls_cert": identity.certificate, "tls_key": identity.key}},
                         start=False, name="secure")
    server.start(ready=False).wait_listening()
    wait_until(lambda: ask(server.api_port, authority, "/readyz")[0] == 200, 40, server.log)
    token = server.create_token("viewer")
    url = {"MODELFERRY_URL": f"https://127.0.0.1:{server.api_port}", "MODELFERRY_TOKEN": token}
    done = cli.run("whoami", env={**url, "MODELFERRY_CA_FILE": authority.certificate})
    assert "viewer" in done.out
    done = cli.run("whoami", env={**url, "MODELFERRY_CA_FILE": stranger.certificate}, status=None)
    assert done.status != 0 and "--ca-file" in done.err, done
