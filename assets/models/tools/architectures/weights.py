"""Random weights that behave like trained ones: activations neither vanish nor explode on their way through."""

import torch
from torch import nn


@torch.no_grad()
def fill(net, *examples, seed):
    """Draws all weights, then measures the running statistics of the batch norms on examples, and returns the net."""
    draw = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.copy_(torch.randn(module.weight.shape, generator=draw) * (2 / fan_in) ** 0.5)
            if module.bias is not None:
                module.bias.copy_(torch.randn(module.bias.shape, generator=draw) * 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.copy_(0.6 + 0.8 * torch.rand(module.weight.shape, generator=draw))
            module.bias.copy_(torch.randn(module.bias.shape, generator=draw) * 0.2)
        elif isinstance(module, nn.PReLU):
            module.weight.copy_(0.4 * torch.rand(module.weight.shape, generator=draw))
    measure(net, examples)
    return net.eval()


def measure(net, examples):
    """Statistics as training would have left them: those of the examples, a little off."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 0.9
    net.train()
    net(*examples)
    for norm in norms:
        norm.momentum = 0.1
        norm.running_var.clamp_(min=1e-3)


def picture_like(*shape, seed):
    """Smooth random input, each channel about -2 to 2 as a normalised picture is."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.randn(shape[0], shape[1], 8, 8, generator=draw)
    fine = torch.randn(shape, generator=draw)
    smooth = nn.functional.interpolate(coarse, size=shape[2:], mode="bilinear", align_corners=False)
    return smooth + 0.2 * fine
