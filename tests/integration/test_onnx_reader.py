# SPDX-License-Identifier: Apache-2.0
"""Our reader of ONNX beside the one of the ONNX project, over every model of its test data."""

import json
import math
import pathlib
import subprocess

import onnx
import pytest
from onnx import TensorProto

from ferry import paths

DATA = pathlib.Path("/usr/share/libonnx-testdata/data")
AT_ONCE = 50
TYPES = {
    "FLOAT": "float32", "DOUBLE": "float64", "FLOAT16": "float16", "BFLOAT16": "bfloat16",
    "COMPLEX64": "complex64", "COMPLEX128": "complex128", **{
        name.upper(): name for name in ("uint8", "int8", "uint16", "int16", "int32", "int64",
                                        "string", "bool", "uint32", "uint64")}}


def element(code):
    return TYPES[TensorProto.DataType.Name(code)]


def type_of(type_):
    kind = type_.WhichOneof("value")
    if kind is None:
        return ""
    value = getattr(type_, kind)
    if kind == "tensor_type":
        return element(value.elem_type) if value.elem_type else "type 0"
    if kind == "sparse_tensor_type":
        return f"sparse({element(value.elem_type)})"
    if kind == "map_type":
        return f"map({element(value.key_type)},{type_of(value.value_type)})"
    return f"{kind.removesuffix('_type')}({type_of(value.elem_type)})"


def shape_of(type_):
    kind = type_.WhichOneof("value")
    if kind not in ("tensor_type", "sparse_tensor_type"):
        return None
    tensor = getattr(type_, kind)
    if not tensor.HasField("shape"):
        return None
    return [(dim.dim_value if dim.dim_value >= 0 else None) if dim.HasField("dim_value")
            else dim.dim_param or None for dim in tensor.shape.dim]


def tensors(values):
    return [{"name": value.name, "type": type_of(value.type), "shape": shape_of(value.type)}
            for value in values]


def initializers(graph):
    """All of them, also of the graphs inside nodes."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
    for node in graph.node:
        for attribute in node.attribute:
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from initializers(inner)


def expected(model):
    filled = {each.name for each in model.graph.initializer}
    filled |= {each.values.name for each in model.graph.sparse_initializer}
    producer = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    return {
        "format": "onnx", "format_version": str(model.ir_version), "producer": producer or None,
        "inputs": tensors(each for each in model.graph.input if each.name not in filled),
        "outputs": tensors(model.graph.output),
        "opsets": [{"domain": each.domain, "version": each.version} for each in model.opset_import],
        "parameters": sum(math.prod(each.dims) for each in initializers(model.graph)),
    }


@pytest.fixture(scope="module")
def files():
    found = sorted(DATA.rglob("*.onnx"))
    assert len(found) > 1000, "install libonnx-testdata"
    return found


def ours(files):
    program = paths.program("modelferry")
    done = subprocess.run([program, "inspect", "--json", *files], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return [item["info"] for item in json.loads(done.stdout)["items"]]


def test_every_model_of_the_onnx_project_is_read_alike(files):
    wrong = []
    for start in range(0, len(files), AT_ONCE):
        some = files[start:start + AT_ONCE]
        for path, said in zip(some, ours(some), strict=True):
            wanted = expected(onnx.load(path, load_external_data=False))
            got = {name: said[name] for name in wanted}
            if got != wanted:
                wrong.append((path, [(name, got[name], wanted[name]) for name in wanted
                                     if got[name] != wanted[name]]))
    assert not wrong, f"{len(wrong)} of {len(files)}: {wrong[:5]}"
