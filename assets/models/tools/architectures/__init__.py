"""Public architectures in plain PyTorch, for nets with random weights."""
