# SPDX-License-Identifier: Apache-2.0
"""The fixtures. A test asks for the least it needs:

database   an empty-of-rows database with the schema
server     a modelferryd on it; add_server() for a second instance
admin, publisher, operator, viewer   an Api on the api listener with a token of that role
api        the api listener without a token
device     an Api on the device listener as an enrolled device (device.name, .key, .id)
publish    publish("digits", "1.0.0", b"bytes") -> what was published
cli        modelferry, logged in as publisher; agent: one that is enrolled, not running
private_cluster   a PostgreSQL of the test's own, to stop and start
workshop   a server with a publisher's versions that the tests of a module share
scene   a device of the workshop that serves 1.0.0, and a hostile server in front of it
"""

import json
import os
import shutil

import pytest

from . import paths, signing
from .agent import Agent
from .api import Api
from .cli import Cli
from .cluster import Cluster, SharedCluster
from .proxy import Proxy
from .scene import Scene, Workshop
from .server import Server, migrate

# ---- the session --------------------------------------------------------------------------------


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.ferry_session = json.loads(config.workerinput["ferry_session"])
        config.ferry_owner = False
        return
    config.ferry_session = {"directory": str(paths.scratch("session")), "pid": os.getpid()}
    config.ferry_owner = True


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["ferry_session"] = json.dumps(node.config.ferry_session)


def pytest_unconfigure(config):
    if getattr(config, "ferry_owner", False):
        _shared(config).destroy()
        shutil.rmtree(config.ferry_session["directory"], ignore_errors=True)


def _shared(config):
    return SharedCluster(config.ferry_session["directory"], config.ferry_session["pid"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in getattr(item, "ferry_processes", []):
            log = process.log()
            report.sections.append((f"log of {process.log_path.name}", log[-12000:]))


@pytest.fixture(scope="session")
def cluster(pytestconfig):
    """The shared PostgreSQL."""
    return _shared(pytestconfig).get()


@pytest.fixture(scope="session")
def template(pytestconfig):
    """The name of a database in the shared cluster with the schema in it."""
    return _shared(pytestconfig).template(migrate)


@pytest.fixture(scope="session")
def _counter():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    return (f"test_{worker}_{number}" for number in iter(range(1, 1 << 30)))


@pytest.fixture
def scratch():
    """A directory with a short path that goes after the test."""
    path = paths.scratch("test")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def empty_database(cluster, _counter):
    """A database without a schema."""
    database = cluster.create_database(next(_counter))
    yield database
    database.drop()


@pytest.fixture
def database(cluster, template, _counter):
    database = cluster.create_database(next(_counter), template)
    yield database
    database.drop()


@pytest.fixture
def private_cluster():
    cluster = Cluster.create()
    yield cluster
    cluster.destroy()


@pytest.fixture
def private_database(private_cluster):
    """A database of a cluster that the test may stop; migrated by the first server."""
    return private_cluster.create_database("ferry")


# ---- servers ------------------------------------------------------------------------------------


@pytest.fixture
def track(request):
    """Processes that are stopped after the test, last first, and whose logs a failure shows."""
    tracked = request.node.ferry_processes = []

    def add(process):
        tracked.append(process)
        return process

    yield add
    errors = []
    for process in reversed(tracked):
        try:
            process.stop()
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)


@pytest.fixture
def server_options():
    """Override in a module: {"section": {"name": value}} for `server`."""
    return {}


@pytest.fixture
def make_server(database, scratch, track):
    """make_server(options, name=…, database_url=…) -> a server that runs."""
    made = []

    def make(options=None, name=None, database_url=None, start=True, **more):
        made.append(name or f"server{len(made) or ''}")
        server = track(Server(database_url or database.url(), scratch, options, made[-1], **more))
        return server.start() if start else server

    return make


@pytest.fixture
def server(make_server, server_options):
    return make_server(server_options)


@pytest.fixture
def add_server(make_server, server, server_options):
    """A second instance on the same database."""
    return lambda options=None, **more: make_server({**server_options, **(options or {})}, **more)


@pytest.fixture
def proxy(request):
    """proxy(port) -> a Proxy in front of it."""
    made = []

    def make(port):
        made.append(Proxy(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


# ---- people -------------------------------------------------------------------------------------


@pytest.fixture
def api(server):
    return server.api()


@pytest.fixture
def admin(server):
    return server.api(server.create_token("admin"))


def _with_role(admin, role):
    made = admin.post("/api/v1/tokens", {"name": f"test-{role}", "role": role}).expect(201)
    return admin.with_token(made.json()["token"])


@pytest.fixture
def publisher(admin):
    return _with_role(admin, "publisher")


@pytest.fixture
def operator(admin):
    return _with_role(admin, "operator")


@pytest.fixture
def viewer(admin):
    return _with_role(admin, "viewer")


# ---- models -------------------------------------------------------------------------------------


class Published:
    def __init__(self, model, version, key, data, envelope, reply):
        self.model = model
        self.version = version
        self.key = key
        self.data = data
        self.sha256 = signing.sha256(data)
        self.envelope = envelope
        self.reply = reply


@pytest.fixture
def model_key():
    """The publisher's key."""
    return signing.Key()


@pytest.fixture
def publish(publisher, model_key):
    """publish(model, version, data) uploads, signs and publishes; the model is made if need be."""

    def make(model="digits", version="1.0.0", data=b"weights", name="model.onnx", variants=None,
             **more):
        if publisher.get(f"/api/v1/models/{model}").status == 404:
            keys = [{"name": "test", "key": model_key.object}]
            publisher.post("/api/v1/models", {"name": model, "keys": keys}).expect(201)
        publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data,
                      headers={"Content-Type": "application/octet-stream"}).expect(200, 201)
        variants = variants or [signing.variant([signing.artifact(name, data)])]
        envelope = model_key.envelope(signing.manifest(model, version, variants, **more))
        reply = publisher.post(f"/api/v1/models/{model}/versions", envelope).expect(201)
        assert reply.json()["state"] == "published"
        return Published(model, version, model_key, data, envelope, reply.json())

    return make


# ---- devices ------------------------------------------------------------------------------------


class Device(Api):
    """The device listener, as one enrolled device."""

    def __init__(self, port, name, key, reply):
        super().__init__(port, reply["token"])
        self.name = name
        self.key = key
        self.id = reply["device_id"]

    def state(self, etag=None, wait=None, **options):
        query = f"?wait={wait}" if wait else ""
        headers = {"If-None-Match": etag} if etag else {}
        return self.get(f"/device/v1/state{query}", headers=headers, **options)

    def report(self, sequence, slots, state_version=0, **more):
        return self.post("/device/v1/reports", self.key.envelope(signing.report(
            self.id, sequence, slots, state_version=state_version, **more)))


@pytest.fixture
def enrolment_token(operator):
    """enrolment_token(uses=…) -> a token with which devices enrol."""

    def make(name="test", uses=0, **more):
        made = operator.post("/api/v1/enrolments", {"name": name, "uses": uses, **more}).expect(201)
        return made.json()["token"]

    return make


@pytest.fixture
def enroll(server, enrolment_token):
    """enroll("cam-1") -> a Device; on another instance with server=…"""

    def make(name="device-1", server=server, key=None, **more):
        token = enrolment_token()
        key = key or signing.Key()
        listener = server.device(token)
        reply = listener.post("/device/v1/enroll", signing.enrolment(key, token, name, **more))
        return Device(server.device_port, name, key, reply.expect(201).json())

    return make


@pytest.fixture
def device(enroll):
    return enroll()


@pytest.fixture
def assign(operator):
    """assign("device-1", published) sets one slot of one device."""

    def make(device, published, slot="main"):
        name = getattr(device, "name", device)
        return operator.post("/api/v1/desired", {
            "devices": [name], "slot": slot, "model": published.model,
            "version": published.version}).expect(200).json()

    return make


@pytest.fixture
def cli(server, publisher, scratch):
    """modelferry, told by its environment where the server is and who asks."""
    return Cli(scratch / "cli", env={"MODELFERRY_URL": server.url(),
                                     "MODELFERRY_TOKEN": publisher.token})


@pytest.fixture
def make_agent(server, scratch, track, enrolment_token, model_key):
    """make_agent("cam-1") -> an Agent that is enrolled and trusts model_key; start() runs it."""

    def make(name="device-1", options=None, url=None, enroll=True, **more):
        agent = track(Agent(scratch / name, options, **more))
        if enroll:
            agent.enroll(url or server.device_url(), enrolment_token(), name, [model_key])
        return agent

    return make


@pytest.fixture
def agent(make_agent):
    return make_agent()


# ---- attacks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workshop_options():
    """Override in a module: options of the workshop's server."""
    return {}


@pytest.fixture(scope="module")
def workshop(cluster, template, _counter, workshop_options):
    database = cluster.create_database(next(_counter), template)
    directory = paths.scratch("workshop")
    made = Workshop(database, directory, workshop_options)
    yield made
    made.stop()
    database.drop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def scene(workshop, scratch, track, request, _counter):
    made = Scene(workshop, scratch, track, f"cam-{next(_counter).replace('_', '-')}")
    request.node.ferry_processes = [workshop.server, made.agent]
    yield made
    made.close()
