"""Walks an ONNX graph node by node: what is known is computed at once, the rest becomes layers of a net."""

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from net_file import Net
from net_ops import BadNet

RANDOM = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"}
STANDARD = ("", "ai.onnx")
# What a node raises that does not hold together: attributes of another type, sizes that are no sizes.
MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError)
MISSING = object()  # a value of a node that is not covered
WHOLE_NUMBERS_PASS = set(
    "Gather Identity Cast Reshape Flatten Squeeze Unsqueeze Transpose Slice Split Concat Add Sub Mul".split()
)


class Uncovered(Exception):
    """What the net file cannot say. The text is the reason."""


class Node:
    """A node as the converters of operators see it. Attributes that nobody asks for are not covered."""

    def __init__(self, proto, versions):
        self.proto, self.kind = proto, proto.op_type
        self.domain = "" if proto.domain in STANDARD else proto.domain
        self.version = versions.get(self.domain, 0)
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.name = proto.name or (self.outputs[0] if self.outputs else proto.op_type)
        self.attributes = {item.name: item for item in proto.attribute}
        self.asked = set()

    @property
    def label(self):
        return f"{self.domain}.{self.kind}" if self.domain else self.kind

    def attribute(self, name, default=None):
        self.asked.add(name)
        if name not in self.attributes:
            return default
        value = helper.get_attribute_value(self.attributes[name])
        return value.decode() if isinstance(value, bytes) else value

    def demand(self, name, default, *allowed):
        """An attribute of which only some values are covered."""
        value = self.attribute(name, default)
        if value not in allowed:
            raise Uncovered(f"{name} = {value}")
        return value

    def given(self, place):
        """The name of an input, or None where it is left out."""
        return self.inputs[place] if place < len(self.inputs) and self.inputs[place] else None

    def only_first_output(self, used):
        if extra := [name for name in self.outputs[1:] if name in used]:
            raise Uncovered(f"its output {extra[0]} is used")


class Walk:
    """The state of a conversion: `values` maps names of ONNX to arrays (known) or to values of the net."""

    def __init__(self, model, name, handlers):
        self.model, self.handlers = model, handlers
        self.versions = {("" if item.domain in STANDARD else item.domain): item.version for item in model.opset_import}
        self.net = Net(name)
        self.values, self.whole_numbers = {}, set()
        self.uncovered = []
        self.used = set()

    # What the converters of operators ask.

    def is_known(self, name):
        return isinstance(self.values[name], np.ndarray)

    def known(self, node, place, what):
        """The array of an input that must be known when converting; None where it is left out."""
        name = node.given(place)
        if name is not None and not self.is_known(name):
            raise Uncovered(f"{what} is computed by the net, not constant")
        return None if name is None else self.values[name]

    def value(self, name):
        """A value of the net; what is known becomes a constant layer."""
        value = self.values[name]
        return self.constant(name, value) if isinstance(value, np.ndarray) else value

    def constant(self, name, array):
        return self.net.layer("constant", [], f"{name}/constant", tensor=self.net.tensor(name, array))

    def shape(self, name):
        value = self.values[name]
        return list(value.shape) if isinstance(value, np.ndarray) else self.net.shapes[value]

    def emit(self, node, op, inputs, part=None, **fields):
        """A layer named by the node's first output, or a step on the way to it, named by `part`."""
        return self.net.layer(op, inputs, f"{node.outputs[0]}/{part}" if part else node.outputs[0], **fields)

    def reshape(self, node, value, shape, part=None):
        shape = [int(size) for size in shape]
        if self.net.shapes[value] == shape:
            return value
        if not shape:
            raise Uncovered("a result without axes")
        return self.emit(node, "reshape", [value], part, shape=shape)

    # The walk.

    def run(self, graph):
        for item in graph.initializer:
            self.values[item.name] = numpy_helper.to_array(item)
        for item in graph.sparse_initializer:
            self.uncovered.append(("sparse initializer", item.values.name, "sparse tensors"))
            self.values[item.values.name] = MISSING
        for proto in graph.node:
            self.used.update(proto.input)
        self.used.update(item.name for item in graph.output)
        for proto in graph.node:
            self.step(Node(proto, self.versions))

    def step(self, node):
        poisoned = any(self.values.get(name, MISSING) is MISSING for name in node.inputs if name)
        try:
            if poisoned:
                self.check_made(node)
                self.check_covered(node)
                results = []
            else:
                results = self.results(node)
        except (Uncovered, BadNet) as error:
            self.uncovered.append((node.label, node.name, str(error)))
            results = []
        except MALFORMED as error:
            self.uncovered.append(
                (node.label, node.name, f"it is malformed: {type(error).__name__}: {one_line(error)}")
            )
            results = []
        for name, result in zip(node.outputs, [*results, *[MISSING] * len(node.outputs)]):
            if name:
                self.values[name] = result

    def check_made(self, node):
        if unmade := [name for name in node.inputs if name and name not in self.values]:
            raise Uncovered(f"it reads {unmade[0]}, which nothing before it makes")

    def check_covered(self, node):
        if (node.domain, node.kind) not in self.handlers:
            raise Uncovered("no layer does this")

    def results(self, node):
        """What the node's outputs are: arrays or values of the net."""
        if node.kind == "If" and self.is_known(node.inputs[0]):
            return self.branch(node)
        if all(self.is_known(name) for name in node.inputs if name) and node.kind not in RANDOM | {
            "If",
            "Loop",
            "Scan",
        }:
            return self.fold(node)
        if node.kind in ("Shape", "Size") and not node.domain:
            return [self.shape_result(node)]
        self.check_covered(node)
        whole = any(name in self.whole_numbers for name in node.inputs)
        if whole and node.kind not in WHOLE_NUMBERS_PASS:
            raise Uncovered("its input is of whole numbers")
        results = self.handlers[node.domain, node.kind](self, node)
        if unknown := set(node.attributes) - node.asked:
            raise Uncovered(f"attribute {', '.join(sorted(unknown))}")
        if whole and not becomes_real(node, self.whole_numbers):
            self.whole_numbers.update(node.outputs)
        return results if isinstance(results, list) else [results]

    def branch(self, node):
        chosen = node.attribute("then_branch" if bool(self.values[node.inputs[0]].all()) else "else_branch")
        self.run(chosen)
        return [self.values.get(item.name, MISSING) for item in chosen.output]

    def shape_result(self, node):
        shape = np.array(self.shape(node.inputs[0]), np.int64)
        if node.kind == "Size":
            return np.array(shape.prod(), np.int64)
        return shape[slice(node.attribute("start", 0), node.attribute("end"))]

    def fold(self, node):
        """Computes a node of which all inputs are known."""
        names = [name for name in node.inputs if name]
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(self.values[name].dtype), None)
            for name in dict.fromkeys(names)
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.outputs if name]
        graph = helper.make_graph([node.proto], "fold", inputs, outputs)
        versions = [helper.make_opsetid(domain, version) for domain, version in self.versions.items()]
        model = helper.make_model_gen_version(graph, opset_imports=versions)
        try:
            results = ReferenceEvaluator(model).run(None, {name: self.values[name] for name in names})
        except Exception as error:  # whatever the evaluator does not know or does not like
            raise Uncovered(f"it is constant, and cannot be computed: {one_line(error)}") from error
        if not all(isinstance(result, np.ndarray | np.generic) for result in results):
            raise Uncovered("its result is no tensor")
        found = dict(zip([name for name in node.outputs if name], map(np.asarray, results)))
        return [found.get(name, MISSING) for name in node.outputs]


def becomes_real(node, whole_numbers):
    """Whether whole numbers go in and others come out: rows of a table, or a cast."""
    if node.kind == "Gather":
        return node.inputs[0] not in whole_numbers
    return node.kind == "Cast" and node.attribute("to") in (1, 10, 11, 16)  # f32, f16, f64, bf16


def one_line(error):
    return " ".join(str(error).split())[:200] or type(error).__name__
