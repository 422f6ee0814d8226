"""What cannot be converted is named, one line each, with exit status 2; nothing is left behind."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import onnx_to_net
from conftest import build, node

TOOLS = Path(__file__).resolve().parents[1]


def fails(capsys, folder, model, *options):
    """The lines on the error output of a conversion that must fail."""
    source = folder / "model.onnx"
    source.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    assert onnx_to_net.main([str(source), str(folder / "out.safetensors"), *options]) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx"]
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_every_uncovered_operator_is_named(capsys, tmp_path):
    nodes = [
        node("Sin", ["x"], ["a"], name="first"),
        node("Relu", ["a"], ["b"], name="fine"),
        node("Cos", ["b"], ["c"], name="second"),
        node("Softplus", ["x"], ["d"], name="third"),
        node("Add", ["c", "d"], name="last"),
    ]
    lines = fails(capsys, tmp_path, build(nodes, {"x": [2, 3]}))
    assert len(lines) == 3
    for line, operator, name in zip(lines, ("Sin", "Cos", "Softplus"), ("first", "second", "third")):
        assert f"operator {operator}, node {name}: " in line and line.startswith(str(tmp_path))


UNCOVERED = {
    "attribute value": (
        node("Pad", ["x", "p"], mode="reflect"),
        {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        "mode = reflect",
    ),
    "unknown attribute": (node("Relu", ["x"], slope=2.0), {}, "slope"),
    "second output": (node("MaxPool", ["x"], ["m", "y"], kernel_shape=[2, 2]), {}, "output y is used"),
    "computed weight": (node("Conv", ["x", "x"]), {}, "the weight is computed by the net"),
    "negative step": (
        node("Slice", ["x", "s", "e", "a", "t"]),
        {"s": np.array([3]), "e": np.array([-9]), "a": np.array([2]), "t": np.array([-1])},
        "steps = -1",
    ),
    "cubic": (node("Resize", ["x", "", "s"], mode="cubic"), {"s": np.float32([1, 1, 2, 2])}, "mode = cubic"),
    "no axes": (node("ReduceMean", ["x"], keepdims=0), {}, "a result without axes"),
    "to whole numbers": (node("Cast", ["x"], to=TensorProto.INT64), {}, "to = int64"),
    "nothing makes it": (node("Relu", ["nowhere"]), {}, "it reads nowhere"),
    "sizes that do not fit": (node("Add", ["x", "p"]), {"p": np.ones([7], np.float32)}, "do not go together"),
    "groups that do not fit": (node("Conv", ["x", "w"], group=2), {"w": np.ones([4, 3, 1, 1], np.float32)}, "groups 2"),
    "another domain": (node("FusedConv", ["x"], domain="com.example"), {}, "com.example.FusedConv"),
}


@pytest.mark.parametrize("kind", UNCOVERED)
def test_reason_is_named(kind, capsys, tmp_path):
    proto, constants, text = UNCOVERED[kind]
    proto.name = "the_node"
    model = build([proto], {"x": [1, 4, 6, 6]}, constants)
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    source = tmp_path / "model.onnx"
    source.write_bytes(model.SerializeToString())
    with pytest.raises(onnx_to_net.CannotConvert) as caught:
        onnx_to_net.convert(model, "test")
    assert len(caught.value.args) == 1
    assert text in caught.value.args[0] and proto.op_type in caught.value.args[0] and "the_node" in caught.value.args[0]


def test_broken_files(capsys, tmp_path):
    whole = build([node("Relu", ["x"])], {"x": [2, 3]}, {"w": np.ones([50, 50], np.float32)}).SerializeToString()
    draw = np.random.default_rng(3)
    empty = build([], {"x": [2, 3]}).SerializeToString()
    for content in [
        b"",
        empty,
        b"\0" * 64,
        b"no model at all\n" * 9,
        draw.bytes(4096),
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:9],
    ]:
        lines = fails(capsys, tmp_path, content)
        assert len(lines) == 1 and "cannot read it" in lines[0]


def test_flipped_bits_never_trace(capsys, tmp_path):
    """Whatever a damaged file says, there is a net or there are lines."""
    nodes = [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]), node("Reshape", ["c", "s"])]
    constants = {"w": np.ones([2, 2, 3, 3], np.float32), "s": np.array([1, -1])}
    whole = build(nodes, {"x": [1, 2, 4, 4]}, constants).SerializeToString()
    draw, made = np.random.default_rng(4), 0
    for _ in range(400):
        content = bytearray(whole)
        for place in draw.integers(0, len(content), draw.integers(1, 4)):
            content[place] ^= 1 << int(draw.integers(8))
        (tmp_path / "model.onnx").write_bytes(content)
        status = onnx_to_net.main([str(tmp_path / "model.onnx"), str(tmp_path / "out.safetensors")])
        captured = capsys.readouterr()
        assert status in (0, 2) and bool(captured.err) == (status == 2)
        assert (tmp_path / "out.safetensors").exists() == (status == 0)
        (tmp_path / "out.safetensors").unlink(missing_ok=True)
        made += status == 0
    assert 0 < made < 400


def test_missing_file_and_folder(capsys, tmp_path):
    assert onnx_to_net.main([str(tmp_path / "none.onnx"), str(tmp_path / "out.safetensors")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    onnx.save(build([node("Relu", ["x"])], {"x": [2, 3]}), tmp_path / "model.onnx")
    assert onnx_to_net.main([str(tmp_path / "model.onnx"), str(tmp_path / "none" / "out.safetensors")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_unknown_sizes(capsys, tmp_path):
    model = build([node("Relu", ["x"])], {"x": ["batch", 3, 4, 4]})
    assert "give --input-shape x=" in fails(capsys, tmp_path, model)[0]
    assert "no input z" in fails(capsys, tmp_path, model, "--input-shape", "z=1,2")[0]
    source, out = str(tmp_path / "model.onnx"), str(tmp_path / "out.safetensors")
    assert onnx_to_net.main([source, out, "--input-shape", "x=1,3,4,4", "--picture", "imagenet"]) == 0


def test_as_a_program(tmp_path):
    """Exit status and a single line when it is run as a user runs it."""
    (tmp_path / "model.onnx").write_bytes(b"garbage")
    command = [sys.executable, str(TOOLS / "onnx_to_net.py"), "model.onnx", "out.safetensors"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1 and result.stdout == ""
