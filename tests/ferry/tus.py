# SPDX-License-Identifier: Apache-2.0
"""tus 1.0.0 by hand, a header at a time."""

import base64
import hashlib

from . import signing

BODY_TYPE = "application/offset+octet-stream"
RESUMABLE = {"Tus-Resumable": "1.0.0"}


def metadata(sha256, **more):
    pairs = {"sha256": sha256, **more}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}"
                    for key, value in pairs.items())


def checksum(data, algorithm="sha1"):
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


class Upload:
    """One upload; every call is one request."""

    def __init__(self, api, location, data):
        self.api = api
        self.location = location
        self.data = data

    @classmethod
    def create(cls, api, data, sha256=None, length=None, body=None, headers=None):
        reply = cls.announce(api, sha256 or signing.sha256(data),
                             len(data) if length is None else length, body, headers)
        return cls(api, reply.expect(201).header("Location"), data)

    @staticmethod
    def announce(api, sha256, length, body=None, headers=None):
        sent = {**RESUMABLE, "Upload-Length": str(length), "Upload-Metadata": metadata(sha256)}
        if body is not None:
            sent["Content-Type"] = BODY_TYPE
        return api.post("/api/v1/uploads", body=body, headers={**sent, **(headers or {})})

    def head(self):
        return self.api.head(self.location, headers=RESUMABLE)

    def offset(self):
        return int(self.head().expect(200).header("Upload-Offset"))

    def patch(self, offset, body, headers=None):
        return self.api.patch(self.location, body=body, headers={
            **RESUMABLE, "Content-Type": BODY_TYPE, "Upload-Offset": str(offset),
            **(headers or {})})

    def finish(self):
        """Resumes from wherever it is."""
        offset = self.offset()
        if offset < len(self.data):
            self.patch(offset, self.data[offset:]).expect(204)

    def delete(self):
        return self.api.delete(self.location, headers=RESUMABLE)

    def open_patch(self, offset, length):
        """A connection with the headers of a PATCH sent: the body is the caller's to send."""
        connection = self.api.raw()
        connection.sendall(
            f"PATCH {self.location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.api.token}"
            f"\r\nTus-Resumable: 1.0.0\r\nContent-Type: {BODY_TYPE}\r\nUpload-Offset: {offset}\r\n"
            f"Content-Length: {length}\r\n\r\n".encode())
        return connection
