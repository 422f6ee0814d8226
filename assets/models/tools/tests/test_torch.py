"""Modules of PyTorch and the five public architectures."""

import numpy as np
import pytest
import torch
from torch import nn

import make_nets
import net_file
import net_reference
import torch_to_net
import zoo
from architectures import weights
from onnx_to_net import CannotConvert

TOLERANCE = 1e-4


class Small(nn.Module):
    """A transformer's layer between an embedding and a head."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20, 16)
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, ids):
        return self.head(self.layer(self.table(ids)).mean(1)).log_softmax(-1)


class Mixed(nn.Module):
    """What pictures go through besides convolutions."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 16, 3, 2, 1), nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.norm, self.group, self.slopes = nn.InstanceNorm2d(16, affine=True), nn.GroupNorm(4, 16), nn.PReLU(16)
        self.last = nn.Conv2d(8, 12, 1)

    def forward(self, x):
        x = self.slopes(self.group(self.norm(self.down(x))))
        x = nn.functional.hardswish(x) + nn.functional.silu(x) * nn.functional.mish(x)
        x = nn.functional.pixel_shuffle(self.last(self.up(x)), 2)
        x = nn.functional.interpolate(x, size=(17, 19), mode="bilinear", align_corners=False)
        return nn.functional.normalize(x.flatten(2).chunk(2, 2)[0], dim=-1), nn.functional.adaptive_avg_pool2d(x, 1)


def agrees(module, example, folder, **names):
    module.eval()
    net = torch_to_net.export(module, example, folder / "net.safetensors", **names)
    with torch.no_grad():
        expected = module(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = net_reference.outputs(net_file.load(folder / "net.safetensors"), {net.inputs[0]["name"]: example.numpy()})
    for value, output in zip(expected, net.outputs):
        error = np.abs(found[output["name"]] - value.numpy()).max() / np.abs(value.numpy()).max()
        assert found[output["name"]].shape == tuple(value.shape) and error < TOLERANCE, output["name"]
    return net


def test_transformer(tmp_path):
    torch.manual_seed(3)
    net = agrees(Small(), torch.randint(0, 20, (2, 7)), tmp_path, input_names=["ids"])
    assert {"embedding", "layer_norm", "softmax", "linear", "gelu"} <= {layer["op"] for layer in net.layers}


def test_picture_layers(tmp_path):
    torch.manual_seed(3)
    net = agrees(Mixed(), torch.randn(1, 3, 24, 32), tmp_path, input_names=["image"], output_names=["points", "mean"])
    assert [output["name"] for output in net.outputs] == ["points", "mean"]


def test_names_what_is_not_covered(tmp_path):
    class Sorts(nn.Module):
        def forward(self, x):
            return x.sort(-1).values

    with pytest.raises(CannotConvert, match="operator TopK"):
        torch_to_net.export(Sorts(), torch.randn(2, 5), tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", make_nets.NETS)
def test_architectures(name, tmp_path):
    """Their values spread as those of trained nets do, and the net file gives what PyTorch gives."""
    _, shape, outputs, _ = make_nets.NETS[name]
    module, example = make_nets.build(name), weights.picture_like(1, *shape, seed=5)
    spreads = []
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            part.register_forward_hook(lambda _part, _inputs, value: spreads.append(float(value.std())))
    with torch.no_grad():
        module(example)
    assert 0.05 < min(spreads) and max(spreads) < 20, (min(spreads), max(spreads))
    for part in module.modules():
        part._forward_hooks.clear()
    agrees(module, example, tmp_path, input_names=["image"], output_names=outputs)


def test_zoo_has_every_layer(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["zoo.py", str(tmp_path)])
    zoo.main()
    assert (
        net_reference.main(
            [str(tmp_path / "zoo.safetensors"), "--io", str(tmp_path / "zoo.io.safetensors"), "--tolerance", "1e-5"]
        )
        == 0
    )
    net = net_file.load(tmp_path / "zoo.safetensors")
    assert {layer["op"] for layer in net.layers} == set(net_reference.LAYERS)


def test_program(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("from torch import nn\n\n\ndef make():\n    return nn.Linear(3, 2)\n")
    assert torch_to_net.main(["own:make", "own.safetensors", "--input-shape", "x=4,3"]) == 0
    assert net_file.load("own.safetensors").layers[0]["op"] == "linear"
    for wrong in ("own:nothing", "none:make"):
        assert torch_to_net.main([wrong, "wrong.safetensors", "--input-shape", "x=4,3"]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
