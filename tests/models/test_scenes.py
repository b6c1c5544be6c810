"""Drawn scenes: what they show is where they say, and the table of explanations is made of them."""

import numpy as np
import pytest

from tests.benchmarks.scenes import inside, measure, methods
from tests.helpers.masked import MaskedPicture
from tests.helpers.scenes import COLOURS, scenes, swapped, train, untrained


def test_a_words_thing_is_in_its_region():
    for scene in scenes(20, seed=1):
        pixels = np.asarray(scene.picture).astype(int)
        for word, (left, top, right, bottom) in scene.regions().items():
            if word in COLOURS:
                there = np.abs(pixels - COLOURS[word]).sum(2) == 0
                assert there.any()
                assert there[top:bottom, left:right].sum() == there.sum()
            assert inside((left, top, right, bottom)).sum() == 4
            assert word in scene.caption.split()
    assert scenes(1, seed=1)[0].caption == scenes(2, seed=1)[0].caption
    assert swapped("a red square above a blue circle") == "a blue square above a red circle"


@pytest.mark.parametrize(
    ("siglip", "slow"), [(False, ("Shapley", "hidden")), (True, ("Shapley", "hidden", "presence"))]
)
def test_a_model_learns_and_every_method_has_its_row(siglip, slow, tmp_path):
    model = untrained(tmp_path, siglip, width=8, layers=(1, 1))
    before = model.encode("a red square")
    train(model, steps=2, rows=4)
    assert np.abs(model.encode("a red square") - before).max() > 0
    for name, explain in methods(1).items():
        if not any(word in name for word in slow):
            row = measure(model, scenes(1, seed=0), explain)
            assert all(0 <= row[key] <= 1 for key in ("pointing, colours", "pointing, shapes", "energy"))
            assert np.isfinite(row["deletion"])


@pytest.mark.parametrize("siglip", [False, True])
def test_sampled_shapley_values_sum_to_the_embedding(siglip, tmp_path):
    model, scene = untrained(tmp_path, siglip, width=8, layers=(1, 1)), scenes(1, seed=0)[0]
    values = MaskedPicture(model, scene.picture).shapley_values(rounds=1)
    np.testing.assert_allclose(values.sum(0), model.encode(scene.picture), atol=1e-5)
