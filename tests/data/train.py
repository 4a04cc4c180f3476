#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the two classifiers of handwritten digits that tests and the quickstart publish.

usage: tests/data/train.py [DIRECTORY]      (default: beside this file)

Writes digits-1.onnx (a weaker one), digits-2.onnx (a better one) and digits.json (what they are and
how well they predict). Needs Debian's python3-sklearn and python3-onnx. Running it again gives the
same bytes: see README.md.
"""

import hashlib
import json
import os
import pathlib
import sys

# One code path on every CPU: numpy and BLAS choose theirs when they are loaded, so say it before.
FIXED = {
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX "
                                "AVX512_CLX AVX512_CNL AVX512_ICL",
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
}
if any(os.environ.get(name) != value for name, value in FIXED.items()):
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **FIXED})

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnx.numpy_helper  # noqa: E402
import sklearn.datasets  # noqa: E402
import sklearn.linear_model  # noqa: E402
import sklearn.neural_network  # noqa: E402

# Weights are cut to multiples of this: exact in float32, and coarse enough that the last bit of a
# sum does not decide what is written.
STEP = 1 / 4096

PIXEL_MAX = 16


def load():
    """(images, labels) to train on and to test with: every fourth image is kept for the test."""
    digits = sklearn.datasets.load_digits()
    images = digits.data / PIXEL_MAX
    test = numpy.arange(len(images)) % 4 == 3
    return (images[~test], digits.target[~test]), (images[test], digits.target[test])


def train_linear(images, labels):
    """Logistic regression on the first 120 images: it learns, but it has not seen much."""
    model = sklearn.linear_model.LogisticRegression(C=1.0, max_iter=500)
    model.fit(images[:120], labels[:120])
    return [(model.coef_.T, model.intercept_)]


def train_perceptron(images, labels):
    """One hidden layer, all images."""
    model = sklearn.neural_network.MLPClassifier(
        hidden_layer_sizes=(48,), activation="relu", solver="adam", alpha=1e-3, batch_size=64,
        learning_rate_init=3e-3, max_iter=60, tol=0, n_iter_no_change=60, random_state=7)
    model.fit(images, labels)
    return list(zip(model.coefs_, model.intercepts_))


def tensor(name, values):
    values = numpy.ascontiguousarray(values, dtype="<f4")
    return onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, values.shape, values.tobytes(),
                                   raw=True)


def build(name, description, layers):
    """An ONNX model: image [N,64] of 0..16 -> probabilities [N,10] and label [N]."""
    helper = onnx.helper
    constants = [tensor("scale", numpy.array([1 / PIXEL_MAX]))]
    nodes = [helper.make_node("Mul", ["image", "scale"], ["scaled"], name="scale_pixels")]
    value = "scaled"
    for index, (weights, bias) in enumerate(layers, 1):
        constants.append(tensor(f"weights_{index}", numpy.round(weights / STEP) * STEP))
        constants.append(tensor(f"bias_{index}", numpy.round(bias / STEP) * STEP))
        nodes.append(helper.make_node("Gemm", [value, f"weights_{index}", f"bias_{index}"],
                                      [f"layer_{index}"], name=f"dense_{index}"))
        value = f"layer_{index}"
        if index < len(layers):
            nodes.append(helper.make_node("Relu", [value], [f"active_{index}"],
                                          name=f"relu_{index}"))
            value = f"active_{index}"
    nodes.append(helper.make_node("Softmax", [value], ["probabilities"], name="softmax", axis=1))
    nodes.append(helper.make_node("ArgMax", ["probabilities"], ["label"], name="argmax", axis=1,
                                  keepdims=0))
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["N", 10]),
         helper.make_tensor_value_info("label", onnx.TensorProto.INT64, ["N"])],
        constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                              producer_name="modelferry tests/data/train.py",
                              producer_version="1", doc_string=description)
    model.ir_version = 7
    onnx.checker.check_model(model, full_check=True)
    return model


def softmax(values):
    powers = numpy.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# What each operator of our graphs does. Debian's onnx 1.12 has no reference evaluator yet.
OPERATORS = {
    "Mul": lambda a, b: a * b,
    "Gemm": lambda a, b, c: a @ b + c,
    "Relu": lambda a: numpy.maximum(a, 0),
    "Softmax": softmax,
    "ArgMax": lambda a: a.argmax(axis=1),
}


def evaluate(model, images):
    """Runs the graph as it is in the file. Returns the labels."""
    values = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    values["image"] = (images * PIXEL_MAX).astype(numpy.float32)
    for node in model.graph.node:
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input))
    return values["label"]


def accuracy_of(model, images, labels):
    return float((evaluate(model, images) == labels).mean())


MODELS = [
    {"file": "digits-1.onnx", "version": "1.0.0", "train": train_linear,
     "description": "Handwritten digits: logistic regression on 120 images",
     "params": {"algorithm": "logistic-regression", "training_images": "120"}},
    {"file": "digits-2.onnx", "version": "2.0.0", "train": train_perceptron,
     "description": "Handwritten digits: perceptron with one hidden layer of 48",
     "params": {"algorithm": "perceptron", "hidden": "48", "epochs": "60",
                "training_images": "1348"}},
]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    folder.mkdir(parents=True, exist_ok=True)
    training, test = load()
    described = []
    for entry in MODELS:
        model = build("digits", entry["description"], entry["train"](*training))
        data = model.SerializeToString(deterministic=True)
        (folder / entry["file"]).write_bytes(data)
        accuracy = accuracy_of(onnx.load(folder / entry["file"]), *test)
        described.append({
            "file": entry["file"], "model": "digits", "version": entry["version"],
            "variant": "onnx/cpu/fp32", "length": len(data),
            "sha256": hashlib.sha256(data).hexdigest(), "description": entry["description"],
            "metrics": {"accuracy": f"{accuracy:.4f}"}, "params": entry["params"],
        })
        print(f"{entry['file']}: {len(data)} bytes, accuracy {accuracy:.4f} "
              f"on {len(test[1])} images it has not seen")
    (folder / "digits.json").write_text(json.dumps(described, indent=2) + "\n")


if __name__ == "__main__":
    main()
