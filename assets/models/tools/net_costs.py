"""How much arithmetic a net is: multiplications that are each followed by an addition."""

import math

from net_ops import fields_of


def multiply_adds(net):
    """Of convolutions, products and attention; the rest is small beside them."""
    return sum(COSTS.get(layer["op"], nothing)(net, layer, fields_of(layer)) for layer in net.layers)


def gflop(net):
    """Two operations for each multiplication and addition."""
    return 2e-9 * multiply_adds(net)


def nothing(_net, _layer, _fields):
    return 0


def conv(net, layer, fields):
    return math.prod(net.shapes[layer["name"]]) * math.prod(net.tensor_shape(fields["weight"])[1:])


def conv_transpose(net, layer, fields):
    return math.prod(net.shapes[layer["inputs"][0]]) * math.prod(net.tensor_shape(fields["weight"])[1:])


def linear(net, layer, fields):
    return math.prod(net.shapes[layer["name"]]) * net.tensor_shape(fields["weight"])[1]


def matmul(net, layer, _fields):
    return math.prod(net.shapes[layer["name"]]) * net.shapes[layer["inputs"][0]][-1]


def attention(net, layer, _fields):
    (batch, queries, width), (_, keys, _) = (net.shapes[value] for value in layer["inputs"][:2])
    return 2 * batch * queries * keys * width


COSTS = {
    "conv2d": conv,
    "conv_transpose2d": conv_transpose,
    "linear": linear,
    "matmul": matmul,
    "attention": attention,
}
