# SPDX-License-Identifier: Apache-2.0
"""nginx and HAProxy with the configurations of deploy/, moved to free ports and own certificates."""

import re
import shutil
import ssl
import subprocess

from . import paths
from .api import Api
from .process import Process, environment
from .wait import wait_until


def certificate(directory):
    """A self-signed certificate: fullchain.pem, privkey.pem, haproxy.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", directory / "privkey.pem",
                    "-out", directory / "fullchain.pem"], check=True, capture_output=True)
    both = (directory / "fullchain.pem").read_text() + (directory / "privkey.pem").read_text()
    (directory / "haproxy.pem").write_text(both)


def substitute(text, *pairs):
    """Replaces each pattern, which must be there."""
    for pattern, replacement in pairs:
        text, count = re.subn(pattern, str(replacement), text)
        assert count, f"'{pattern}' is not in the example configuration"
    return text


class TlsApi(Api):
    """An Api over TLS that trusts one certificate."""

    def __init__(self, port, token, directory, timeout=60):
        super().__init__(port, token, timeout=timeout)
        self.directory = directory
        self.context = ssl.create_default_context(cafile=str(directory / "fullchain.pem"))

    def with_token(self, token):
        return TlsApi(self.port, token, self.directory, self.timeout)

    def connection(self, timeout):
        import http.client
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout,
                                           context=self.context)


class Frontend(Process):
    """A proxy that runs in front of one server."""

    def __init__(self, command, directory, name):
        super().__init__(command, directory / f"{name}.log", environment())
        self.directory = directory

    def api(self, token=None):
        return TlsApi(self.api_port, token, self.directory)

    def device(self, token=None):
        return TlsApi(self.device_port, token, self.directory)

    def stop(self, expect=(0, -15)):
        """HAProxy ends by the signal itself."""
        super().stop(expect)

    def up(self):
        self.start()
        wait_until(lambda: self._answers(), 20, lambda: f"no answer:\n{self.log()[-2000:]}")
        return self

    def _answers(self):
        assert self.running, self.log()
        try:
            return self.api().get("/healthz").status == 200
        except OSError:
            return False


def nginx(server, directory):
    certificate(directory)
    example = (paths.ROOT / "deploy/nginx/modelferry.conf").read_text()
    api_port, device_port = paths.free_port(), paths.free_port()
    (directory / "modelferry.conf").write_text(substitute(
        example, (r"127\.0\.0\.1:8080", f"127.0.0.1:{server.api_port}"),
        (r"127\.0\.0\.1:8081", f"127.0.0.1:{server.device_port}"),
        (r"listen 443 ", f"listen 127.0.0.1:{api_port} "),
        (r"listen 8443 ", f"listen 127.0.0.1:{device_port} "),
        (r"/etc/ssl/modelferry", directory)))
    (directory / "nginx.conf").write_text(
        f"daemon off;\nworker_processes 1;\npid {directory}/nginx.pid;\nerror_log stderr;\n"
        "events { worker_connections 512; }\nhttp {\n  access_log off;\n"
        + "".join(f"  {kind}_temp_path {directory}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + f"  include {directory}/modelferry.conf;\n}}\n")
    directory.chmod(0o755)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    proxy = Frontend([program, "-e", "stderr", "-p", directory, "-c", directory / "nginx.conf"],
                     directory, "nginx")
    proxy.api_port, proxy.device_port = api_port, device_port
    return proxy


def haproxy(server, directory):
    certificate(directory)
    example = (paths.ROOT / "deploy/haproxy/haproxy.cfg").read_text()
    api_port, device_port = paths.free_port(), paths.free_port()
    (directory / "haproxy.cfg").write_text(substitute(
        example, (r"127\.0\.0\.1:8080", f"127.0.0.1:{server.api_port}"),
        (r"127\.0\.0\.1:8081", f"127.0.0.1:{server.device_port}"),
        (r"port 8080", f"port {server.api_port}"),
        (r"bind :443 ", f"bind 127.0.0.1:{api_port} "),
        (r"bind :8443 ", f"bind 127.0.0.1:{device_port} "),
        (r"/etc/ssl/modelferry", directory), (r"maxconn 50000", "maxconn 500")))
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    proxy = Frontend([program, "-db", "-f", directory / "haproxy.cfg"], directory, "haproxy")
    proxy.api_port, proxy.device_port = api_port, device_port
    return proxy
