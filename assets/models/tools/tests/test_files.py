"""The file itself: order, alignment, f16, and what is refused."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy

import net_file
from conftest import agrees, build, node
from net_ops import BadNet
from onnx_to_net import CannotConvert, convert, parse_picture


def model(draw):
    nodes = [node("Conv", ["x", "w", "b"], ["c"], name="conv"), node("Mul", ["c", "big"])]
    constants = {"w": draw.standard_normal((5, 3, 3, 3)), "b": draw.standard_normal(5), "big": np.full(1, 1e6)}
    constants = {name: array.astype(np.float32) for name, array in constants.items()}
    return build(nodes, {"x": [1, 3, 8, 8]}, constants)


def header_of(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    assert (size + 8) % net_file.ALIGNMENT == 0
    return json.loads(data[8 : 8 + size])


def test_safetensors_reads_it(tmp_path):
    net = convert(model(np.random.default_rng(1)), "test", picture=parse_picture("unit"))
    net.save(tmp_path / "a.safetensors")
    tensors = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert set(tensors) == {"w", "b", "big"}
    assert all(np.array_equal(tensors[name], net.tensors[name]) for name in tensors)
    header = header_of(tmp_path / "a.safetensors")
    assert list(header) == ["__metadata__", "w", "b", "big"]  # the order of use
    about = json.loads(header["__metadata__"]["freshet.net"])
    assert about["inputs"][0]["picture"]["channels"] == "rgb" and about["version"] == 1


def test_same_twice(tmp_path):
    for name in "ab":
        convert(model(np.random.default_rng(1)), "test").save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_f16(tmp_path):
    """What does not fit stays f32 and comes first, so that it is aligned."""
    convert(model(np.random.default_rng(1)), "test").save(tmp_path / "a", f16=True)
    tensors = safetensors.numpy.load_file(tmp_path / "a")
    assert {name: array.dtype for name, array in tensors.items()} == {
        "w": np.float16,
        "b": np.float16,
        "big": np.float32,
    }
    assert header_of(tmp_path / "a")["big"]["data_offsets"][0] == 0
    assert net_file.load(tmp_path / "a").tensors["w"].dtype == np.float32


def described(layers, tensors, outputs=(), version=1):
    about = {"version": version, "name": "n", "inputs": [{"name": "x", "shape": [2, 3]}], "layers": layers}
    return tensors, about | {"outputs": list(outputs)}


BROKEN = {
    "unknown op": ([{"name": "a", "op": "fly", "inputs": ["x"]}], "unknown op fly"),
    "unknown field": ([{"name": "a", "op": "relu", "inputs": ["x"], "slope": 1}], "no field slope"),
    "missing field": ([{"name": "a", "op": "concat", "inputs": ["x"]}], "needs axis"),
    "cycle": (
        [{"name": "a", "op": "add", "inputs": ["x", "b"]}, {"name": "b", "op": "neg", "inputs": ["a"]}],
        "itself",
    ),
    "missing tensor": ([{"name": "a", "op": "linear", "inputs": ["x"], "weight": "w"}], "no tensor w"),
    "input count": ([{"name": "a", "op": "add", "inputs": ["x"]}], "takes 2 inputs"),
    "same name": ([{"name": "x", "op": "relu", "inputs": ["x"]}], "two values"),
    "shape": ([{"name": "a", "op": "reshape", "inputs": ["x"], "shape": [4]}], "cannot become"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_nets(kind, tmp_path):
    layers, text = BROKEN[kind]
    net_file.write(tmp_path / "a", *described(layers, {}))
    with pytest.raises(BadNet, match=text):
        net_file.load(tmp_path / "a")


@pytest.mark.parametrize(
    "content", [b"", b"\1", b"\xff" * 40, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 4) + b"{}"]
)
def test_broken_containers(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadNet):
        net_file.load(tmp_path / "a")


def test_other_order(tmp_path):
    """Layers may stand in any order."""
    layers = [{"name": "b", "op": "neg", "inputs": ["a"]}, {"name": "a", "op": "relu", "inputs": ["x"]}]
    net_file.write(tmp_path / "a", *described(layers, {}, [{"name": "y", "from": "b"}]))
    assert [layer["name"] for layer in net_file.load(tmp_path / "a").layers] == ["a", "b"]


def test_inner_values_as_outputs(tmp_path):
    net = convert(model(np.random.default_rng(1)), "test", outputs=["c"])
    assert [layer["op"] for layer in net.layers] == ["conv2d"] and net.tensors_used() == ["w", "b"]
    with pytest.raises(CannotConvert, match="no value nothing"):
        convert(model(np.random.default_rng(1)), "test", outputs=["nothing"])


def test_output_that_is_an_input(tmp_path):
    only = build([node("Identity", ["x"]), node("Neg", ["x"], ["z"])], {"x": [2, 3]}, outputs=("y", "z"))
    net = agrees(only, {"x": np.ones([2, 3], np.float32)}, tmp_path)
    assert {output["from"] for output in net.outputs} <= {layer["name"] for layer in net.layers}


def test_folding_leaves_nothing(tmp_path):
    """A batch norm and a pad before a convolution are gone from the net."""
    draw = np.random.default_rng(2)
    constants = {"w": draw.standard_normal((4, 3, 3, 3)).astype(np.float32), "pads": np.array([0, 0, 1, 1, 0, 0, 2, 0])}
    constants |= {name: np.abs(draw.standard_normal(4)).astype(np.float32) + 0.1 for name in "smvt"}
    nodes = [
        node("Pad", ["x", "pads"], ["p"]),
        node("Conv", ["p", "w"], ["c"]),
        node("BatchNormalization", ["c", *"smvt"]),
    ]
    net = agrees(
        build(nodes, {"x": [1, 3, 6, 6]}, constants),
        {"x": draw.standard_normal((1, 3, 6, 6)).astype(np.float32)},
        tmp_path,
    )
    assert [layer["op"] for layer in net.layers] == ["conv2d"]
    assert net.layers[0]["padding"] == [1, 1, 2, 0] and net.layers[0]["name"] == "y"


def test_interrupted_write_leaves_what_was_there(tmp_path):
    (tmp_path / "a").write_bytes(b"older")
    with pytest.raises(RuntimeError), net_file.whole_file(tmp_path / "a") as file:
        file.write(b"half of it")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_bytes() == b"older"
