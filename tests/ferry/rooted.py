# SPDX-License-Identifier: Apache-2.0
"""The lying gateway with an honest director and image repository behind it."""

import json

from .forge import Repository, target
from .gateway import DEVICE_ID, Gateway


class RootedGateway(Gateway):
    """What is assigned is listed in `image` and directed by `director`, both a forge.Repository.

    like    another one, whose repositories it goes on from
    listed  False: the director asks for what the image repository does not list
    """

    def __init__(self, like=None):
        self.image = like.image.copy() if like else Repository()
        self.director = like.director.copy() if like else Repository()
        self.bundled = True
        self.listed = True
        if not like:
            self.image.delegate("model-digits", "digits/*/*", "digits/*/*/*/*/*")
            self.image.publish("targets", "model-digits")
            self._direct({"version": 0, "slots": {}})
        super().__init__()

    def roots(self, path):
        """Writes what `modelferry root export` does."""
        path.write_text(json.dumps({
            "modelferry_trust": 1, "workspace": "default",
            **{name: json.loads(repository.current["root"]) for name, repository in (
                ("image", self.image), ("director", self.director))}}))
        return path

    def assign(self, envelope, version, slot="main", model="digits"):
        sha256 = super().assign(envelope, version, slot, model)
        if self.listed:
            self._list(envelope["signed"], self.manifests[sha256])
        self._direct(self.state)
        return sha256

    def unassign(self, slot="main"):
        super().unassign(slot)
        self._direct(self.state)

    def yank(self, version, model="digits"):
        """Its publishers withdraw a version."""
        targets = self.image.parts[f"model-{model}"]["targets"]
        for path in [each for each in targets if each.startswith(f"{model}/{version}/")]:
            del targets[path]
        self.image.publish(f"model-{model}")

    def _list(self, manifest, data):
        model = manifest["model"]
        prefix = f"{model}/{manifest['version']}"
        self.image.add(f"{prefix}/manifest.json", data, f"model-{model}")
        for variant in manifest["variants"]:
            for artifact in variant["artifacts"]:
                path = "/".join((prefix, variant["runtime"], variant["hardware"],
                                 variant["precision"], artifact["name"]))
                self.image.add(path, self.artifacts[artifact["hashes"]["sha256"]],
                               f"model-{model}")
        self.image.publish(f"model-{model}")

    def _direct(self, state):
        targets = {}
        for slot, want in state["slots"].items():
            data = self.manifests[want["manifest"]["sha256"]]
            variant = "/".join(want["variant"].values())
            custom = {"model": want["model"], "version": want["version"],
                      "slots": {slot: {"role": want["role"], "variant": variant}}}
            prefix = f"{want['model']}/{want['version']}"
            targets[f"{prefix}/manifest.json"] = target(data, **custom)
            for artifact in json.loads(data)["signed"]["variants"][0]["artifacts"]:
                bytes_ = self.artifacts[artifact["hashes"]["sha256"]]
                targets[f"{prefix}/{variant}/{artifact['name']}"] = target(bytes_, **custom)
        self.director.parts["targets"]["targets"] = targets
        self.director.parts["targets"]["custom"] = {
            "workspace": "default", "device": DEVICE_ID, "name": "cam-1",
            "state_version": state["version"]}
        self.director.publish("targets")

    def _get(self, request):
        parts = request.path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["device", "v1"] and parts[2] in ("bundle", "director") or parts[0] == "tuf":
            self._get_metadata(request, parts)
        else:
            super()._get(request)

    def _get_metadata(self, request, parts):
        if self._failed(request):
            return
        if parts[2] == "bundle":
            data = self._bundle() if self.bundled else None
        else:
            repository = self.director if parts[2] == "director" else self.image
            data = repository.files.get(parts[-1])
        self._reply(request, 200 if data is not None else 404, data or b"")

    def _bundle(self):
        """What is newest of each, and that there is no next root."""
        bundle = {}
        for name, repository in (("director", self.director), ("image", self.image)):
            files = {each: data.decode() for each, data in repository.files.items()
                     if data in repository.current.values() or each.endswith(".root.json")}
            files[f"{repository.parts['root']['version'] + 1}.root.json"] = None
            bundle[name] = files
        return json.dumps(bundle).encode()

