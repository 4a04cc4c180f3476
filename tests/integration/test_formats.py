# SPDX-License-Identifier: Apache-2.0
"""Model files are read before anything of them becomes visible: here, and again on the server."""

import concurrent.futures
import json
import struct

import pytest

from ferry import models, paths, signing
from ferry.cli import Cli
from ferry.wait import wait_until

FAILED, USAGE, UNVERIFIED = 1, 2, 5
DIGITS = (paths.DATA / "digits-1.onnx").read_bytes()
FORMATS = paths.DATA / "formats"

SIGNATURE = {
    "inputs": [{"name": "image", "type": "float32", "shape": ["N", 64]}],
    "outputs": [{"name": "probabilities", "type": "float32", "shape": ["N", 10]},
                {"name": "label", "type": "int64", "shape": ["N"]}]}


@pytest.fixture
def upload(publisher):
    def put(data):
        publisher.put(f"/api/v1/artifacts/{signing.sha256(data)}", body=data).expect(200, 201)
        return data

    return put


@pytest.fixture
def submit(publisher, model_key, upload):
    """submit({"model.onnx": bytes}) -> the reply to a version of them, signed or a draft."""
    keys = [{"name": "test", "key": model_key.object}]
    publisher.post("/api/v1/models", {"name": "digits", "keys": keys}).expect(201)

    def make(files, runtime="onnx", version="1.0.0", signed=True, precision="fp32", to=publisher,
             **more):
        artifacts = [signing.artifact(name, upload(data)) for name, data in files.items()]
        manifest = signing.manifest("digits", version, [
            signing.variant(artifacts, runtime, precision=precision)], **more)
        envelope = (model_key.envelope(manifest) if signed
                    else {"signatures": [], "signed": manifest})
        return to.post("/api/v1/models/digits/versions", envelope)

    return make


@pytest.fixture
def ann(server, publisher, scratch):
    cli = Cli(scratch / "ann", env={"MODELFERRY_URL": server.url(),
                                    "MODELFERRY_TOKEN": publisher.token})
    cli.run("keys", "init")
    cli.run("model", "create", "digits", "--key", "default")
    return cli


def versions(publisher):
    return publisher.get("/api/v1/models/digits/versions").expect(200).json()["items"]


# ---- what is read is kept -----------------------------------------------------------------------


def test_what_a_file_says_is_kept_and_shown(submit, publisher):
    made = submit({"model.onnx": DIGITS, "labels.txt": b"0\n1\n"}).expect(201).json()
    shown = publisher.get("/api/v1/models/digits/versions/1.0.0").expect(200).json()
    assert made["variants"] == shown["variants"]
    model, labels = shown["variants"][0]["artifacts"]
    info = model["info"]
    assert info["format"] == "onnx" and info["format_version"] == "7"
    assert info["producer"] == "modelferry tests/data/train.py 1"
    assert {"inputs": info["inputs"], "outputs": info["outputs"]} == SIGNATURE
    assert info["opsets"] == [{"domain": "", "version": 13}] and info["parameters"] == 651
    assert info["weights"] == [{"type": "float32", "tensors": 3, "parameters": 651}]
    assert info["quantisation"] is None
    assert labels["info"] is None
    assert "info" not in versions(publisher)[0]["variants"][0]["artifacts"][0]


def test_a_draft_is_read_when_it_is_signed(submit, publisher, model_key):
    draft = submit({"model.onnx": DIGITS}, signed=False).expect(201).json()
    assert draft["state"] == "draft" and draft["variants"][0]["artifacts"][0]["info"] is None
    manifest = json.loads(publisher.get("/api/v1/models/digits/versions/1.0.0/manifest").body)
    signed = publisher.post("/api/v1/models/digits/versions/1.0.0/signatures",
                            {"signatures": [model_key.signature(manifest["signed"])]})
    artifact = signed.expect(200).json()["variants"][0]["artifacts"][0]
    assert artifact["info"]["parameters"] == 651


@pytest.mark.parametrize("runtime, files, format_", [
    ("tflite", ["layer.tflite"], "tflite"), ("llama.cpp", ["tiny.gguf"], "gguf"),
    ("safetensors", ["small.safetensors"], "safetensors"), ("snpe", ["tiny.dlc"], "dlc"),
    ("libtorch", ["module.pt"], "torchscript"), ("openvino", ["tiny.xml", "tiny.bin"], "openvino"),
    ("caffe2", ["init_net.pb", "predict_net.pb"], "caffe2"),
    ("onnxruntime", ["external.onnx", "weights.bin"], "onnx")])
def test_every_format_is_read_on_the_server(submit, runtime, files, format_):
    made = submit({name: (FORMATS / name).read_bytes() for name in files}, runtime)
    artifact = made.expect(201).json()["variants"][0]["artifacts"][0]
    assert artifact["info"]["format"] == format_


def test_a_runtime_of_no_known_format_takes_any_bytes(submit, publisher):
    made = submit({"model.onnx": b"any bytes", "net": DIGITS}, "custom").expect(201).json()
    opaque, known = made["variants"][0]["artifacts"]
    assert opaque["info"] is None, "nothing is known of it"
    assert known["info"]["format"] == "onnx", "what is recognised is described"
    assert versions(publisher)[0]["state"] == "published"


# ---- what is refused ----------------------------------------------------------------------------


def other(tensor, **change):
    """The true signature with one input changed."""
    return {**SIGNATURE, "inputs": [{**SIGNATURE["inputs"][0], **change}]} if tensor else None


REFUSED = [
    ("truncated", {"model.onnx": DIGITS[:-100]}, {}, "unreadable-artifact",
     "but the file ends at byte"),
    ("cut in the header", {"model.onnx": DIGITS[:20]}, {}, "unreadable-artifact",
     "but the file ends at byte"),
    ("empty", {"model.onnx": b""}, {}, "unreadable-artifact", "empty"),
    ("junk", {"model.onnx": b"\xff" * 100}, {}, "unreadable-artifact", "cannot be read as an ONNX"),
    ("another format", {"model.onnx": (FORMATS / "layer.tflite").read_bytes()}, {},
     "wrong-format", "is a TensorFlow Lite model: say the runtime"),
    ("no model at all", {"labels.txt": b"0 1", "readme.txt": b"text"}, {},
     "wrong-format", "none of its files is an ONNX model"),
    ("no weights", {"external.onnx": (FORMATS / "external.onnx").read_bytes()}, {},
     "incomplete-variant", "'weights.bin'"),
    ("short weights", {"external.onnx": (FORMATS / "external.onnx").read_bytes(),
                       "weights.bin": b"short"}, {}, "incomplete-variant", "truncated"),
    ("another input", {"model.onnx": DIGITS}, {"signature": other(1, name="picture")},
     "contradicted-signature", "it has no input 'picture' (it has 'image')"),
    ("another type", {"model.onnx": DIGITS}, {"signature": other(1, type="uint8")},
     "contradicted-signature", "declared as uint8, but is float32"),
    ("another shape", {"model.onnx": DIGITS}, {"signature": other(1, shape=["N", 32])},
     "contradicted-signature", "[N,64]"),
]


@pytest.mark.parametrize("files, more, problem, words", [row[1:] for row in REFUSED],
                         ids=[row[0].replace(" ", "-") for row in REFUSED])
def test_the_server_refuses(submit, publisher, files, more, problem, words):
    refused = submit(files, **more).expect(422)
    said = refused.json()
    assert refused.problem == problem and words in said["detail"], said
    assert said["variant"] == "onnx/cpu/fp32"
    assert said.get("artifact", "labels.txt") in files or "artifact" not in said
    assert not versions(publisher), "nothing of it is visible"


@pytest.mark.parametrize("files, more, problem, words", [row[1:] for row in REFUSED[:1]],
                         ids=["truncated"])
def test_a_draft_that_is_refused_stays_a_draft(submit, publisher, model_key, files, more, problem,
                                               words):
    submit(files, signed=False, **more).expect(201)
    manifest = json.loads(publisher.get("/api/v1/models/digits/versions/1.0.0/manifest").body)
    refused = publisher.post("/api/v1/models/digits/versions/1.0.0/signatures",
                             {"signatures": [model_key.signature(manifest["signed"])]})
    assert refused.expect(422).problem == problem and words in refused.json()["detail"]
    assert refused.json()["reason"] == "truncated"
    assert [version["state"] for version in versions(publisher)] == ["draft"]


def test_a_signature_of_its_own_counts_for_a_variant(submit, publisher, model_key, upload):
    artifact = [signing.artifact("model.onnx", upload(DIGITS))]
    variants = [{**signing.variant(artifact, "onnx"), "signature": SIGNATURE},
                {**signing.variant(artifact, "onnx", precision="fp16"),
                 "signature": other(1, type="float16")}]
    refused = publisher.post("/api/v1/models/digits/versions", model_key.envelope(
        signing.manifest("digits", "1.0.0", variants))).expect(422)
    assert refused.json()["variant"] == "onnx/cpu/fp16"


# ---- hostile files ------------------------------------------------------------------------------


def monsters():
    """Files whose headers claim more than any memory holds."""
    deep = b"\x0a\x00"
    for _ in range(12000):  # graphs inside nodes of graphs
        deep = models.piece(1, models.piece(4, "If") + models.piece(5, models.piece(6, deep)))
    dims = b"".join(models.number(1, 2**62) for _ in range(4))
    huge = models.piece(7, models.piece(5, dims + models.number(2, 1) + models.piece(8, "w")))
    many = models.piece(7, b"".join(
        models.piece(11, models.piece(1, f"input-{i}")) for i in range(200_000)))
    opset = models.number(1, 8) + models.piece(8, models.number(2, 17))
    return {
        "graphs": ("onnx", opset + models.piece(7, deep)),
        "tensor": ("onnx", opset + huge),
        "inputs": ("onnx", opset + many),
        "length": ("onnx", opset + b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 1000),
        "gguf": ("gguf", b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60) + b"\0" * 1000),
        "safetensors": ("safetensors", struct.pack("<Q", 2**62) + b"{" * 1000),
        "json": ("safetensors", struct.pack("<Q", 8 << 20) + b"[" * (8 << 20)),
        "names": ("safetensors", names(300_000)),
    }


def names(count):
    header = json.dumps({f"tensor-{i:08}" * 4: {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
                         for i in range(count)}).encode()
    return struct.pack("<Q", len(header)) + header


def test_memory_is_bounded_whatever_a_header_claims(add_server, submit, publisher):
    """The files are uploaded through one instance, and read by another, without a sanitizer."""
    reader = add_server(build=paths.plain_build_dir())
    to = reader.api(publisher.token)
    for number, (name, (runtime, data)) in enumerate(monsters().items()):
        refused = submit({"model": data}, runtime, version=str(number + 1), to=to).expect(422)
        assert refused.problem in ("unreadable-artifact", "wrong-format"), name
        peak = reader.memory_kib("VmHWM") / 1024
        assert peak < 64, f"{name}: {len(data)} bytes made the server {peak:.0f} MiB large"
    assert not versions(publisher)
    assert reader.running


# ---- when things go wrong -----------------------------------------------------------------------


def test_a_server_that_was_killed_leaves_a_draft_or_a_whole_version(server, publisher, submit,
                                                                    model_key):
    submit({"model.onnx": DIGITS}, signed=False).expect(201)
    manifest = json.loads(publisher.get("/api/v1/models/digits/versions/1.0.0/manifest").body)
    body = {"signatures": [model_key.signature(manifest["signed"])]}
    where = "/api/v1/models/digits/versions/1.0.0"
    for _ in range(3):
        line = publisher.connection(30)
        line.request("POST", f"{where}/signatures", json.dumps(body), {
            "Authorization": f"Bearer {publisher.token}", "Content-Type": "application/json"})
        server.kill()
        line.close()
        server.start()
        publisher = server.api(publisher.token)
        shown = publisher.get(where).expect(200).json()
        info = shown["variants"][0]["artifacts"][0]["info"]
        assert (shown["state"] == "published") == (info is not None)
    publisher.post(f"{where}/signatures", body).expect(200)


# ---- the command line ---------------------------------------------------------------------------


def test_publish_takes_the_signature_from_the_file(ann):
    (ann.home / "model.onnx").write_bytes(DIGITS)
    done = ann.run("publish", "digits@1.0.0", "model.onnx")
    assert "model.onnx  onnx, 651 parameters" in done.err
    shown = ann.json("model", "show", "digits@1.0.0")
    assert shown["signature"] == SIGNATURE
    text = ann.run("model", "show", "digits@1.0.0").out
    for words in ("image: float32[N,64]", "label: int64[N]", "ai.onnx 13", "651", "train.py 1"):
        assert words in text, text


def test_publish_declares_a_signature(ann):
    (ann.home / "model.onnx").write_bytes(DIGITS)
    ann.run("publish", "digits@1.0.0", "model.onnx", "--input", "image:float32[1,64]", "--output",
            "label:int64[1]")
    signature = ann.json("model", "show", "digits@1.0.0")["signature"]
    assert signature["inputs"] == [{"name": "image", "type": "float32", "shape": [1, 64]}]
    assert [tensor["name"] for tensor in signature["outputs"]] == ["label"]
    ann.run("publish", "digits@1.1.0", "model.onnx", "--input", "image:float32[1,64]")
    assert len(ann.json("model", "show", "digits@1.1.0")["signature"]["outputs"]) == 2


@pytest.mark.parametrize("flags, status, words", [
    (["--input", "image:float32[1,63]"], UNVERIFIED, "declared signature contradicts 'model.onnx'"),
    (["--output", "logits:float32"], UNVERIFIED, "it has no output 'logits'"),
    (["--input", "image:float99"], USAGE, "is no type"),
    (["--input", "image:float32", "--input", "image:float32"], USAGE, "given twice")])
def test_publish_refuses_what_contradicts_the_file(ann, publisher, flags, status, words):
    (ann.home / "model.onnx").write_bytes(DIGITS)
    assert words in ann.run("publish", "digits@1.0.0", "model.onnx", *flags, status=status).err
    assert not versions(publisher)


def test_publish_reads_before_it_uploads(ann, publisher):
    cut = DIGITS[:-100]
    (ann.home / "model.onnx").write_bytes(cut)
    done = ann.run("publish", "digits@1.0.0", "model.onnx", status=UNVERIFIED)
    assert "'model.onnx' cannot be read as an ONNX model" in done.err and "export it anew" in done.err
    publisher.get(f"/api/v1/artifacts/{signing.sha256(cut)}").expect(404)
    opaque = ann.run("publish", "digits@1.0.0", "--variant", "custom/cpu/fp32", "model.onnx")
    assert "opaque: no format is known for its runtime" in opaque.err


def test_variants_that_differ_have_signatures_of_their_own(ann):
    (ann.home / "one.onnx").write_bytes(models.onnx())
    (ann.home / "two.onnx").write_bytes(models.onnx(inputs=(("pixels", 1, 4),)))
    ann.run("publish", "digits@1.0.0", "--variant", "onnx/cpu/fp32", "one.onnx", "--variant",
            "onnx/npu/fp32", "two.onnx")
    ann.run("pull", "digits@1.0.0", "-o", "out")
    manifest = json.loads((ann.home / "out/.manifest.json").read_text())["signed"]
    assert manifest["signature"]["inputs"][0]["name"] == "x"
    assert "signature" not in manifest["variants"][0]
    assert manifest["variants"][1]["signature"]["inputs"][0]["name"] == "pixels"


def test_inspect_needs_no_server(scratch):
    cli = Cli(scratch / "home")
    said = cli.json("inspect", paths.DATA / "digits-1.onnx", FORMATS / "tiny.gguf")["items"]
    assert [item["info"]["format"] for item in said] == ["onnx", "gguf"]
    assert said[0]["info"]["inputs"] == SIGNATURE["inputs"]
    assert "image: float32[N,64]" in cli.run("inspect", paths.DATA / "digits-1.onnx").out
    (cli.home / "cut.onnx").write_bytes(DIGITS[:-100])
    assert "'cut.onnx' is truncated" in cli.run("inspect", "cut.onnx", status=UNVERIFIED).err
    (cli.home / "text").write_text("hello")
    assert "of no format that is known" in cli.run("inspect", "text", status=FAILED).err
    assert "No such file" in cli.run("inspect", "gone", status=FAILED).err


# ---- reads that take long -------------------------------------------------------------------------


@pytest.fixture
def held(database):
    """Within its block, once one is asked for, no read of model files ends."""
    database.sql("""
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT ON artifact_format FOR EACH ROW EXECUTE FUNCTION hold()
    """)
    return database.hold_advisory_lock(77)


@pytest.mark.parametrize("server_options", [
    {"work": {"workers": 1, "stream_workers": 1, "stream_queue": 1}}])
def test_reads_that_take_long_hold_up_nobody_else(submit, publisher, viewer, upload, model_key,
                                                  database, held):
    data = upload(models.onnx())

    def publish(number):
        variant = signing.variant([signing.artifact("model.onnx", data)], "onnx")
        return publisher.post("/api/v1/models/digits/versions", model_key.envelope(
            signing.manifest("digits", f"{number}.0.0", [variant])))

    with concurrent.futures.ThreadPoolExecutor(3) as parallel:
        with held:
            first = parallel.submit(publish, 1)
            wait_until(lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
                " AND datname = current_database()") == "1", what="the read is not held")
            viewer.get("/api/v1/models").expect(200)
            publisher.post("/api/v1/models", {"name": "faces"}).expect(201)
            # one may wait for its turn; who comes later is told to come again
            others = [parallel.submit(publish, number) for number in (2, 3)]
            refused = next(concurrent.futures.as_completed(others)).result().expect(503)
            assert refused.header("Retry-After") and "busy" in refused.text
        assert first.result().status == 201
        assert sorted(other.result().status for other in others) == [201, 503]
