"""Random graphs for every operator that is covered: the same as ONNX Runtime."""

import numpy as np
import pytest

import cases
import cases_moves
from cases_moves import resize_any
from conftest import agrees
from onnx_to_net import CannotConvert

DRAWS = 24


@pytest.mark.parametrize("make", cases.CASES + cases_moves.CASES, ids=lambda make: make.__name__)
def test_agrees_with_onnx_runtime(make, tmp_path):
    for seed in range(DRAWS):
        model, inputs = make(np.random.default_rng(seed))
        try:
            agrees(model, inputs, tmp_path)
        except Exception as error:
            raise AssertionError(f"{make.__name__}, seed {seed}: {model.graph.node}") from error


def test_resize_agrees_or_is_named(tmp_path):
    agreed = 0
    for seed in range(200):
        model, inputs = resize_any(np.random.default_rng(seed))
        try:
            agrees(model, inputs, tmp_path)
            agreed += 1
        except CannotConvert as error:
            assert "Resize" in str(error), seed
    assert agreed > 80
