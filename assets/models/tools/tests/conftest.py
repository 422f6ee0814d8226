"""Finds the converters, and compares what they make with ONNX Runtime."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small graphs; threads that wait for each other are slower

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

TOLERANCE = 1e-4


def build(nodes, inputs, constants=None, outputs=("y",), opset=18, whole=()):
    """A model. `inputs`: name -> shape; `constants`: name -> array; `whole`: inputs of whole numbers."""
    kind = {name: TensorProto.INT64 if name in whole else TensorProto.FLOAT for name in inputs}
    given = [helper.make_tensor_value_info(name, kind[name], shape) for name, shape in inputs.items()]
    made = [onnx.ValueInfoProto(name=name) for name in outputs]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "test", given, made, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    for item in model.graph.output:
        item.type.tensor_type.elem_type = TensorProto.FLOAT
    return model


def node(kind, inputs, outputs=("y",), **attributes):
    return helper.make_node(kind, list(inputs), list(outputs), **attributes)


def agrees(model, inputs, folder, tolerance=TOLERANCE):
    """Converts, writes, reads, computes; asserts that ONNX Runtime gives the same. Returns the net."""
    import net_file
    import net_reference
    from onnx_to_net import convert

    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), quiet, providers=["CPUExecutionProvider"])
    expected = dict(zip([item.name for item in session.get_outputs()], session.run(None, inputs)))
    path = folder / "net.safetensors"
    convert(model, "test").save(path)
    net = net_file.load(path)
    found = net_reference.outputs(net, {name: array.astype(np.float32) for name, array in inputs.items()})
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        largest = max(np.abs(value).max(initial=0.0), 1e-6)
        assert np.abs(found[name] - value).max(initial=0.0) <= tolerance * largest, name
    return net
