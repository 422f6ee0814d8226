#!/usr/bin/env python3
"""Converts an ONNX model into a net file. README.md says what is covered."""

import argparse
import json
import sys
from pathlib import Path

import onnx
from onnx import TensorProto

from net_ops import BadNet
from net_tidy import tidy
from onnx_ops import HANDLERS
from onnx_walk import MALFORMED, MISSING, STANDARD, Walk, one_line

PICTURES = {
    "unit": {"channels": "rgb", "scale": 1 / 255, "mean": [0.0] * 3, "std": [1.0] * 3},
    "signed": {"channels": "rgb", "scale": 1 / 255, "mean": [0.5] * 3, "std": [0.5] * 3},
    "imagenet": {"channels": "rgb", "scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "bytes-bgr": {"channels": "bgr", "scale": 1.0, "mean": [0.0] * 3, "std": [1.0] * 3},
}
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
WHOLE = {TensorProto.INT32, TensorProto.INT64, TensorProto.UINT8, TensorProto.INT8}


class CannotConvert(Exception):
    """Lines that say why."""


def convert(model, name, source="", picture=None, shapes=None, outputs=None):
    """An ONNX model as a Net. `shapes`: input -> sizes, for inputs of unknown size. Raises CannotConvert."""
    walk = Walk(model, name, HANDLERS)
    walk.net.source = source
    try:
        add_inputs(walk, shapes or {}, picture)
        walk.run(model.graph)
        if walk.uncovered:
            raise CannotConvert(*(f"operator {label}, node {node}: {why}" for label, node, why in walk.uncovered))
        add_outputs(walk, outputs or [item.name for item in model.graph.output])
    except BadNet as error:
        raise CannotConvert(str(error)) from error
    except MALFORMED as error:
        raise CannotConvert(f"cannot read it: {type(error).__name__}: {one_line(error)}") from error
    tidy(walk.net)
    return walk.net


def add_inputs(walk, shapes, picture):
    stored = {item.name for item in walk.model.graph.initializer}
    inputs = [item for item in walk.model.graph.input if item.name not in stored]
    names = [item.name for item in inputs]
    if unknown := set(shapes) - set(names):
        raise CannotConvert(f"there is no input {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    sizes = {item.name: input_shape(item, shapes) for item in inputs}
    pictures = [name for name, shape in sizes.items() if len(shape) == 4 and shape[0] == 1 and shape[1] in (1, 3)]
    if picture and len(pictures) != 1:
        raise CannotConvert(f"{len(pictures)} inputs could be the picture, not one")
    for item in inputs:
        kind = item.type.tensor_type.elem_type
        if kind not in FLOATS | WHOLE:
            raise CannotConvert(f"input {item.name} is of type {TensorProto.DataType.Name(kind)}")
        if kind in WHOLE:
            walk.whole_numbers.add(item.name)
        walk.values[item.name] = walk.net.input(item.name, sizes[item.name], picture if item.name in pictures else None)


def input_shape(item, shapes):
    if item.name in shapes:
        return shapes[item.name]
    sizes = [size.dim_value for size in item.type.tensor_type.shape.dim]
    if not sizes or min(sizes) < 1:
        raise CannotConvert(f"input {item.name} has no fixed shape: give --input-shape {item.name}=1,3,224,224")
    return sizes


def add_outputs(walk, names):
    for name in names:
        if walk.values.get(name, MISSING) is MISSING:
            raise CannotConvert(f"there is no value {name} to be an output")
        value = walk.value(name)
        if value in (given["name"] for given in walk.net.inputs):
            value = walk.net.layer("identity", [value], f"{name}/same")
        walk.net.output(name, value)


def read_model(path):
    """Raises CannotConvert with one line for whatever is no ONNX file."""
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf, onnx and the file system each have their own
        raise CannotConvert(f"cannot read it: {one_line(error)}") from error
    if not model.graph.node:
        raise CannotConvert("cannot read it: there is no graph in it")
    if not any(item.domain in STANDARD and item.version for item in model.opset_import):
        raise CannotConvert("cannot read it: it does not say which version of the operators it uses")
    return model


def parse_shape(text):
    name, _, sizes = text.rpartition("=")
    try:
        shape = [int(size) for size in sizes.split(",")]
    except ValueError:
        shape = []
    if not name or not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=SIZE,SIZE,...")
    return name, shape


def parse_picture(text):
    if text in PICTURES:
        return PICTURES[text]
    try:
        picture = json.loads(text)
        if not isinstance(picture, dict) or set(picture) - {"channels", "scale", "mean", "std"}:
            raise ValueError
        return picture
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is neither JSON nor one of {', '.join(PICTURES)}") from error


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="the ONNX file")
    parser.add_argument("net", type=Path, help="the net file to write")
    parser.add_argument("--name", help="of the net (default: the file's)")
    parser.add_argument("--source", default="", help="where the model is from, kept in the file")
    parser.add_argument("--input-shape", type=parse_shape, action="append", default=[], metavar="NAME=1,3,224,224")
    parser.add_argument("--outputs", metavar="NAME,NAME", help="values to give out instead of the model's outputs")
    pictures = f"how pixels enter: {', '.join(PICTURES)} or JSON"
    parser.add_argument("--picture", type=parse_picture, metavar="JSON", help=pictures)
    parser.add_argument("--f16", action="store_true", help="store the weights as f16")
    options = parser.parse_args(arguments)
    try:
        net = convert(
            read_model(options.model),
            options.name or options.model.stem,
            options.source,
            options.picture,
            dict(options.input_shape),
            options.outputs.split(",") if options.outputs else None,
        )
        net.save(options.net, options.f16)
    except CannotConvert as error:
        for line in error.args:
            print(f"{options.model}: {line}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.net}: cannot write: {error}", file=sys.stderr)
        return 2
    count = sum(net.tensors[name].size for name in net.tensors_used())
    print(f"{options.net}: {len(net.layers)} layers, {count} numbers in {len(net.tensors_used())} tensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
