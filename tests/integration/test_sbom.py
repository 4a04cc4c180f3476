# SPDX-License-Identifier: Apache-2.0
"""The CycloneDX ML-BOM of a version: valid, and with only what the registry knows."""

import json

import jsonschema
import pytest

from ferry import openlineage as ol
from ferry import paths, signing

V1 = "/api/v1/models/digits/versions/1.0.0"
SCHEMAS = paths.DATA / "cyclonedx"


@pytest.fixture(scope="module")
def validate():
    """Against CycloneDX's own schema, format checks and all."""
    store = {}
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        store[schema["$id"]] = schema
    schema = next(s for name, s in store.items() if "bom-1.6" in name)
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=store)
    validator = jsonschema.Draft7Validator(schema, resolver=resolver)
    return validator.validate


@pytest.fixture
def version(publisher, publish):
    signature = {"inputs": [{"name": "x", "type": "float32", "shape": [1, 64]}],
                 "outputs": [{"name": "y", "type": "int64", "shape": [1]}]}
    made = publish(metrics={"accuracy": "0.97"}, tags={"team": "vision"}, params={"hidden": "32"},
                   measured_on={"accuracy": "mnist@1"}, signature=signature,
                   description="handwritten digits")
    run = ol.run_id(1)
    inputs = [ol.dataset("faces", "3"), ol.dataset("labels")]
    for event in (ol.run_event("START", run, inputs=inputs),
                  ol.run_event("COMPLETE", run, inputs=inputs,
                               outputs=[ol.artifact(made.sha256)], second=5)):
        publisher.post("/api/v1/lineage", event).expect(201)
    return made


def properties(component):
    found = {}
    for item in component["properties"]:
        found.setdefault(item["name"].removeprefix("modelferry:"), []).append(item["value"])
    return found


def test_a_bill_of_materials_is_valid_and_whole(viewer, version, validate, model_key):
    reply = viewer.get(f"{V1}/sbom").expect(200)
    assert reply.header("Content-Type").startswith("application/vnd.cyclonedx+json")
    bom = reply.json()
    validate(bom)
    assert viewer.get(f"{V1}/sbom?format=cyclonedx").json() == bom
    model = bom["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == (
        "machine-learning-model", "digits", "1.0.0")
    assert model["description"] == "handwritten digits"
    said = properties(model)
    assert said["signed-by"] == [model_key.keyid] and said["tag:team"] == ["vision"]
    assert said["param:hidden"] == ["32"] and said["run"] == [ol.run_id(1)]
    assert said["manifest-sha256"] == [viewer.get(V1).json()["manifest_sha256"]]
    card = model["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "accuracy", "value": "0.97", "slice": "mnist@1"}]
    assert card["modelParameters"]["inputs"] == [{"format": "x: float32 [1, 64]"}]
    by_type = {}
    for component in bom["components"]:
        by_type.setdefault(component["type"], []).append(component)
    assert set(by_type) == {"file", "data"}
    (file,) = by_type["file"]
    assert file["hashes"] == [{"alg": "SHA-256", "content": signing.sha256(version.data)}]
    assert {(c["name"], c.get("version")) for c in by_type["data"]} >= {("faces", "3"),
                                                                       ("labels", None)}
    refs = {c["bom-ref"] for c in bom["components"]}
    assert set(bom["dependencies"][0]["dependsOn"]) == refs
    assert {d["ref"] for d in card["modelParameters"]["datasets"]} == {
        c["bom-ref"] for c in by_type["data"]}
    # it says that there may be more than it knows
    assert bom["compositions"] == [{"aggregate": "unknown", "assemblies": [model["bom-ref"]]}]


def test_without_lineage_nothing_is_made_up(viewer, publish, validate):
    publish()
    bom = viewer.get(f"{V1}/sbom").expect(200).json()
    validate(bom)
    assert [c["type"] for c in bom["components"]] == ["file"]
    assert bom["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"] == []


def test_the_validator_can_refuse(viewer, publish, validate):
    publish()
    bom = viewer.get(f"{V1}/sbom").json()
    for spoil in (lambda b: b.update(bomFormat="SPDX"),
                  lambda b: b["metadata"]["component"].update(type="model"),
                  lambda b: b["components"][0]["hashes"][0].update(content="abc"),
                  lambda b: b.update(serialNumber="7")):
        copy = json.loads(json.dumps(bom))
        spoil(copy)
        with pytest.raises(jsonschema.ValidationError):
            validate(copy)


def test_a_draft_has_no_bill_of_materials(publisher, publish, viewer):
    publish()
    signed = signing.manifest("digits", "2.0.0", [
        signing.variant([signing.artifact("model.onnx", b"weights")])])
    publisher.post("/api/v1/models/digits/versions", {"signatures": [], "signed": signed}).expect(201)
    draft = viewer.get("/api/v1/models/digits/versions/2.0.0/sbom").expect(409)
    assert draft.problem == "version-not-published"
    missing = viewer.get("/api/v1/models/digits/versions/3.0.0/sbom").expect(404)
    assert missing.problem == "unknown-version"
    assert viewer.get(f"{V1}/sbom?format=spdx").expect(400).problem == "invalid-field"


def test_the_command_line_writes_it(cli, version, viewer, scratch):
    bom = viewer.get(f"{V1}/sbom").json()
    assert json.loads(cli.run("sbom", "digits@1.0.0").out) == bom
    cli.run("sbom", "digits@1.0.0", "-o", scratch / "bom.json")
    assert json.loads((scratch / "bom.json").read_text()) == bom
    cli.run("sbom", "digits@9.0.0", status=1)
