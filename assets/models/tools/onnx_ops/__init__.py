"""Which function converts which operator of ONNX."""

from onnx_ops import arithmetic, arrange, convolution, normal, product, sample

HANDLERS = {}
for _part in (convolution, product, normal, arithmetic, arrange, sample):
    HANDLERS |= {("", kind): handler for kind, handler in _part.OPERATORS.items()}
    HANDLERS |= getattr(_part, "OTHER_DOMAINS", {})
