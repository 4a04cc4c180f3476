#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the small model files that the tests of common/format read.

usage: tests/data/formats/make.py [DIRECTORY]      (default: beside this file)

ONNX files come from Debian's python3-onnx, TensorFlow Lite's from python3-flatbuffers, archives
from Python's zipfile; GGUF, safetensors, Caffe2 and OpenVINO's IR are written here, as their
specifications say (named below). The TorchScript module is PyTorch's own: make_torchscript.py.
Running it again gives the same bytes.
"""

import json
import pathlib
import struct
import sys
import zipfile

import flatbuffers
import numpy
import onnx
import onnx.helper
import onnx.numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import protobuf  # noqa: E402

# ---- ONNX ------------------------------------------------------------------------------------


def tensor(name, array):
    return onnx.numpy_helper.from_array(numpy.asarray(array), name)


def onnx_bytes(graph, opsets=(("", 13),), producer="modelferry-tests"):
    """The operator sets come last, so that no shorter file is a model."""
    model = onnx.helper.make_model(
        graph, producer_name=producer, producer_version="1.0",
        opset_imports=[onnx.helper.make_opsetid(*opset) for opset in opsets])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def onnx_quantised():
    """Weights of 8 bits with their scales, as a quantiser writes them; a symbolic batch."""
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", ["w_q", "w_scale", "w_zero"], ["w"]),
         helper.make_node("MatMul", ["x", "w"], ["y"])],
        "quantised",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 3])],
        [tensor("w_q", numpy.arange(12, dtype=numpy.int8).reshape(4, 3)),
         tensor("w_scale", numpy.float32(0.5)), tensor("w_zero", numpy.int8(0))])
    return onnx_bytes(graph)


def onnx_branches():
    """Graphs in a node, initializers in them; an input that is an initializer, too."""
    helper = onnx.helper
    out = helper.make_tensor_value_info("r", onnx.TensorProto.FLOAT, [2])
    branches = [helper.make_graph([helper.make_node("Identity", [name], ["r"])], name, [], [out],
                                  [tensor(name, numpy.float32([at, at + 1]))])
                for at, name in enumerate(["first", "second"])]
    graph = helper.make_graph(
        [helper.make_node("If", ["flag"], ["z"], then_branch=branches[0],
                          else_branch=branches[1]),
         helper.make_node("Add", ["z", "bias"], ["sum"])],
        "branches",
        [helper.make_tensor_value_info("flag", onnx.TensorProto.BOOL, []),
         helper.make_tensor_value_info("bias", onnx.TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("sum", onnx.TensorProto.FLOAT, [2])],
        [tensor("bias", numpy.float32([1, 2]))])
    return onnx_bytes(graph, (("", 13), ("com.example", 2)))


def onnx_external():
    """A model whose weights are in weights.bin, from byte 64 on."""
    helper = onnx.helper
    weights = tensor("w", numpy.float32([[1, 2], [3, 4]]))
    raw = weights.raw_data
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", "64"), ("length", str(len(raw)))):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "external",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2])], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model.SerializeToString(), bytes(64) + raw


# ---- TensorFlow Lite (tensorflow/lite/schema/schema.fbs) --------------------------------------

FLOAT32, INT8 = 0, 9


class Flat:
    """A builder with the few shapes that the schema needs."""

    def __init__(self):
        self.builder = flatbuffers.Builder(0)

    def text(self, value):
        return self.builder.CreateString(value)

    def numbers(self, values, size):
        builder = self.builder
        builder.StartVector(size, len(values), size)
        put = {1: builder.PrependUint8, 4: builder.PrependInt32, 8: builder.PrependInt64}[size]
        for value in reversed(values):
            put(value)
        return builder.EndVector()

    def floats(self, values):
        self.builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self.builder.PrependFloat32(value)
        return self.builder.EndVector()

    def tables(self, offsets):
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()

    def table(self, slots, **fields):
        """fields: s<slot>=("u"|"i"|"b"|"o", value)"""
        builder = self.builder
        builder.StartObject(slots)
        for name, (kind, value) in fields.items():
            slot = int(name[1:])
            if kind == "o":
                builder.PrependUOffsetTRelativeSlot(slot, value, 0)
            elif kind == "b":
                builder.PrependInt8Slot(slot, value, -1)
            elif kind == "u":
                builder.PrependUint32Slot(slot, value, 0)
            else:
                builder.PrependInt32Slot(slot, value, 0)
        return builder.EndObject()


def tflite_tensor(flat, name, shape, kind, buffer, **more):
    signature = more.get("signature")
    quantisation = more.get("quantisation")
    fields = {
        "s0": ("o", flat.numbers(shape, 4)), "s1": ("b", kind), "s2": ("u", buffer),
        "s3": ("o", flat.text(name)),
    }
    if quantisation:
        scales = flat.floats([quantisation[0]])
        zeros = flat.numbers([quantisation[1]], 8)
        fields["s4"] = ("o", flat.table(7, s2=("o", scales), s3=("o", zeros)))
    if signature:
        fields["s7"] = ("o", flat.numbers(signature, 4))
    return flat.table(10, **fields)


def tflite():
    """One fully connected layer, quantised to 8 bits, with a signature and metadata."""
    flat = Flat()
    weights = flat.numbers([(at * 7) % 256 for at in range(12)], 1)
    version = flat.numbers(list(b"1.14.0" + bytes(10)), 1)
    buffers = flat.tables([flat.table(3), flat.table(3, s0=("o", weights)),
                           flat.table(3, s0=("o", version))])
    tensors = flat.tables([
        tflite_tensor(flat, "serving_default_x:0", [1, 4], INT8, 0, signature=[-1, 4],
                      quantisation=(0.5, -3)),
        tflite_tensor(flat, "weights", [3, 4], INT8, 1, quantisation=(0.25, 0)),
        tflite_tensor(flat, "StatefulPartitionedCall:0", [1, 3], INT8, 0, signature=[-1, 3],
                      quantisation=(0.125, 4))])
    operator = flat.table(9, s0=("u", 0), s1=("o", flat.numbers([0, 1, -1], 4)),
                          s2=("o", flat.numbers([2], 4)))
    subgraph = flat.table(5, s0=("o", tensors), s1=("o", flat.numbers([0], 4)),
                          s2=("o", flat.numbers([2], 4)), s3=("o", flat.tables([operator])),
                          s4=("o", flat.text("main")))
    code = flat.table(4, s0=("b", 9), s2=("i", 4), s3=("i", 9))
    metadata = flat.table(2, s0=("o", flat.text("min_runtime_version")), s1=("u", 2))
    inputs = flat.tables([flat.table(2, s0=("o", flat.text("x")), s1=("u", 0))])
    outputs = flat.tables([flat.table(2, s0=("o", flat.text("scores")), s1=("u", 2))])
    signature = flat.table(5, s0=("o", inputs), s1=("o", outputs),
                           s2=("o", flat.text("serving_default")))
    model = flat.table(8, s0=("u", 3), s1=("o", flat.tables([code])),
                       s2=("o", flat.tables([subgraph])), s3=("o", flat.text("MLIR Converted.")),
                       s4=("o", buffers), s6=("o", flat.tables([metadata])),
                       s7=("o", flat.tables([signature])))
    flat.builder.Finish(model, b"TFL3")
    return bytes(flat.builder.Output())


# ---- GGUF (github.com/ggml-org/ggml, docs/gguf.md) --------------------------------------------


def gguf(version=3, order="<"):
    """Three tensors: one of 32-bit floats, two quantised."""
    count = "I" if version == 1 else "Q"

    def text(value):
        data = value.encode()
        return struct.pack(order + count, len(data)) + data

    def pair(key, kind, data):
        return text(key) + struct.pack(order + "I", kind) + data

    pairs = [
        pair("general.architecture", 8, text("llama")),
        pair("general.name", 8, text("tiny")),
        pair("general.file_type", 4, struct.pack(order + "I", 7)),
        pair("general.alignment", 4, struct.pack(order + "I", 64)),
        pair("llama.context_length", 4, struct.pack(order + "I", 128)),
        pair("llama.rope.freq_base", 6, struct.pack(order + "f", 10000)),
        pair("tokenizer.ggml.tokens", 9, struct.pack(order + "I" + count, 8, 3)
             + text("<s>") + text("a") + text("b")),
        pair("tokenizer.ggml.scores", 9, struct.pack(order + "I" + count + "3f", 6, 3, 0, 1, 2)),
    ]
    tensors = [("output_norm.weight", [64], 0, 64 * 4), ("output.weight", [64, 3], 8, 6 * 34),
               ("token_embd.weight", [64, 3], 8, 6 * 34)]
    infos, data = b"", b""
    for name, dims, kind, size in tensors:
        infos += text(name) + struct.pack(order + "I", len(dims))
        infos += b"".join(struct.pack(order + count, dim) for dim in dims)
        infos += struct.pack(order + "IQ", kind, len(data))
        data += bytes(at % 251 for at in range(size))
        if name != tensors[-1][0]:
            data += bytes(-len(data) % 64)
    head = b"GGUF" + struct.pack(order + "I" + count * 2, version, len(tensors), len(pairs))
    head += b"".join(pairs) + infos
    return head + bytes(-len(head) % 64) + data


# ---- safetensors (github.com/huggingface/safetensors, README, Format) --------------------------


def safetensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def safetensors_small():
    header = {
        "__metadata__": {"format": "pt", "note": "caf\u00e9 \U0001f600"},
        "layer.weight": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]},
        "layer.bias": {"dtype": "F32", "shape": [3], "data_offsets": [12, 24]},
        "empty": {"dtype": "I64", "shape": [0], "data_offsets": [24, 24]},
        "scalar": {"dtype": "BOOL", "shape": [], "data_offsets": [24, 25]},
    }
    return safetensors(header, bytes(range(25)))


# ---- archives --------------------------------------------------------------------------------


def archive(path, entries):
    """With times of their own left out, so that the bytes are always the same."""
    with zipfile.ZipFile(path, "w") as out:
        for name, data, method in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            out.writestr(info, data)


def dlc(path):
    """As SNPE's converters write them: what the model looks like inside is Qualcomm's own."""
    metadata = ("model-version=1\n"
                "converter-command=/opt/snpe/bin/snpe-onnx-to-dlc input_network=model.onnx\n"
                "converter-version=2.22.6.240515\n"
                "quantizer-command=snpe-dlc-quantize weights_bitwidth=8;act_bitwidth=8\n")
    archive(path, [("model", b"NETD" + bytes(60), zipfile.ZIP_STORED),
                   ("model.params", bytes(range(64)), zipfile.ZIP_STORED),
                   ("dlc.metadata", metadata, zipfile.ZIP_DEFLATED)])


def checkpoint(path):
    """What torch.save() writes: a module's tensors without its code."""
    archive(path, [("archive/data.pkl", b"\x80\x02}q\x00.", zipfile.ZIP_STORED),
                   ("archive/data/0", bytes(16), zipfile.ZIP_STORED),
                   ("archive/version", b"3\n", zipfile.ZIP_STORED)])


# ---- Caffe2 (pytorch: caffe2/proto/caffe2.proto) ----------------------------------------------


def caffe2():
    """A layer's parameters, and the net that computes with them."""
    def fill(name, shape, values):
        arguments = [protobuf.payload(1, "shape") + protobuf.packed(6, shape),
                     protobuf.payload(1, "values") + protobuf.floats(5, values)]
        return protobuf.payload(2, protobuf.payload(2, name)
                                + protobuf.payload(4, "GivenTensorFill")
                                + b"".join(protobuf.payload(5, item) for item in arguments))

    init = (protobuf.payload(1, "tiny_init") + fill("w", [2, 3], range(6)) + fill("b", [2], [1, 2])
            + protobuf.payload(8, "w") + protobuf.payload(8, "b"))
    op = (b"".join(protobuf.payload(1, name) for name in ("data", "w", "b"))
          + protobuf.payload(2, "scores") + protobuf.payload(4, "FC"))
    predict = (protobuf.payload(1, "tiny") + protobuf.payload(2, op)
               + b"".join(protobuf.payload(7, name) for name in ("data", "w", "b"))
               + protobuf.payload(8, "scores"))
    return init, predict


# ---- OpenVINO (docs.openvino.ai, OpenVINO IR format) ------------------------------------------

OPENVINO = """<?xml version="1.0"?>
<net name="tiny" version="11">
\t<layers>
\t\t<layer id="0" name="image" type="Parameter" version="opset1">
\t\t\t<data shape="?,4" element_type="f32" />
\t\t\t<output>
\t\t\t\t<port id="0" precision="FP32" names="image_tensor,image:0">
\t\t\t\t\t<dim>-1</dim>
\t\t\t\t\t<dim>4</dim>
\t\t\t\t</port>
\t\t\t</output>
\t\t</layer>
\t\t<layer id="1" name="weights" type="Const" version="opset1">
\t\t\t<data element_type="f16" shape="4, 3" offset="0" size="24" />
\t\t\t<output>
\t\t\t\t<port id="0" precision="FP16">
\t\t\t\t\t<dim>4</dim>
\t\t\t\t\t<dim>3</dim>
\t\t\t\t</port>
\t\t\t</output>
\t\t</layer>
\t\t<layer id="2" name="product" type="MatMul" version="opset1">
\t\t\t<data transpose_a="false" transpose_b="false" />
\t\t\t<input>
\t\t\t\t<port id="0" precision="FP32">
\t\t\t\t\t<dim>-1</dim>
\t\t\t\t\t<dim>4</dim>
\t\t\t\t</port>
\t\t\t\t<port id="1" precision="FP16">
\t\t\t\t\t<dim>4</dim>
\t\t\t\t\t<dim>3</dim>
\t\t\t\t</port>
\t\t\t</input>
\t\t\t<output>
\t\t\t\t<port id="2" precision="FP32" names="scores\\,all">
\t\t\t\t\t<dim>-1</dim>
\t\t\t\t\t<dim>3</dim>
\t\t\t\t</port>
\t\t\t</output>
\t\t</layer>
\t\t<layer id="3" name="scores/sink_port_0" type="Result" version="opset1">
\t\t\t<input>
\t\t\t\t<port id="0" precision="FP32">
\t\t\t\t\t<dim>-1</dim>
\t\t\t\t\t<dim>3</dim>
\t\t\t\t</port>
\t\t\t</input>
\t\t</layer>
\t</layers>
\t<edges>
\t\t<edge from-layer="0" from-port="0" to-layer="2" to-port="0" />
\t\t<edge from-layer="1" from-port="0" to-layer="2" to-port="1" />
\t\t<edge from-layer="2" from-port="2" to-layer="3" to-port="0" />
\t</edges>
\t<rt_info>
\t\t<Runtime_version value="2024.1.0-15008-f4afc983258" />
\t\t<conversion_parameters>
\t\t\t<framework value="onnx" />
\t\t</conversion_parameters>
\t</rt_info>
</net>
"""


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    external, weights = onnx_external()
    init, predict = caffe2()
    for name, data in {
        "quantised.onnx": onnx_quantised(), "branches.onnx": onnx_branches(),
        "external.onnx": external, "weights.bin": weights, "layer.tflite": tflite(),
        "tiny.gguf": gguf(), "tiny-1.gguf": gguf(1), "tiny-big-endian.gguf": gguf(3, ">"),
        "small.safetensors": safetensors_small(), "init_net.pb": init, "predict_net.pb": predict,
        "tiny.xml": OPENVINO.encode(), "tiny.bin": bytes(range(24)),
    }.items():
        (folder / name).write_bytes(data)
    dlc(folder / "tiny.dlc")
    checkpoint(folder / "checkpoint.pt")


if __name__ == "__main__":
    main()
