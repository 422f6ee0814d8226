#!/usr/bin/env python3
"""Converts a PyTorch module into a net file: exports it to ONNX in memory, and converts that.

The way over ONNX is taken because PyTorch's exporter has already settled what hundreds of functions mean and
how they decompose; the operators that are left are those that onnx_to_net.py covers and names when it does not.
"""

import argparse
import importlib
import logging
import sys
import warnings
from pathlib import Path

import torch

from onnx_to_net import CannotConvert, convert, parse_picture, parse_shape
from onnx_walk import one_line

OPSET = 18


def to_onnx(module, example_input, input_names=None, output_names=None, opset=OPSET):
    """The module as an ONNX model. `example_input`: a tensor or a tuple of tensors, whose shapes stay fixed."""
    inputs = example_input if isinstance(example_input, tuple) else (example_input,)
    names = {"input_names": input_names, "output_names": output_names}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(module.eval(), inputs, dynamo=True, opset_version=opset, verbose=False, **names)
    return without_remarks(program.model_proto)


def without_remarks(model):
    """Drops where in the sources each node comes from: it is long, and differs from machine to machine."""
    del model.metadata_props[:]
    for part in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""
    for function in model.functions:
        del function.metadata_props[:]
    return model


def export(module, example_input, path, picture=None, *, name=None, input_names=None, output_names=None, f16=False):
    """Writes a module as a net file and returns the net. Raises CannotConvert with a line for each operator."""
    try:
        model = to_onnx(module, example_input, input_names, output_names)
    except Exception as error:  # the exporter has many of its own
        raise CannotConvert(f"PyTorch cannot export it: {one_line(error)}") from error
    source = f"{type(module).__module__}.{type(module).__qualname__}, PyTorch {torch.__version__}"
    net = convert(model, name or Path(path).stem, source, picture)
    net.save(path, f16)
    return net


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", help="MODULE:CALLABLE, called without arguments, gives the torch.nn.Module")
    parser.add_argument("net", type=Path, help="the net file to write")
    parser.add_argument("--input-shape", type=parse_shape, action="append", required=True, metavar="NAME=1,3,224,224")
    parser.add_argument("--weights", type=Path, help="a state dictionary (torch.save) to load first")
    parser.add_argument("--output-names", metavar="NAME,NAME")
    parser.add_argument("--picture", type=parse_picture, metavar="JSON", help="how pixels enter, as in onnx_to_net.py")
    parser.add_argument("--f16", action="store_true", help="store the weights as f16")
    options = parser.parse_args(arguments)
    try:
        module = load_module(options.module, options.weights)
        inputs = tuple(torch.zeros(shape) for _, shape in options.input_shape)
        names = {"input_names": [name for name, _ in options.input_shape]}
        names["output_names"] = options.output_names.split(",") if options.output_names else None
        export(module, inputs, options.net, options.picture, f16=options.f16, **names)
    except CannotConvert as error:
        for line in error.args:
            print(f"{options.module}: {line}", file=sys.stderr)
        return 2
    return 0


def load_module(text, weights):
    place, _, attribute = text.partition(":")
    sys.path.insert(0, "")
    try:
        module = getattr(importlib.import_module(place), attribute)()
        if weights:
            module.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as error:  # it is the user's own code
        raise CannotConvert(f"cannot load it: {type(error).__name__}: {one_line(error)}") from error
    if not isinstance(module, torch.nn.Module):
        raise CannotConvert(f"it gives a {type(module).__name__}, not a torch.nn.Module")
    return module


if __name__ == "__main__":
    sys.exit(main())
