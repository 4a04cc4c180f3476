# SPDX-License-Identifier: Apache-2.0
"""A converter: `quantise.py FROM TO` makes int8 and a scale of each matrix of an ONNX model."""

import sys

import numpy
import onnx
import onnx.numpy_helper


def quantise(source, target):
    model = onnx.load(source)
    graph = model.graph
    for tensor in list(graph.initializer):
        weights = onnx.numpy_helper.to_array(tensor)
        if weights.dtype != numpy.float32 or weights.ndim < 2:
            continue
        scale = numpy.float32(numpy.abs(weights).max() / 127)
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.extend([
            onnx.numpy_helper.from_array(
                numpy.round(weights / scale).astype(numpy.int8), f"{name}_int8"),
            onnx.numpy_helper.from_array(scale, f"{name}_scale")])
        graph.node.insert(0, onnx.helper.make_node(
            "DequantizeLinear", [f"{name}_int8", f"{name}_scale"], [name]))
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    quantise(*sys.argv[1:])
