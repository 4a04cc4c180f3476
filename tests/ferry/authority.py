# SPDX-License-Identifier: Apache-2.0
"""A certificate authority made with openssl, and what it signs."""

import pathlib
import subprocess

CONFIGURATION = """
[ca]
default_ca = here
[here]
database = {directory}/index
serial = {directory}/serial
new_certs_dir = {directory}
certificate = {certificate}
private_key = {key}
default_md = sha256
default_days = 2
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Pair:
    """A certificate and its key, both PEM."""

    def __init__(self, directory, name):
        self.certificate = pathlib.Path(directory) / f"{name}.crt"
        self.key = pathlib.Path(directory) / f"{name}.key"


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority(Pair):
    """Its files are in a directory of its own."""

    def __init__(self, directory, name="authority"):
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir()
        super().__init__(self.directory, "root")
        (self.directory / "index").touch()
        (self.directory / "serial").write_text("01\n")
        (self.directory / "configuration").write_text(CONFIGURATION.format(
            directory=self.directory, certificate=self.certificate, key=self.key))
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "2", "-subj", f"/CN={name}", "-keyout", self.key,
                 "-out", self.certificate)

    def issue(self, name, host="IP:127.0.0.1", usage="serverAuth,clientAuth", start=None, end=None):
        """A certificate of this authority. start and end: YYYYMMDDHHMMSSZ."""
        pair = Pair(self.directory, name)
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"basicConstraints = CA:FALSE\nextendedKeyUsage = {usage}\n"
                              f"subjectAltName = {host}\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
        dates = [*(["-startdate", start] if start else []), *(["-enddate", end] if end else [])]
        _openssl("ca", "-batch", "-notext", "-config", self.directory / "configuration", "-in",
                 request, "-out", pair.certificate, "-extfile", extensions, *dates)
        return pair

    def expired(self, name, **more):
        return self.issue(name, start="20200101000000Z", end="20200201000000Z", **more)
