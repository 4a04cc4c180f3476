# SPDX-License-Identifier: Apache-2.0
"""Keys, canonical JSON and envelopes, written apart from ours so that tests compare two."""

import hashlib
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)


def canonical(value):
    """OLPC canonical JSON, as bytes."""
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'.encode("utf-8")
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-8"))
        return b"{" + b",".join(canonical(k) + b":" + canonical(v) for k, v in members) + b"}"
    raise TypeError(f"canonical JSON has no {type(value).__name__}")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Key:
    """An Ed25519 key."""

    def __init__(self, seed=None):
        self.private = (Ed25519PrivateKey.from_private_bytes(seed) if seed
                        else Ed25519PrivateKey.generate())

    @property
    def public_hex(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()

    @property
    def object(self):
        return {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": self.public_hex}}

    @property
    def keyid(self):
        return sha256(canonical(self.object))

    def file(self, name="default"):
        """The public key file: what `modelferry keys show --json` prints."""
        return {"modelferry_key": 1, "name": name, "key": self.object}

    def signature(self, signed):
        return {"keyid": self.keyid, "sig": self.private.sign(canonical(signed)).hex()}

    def envelope(self, signed):
        return {"signatures": [self.signature(signed)], "signed": signed}


NOW = "2026-01-02T03:04:05.678Z"


def verify(key, signed, signature):
    """Raises where `signature` (hex) is not that of a key object over `signed`."""
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["keyval"]["public"])).verify(
        bytes.fromhex(signature), canonical(signed))


def artifact(name, data):
    return {"name": name, "length": len(data), "hashes": {"sha256": sha256(data)}}


# What tests publish where any bytes do: a runtime whose files are taken as they are.
RUNTIME = "raw"


def variant(artifacts, runtime=RUNTIME, hardware="cpu", precision="fp32"):
    return {"runtime": runtime, "hardware": hardware, "precision": precision,
            "artifacts": artifacts}


def manifest(model, version, variants, workspace="default", **more):
    """The `signed` part of a version's envelope."""
    return {"_type": "modelferry-manifest", "spec_version": "1.0", "workspace": workspace,
            "model": model, "version": version, "created": NOW, "variants": variants, **more}


def enrolment(key, token, device, capabilities=None, attributes=None):
    """The envelope that a device sends to enrol."""
    if capabilities is None:
        capabilities = [{"runtime": RUNTIME, "hardware": "cpu"}]
    return key.envelope({
        "_type": "modelferry-enrolment", "token_sha256": sha256(token.encode()), "device": device,
        "key": key.object, "attributes": attributes or {}, "capabilities": capabilities,
        "time": NOW})


def report(device_id, sequence, slots, **more):
    """The `signed` part of a device's report."""
    return {"_type": "modelferry-report", "device_id": device_id, "sequence": sequence,
            "time": NOW, "nonce": secrets.token_hex(16), "state_version": 0, "slots": slots,
            "serving": {}, "detected": [], **more}
