"""The cells of the published demo notebooks, as they stand but for a local model path."""

import matplotlib.pyplot as plt
import pytest
import torch

SHELF = """
import torch
from sentence_transformers.models import Pooling
from xsbert import models, utils

transformer = models.ReferenceTransformer(PATH)
pooling = Pooling(transformer.get_word_embedding_dimension())
model = CLASS(modules=[transformer, pooling])
model.to(torch.device('cpu'))
"""

EXACT = """
from xsbert import models, utils

model = models.load_model(PATH)
model.to('cpu')
"""

EXPLAIN = """
model.reset_attribution()
model.init_attribution_to_layer(idx=LAYER, N_steps=50)

texta = 'The dog runs after the kitten in the yard.'
textb = 'Outside in the garden the cat is chased by the dog.'

A, tokens_a, tokens_b, score, ra, rb, rr = model.explain_similarity(
    texta,
    textb,
    move_to_cpu=True,
    sim_measure='cos',
    return_lhs_terms=True
)
f = utils.plot_attributions(
    A,
    tokens_a,
    tokens_b,
    size=(5, 5),
    range=.3,
    show_colorbar=True,
    shrink_colorbar=.5
)
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "loading"),
    [("mpnet_shelf", SHELF), ("droberta_shelf", SHELF), ("mpnet_cos", EXACT), ("droberta_cos", EXACT)],
)
def test_the_cells_run(tiny_folders, capfd, name, loading):
    from xsbert import models

    cells = {"PATH": str(tiny_folders[name]), "LAYER": 2}
    cells["CLASS"] = models.XSMPNet if name.startswith("mpnet") else models.XSRoberta
    for cell in (loading, EXPLAIN):
        exec(cell, cells)
    plt.close("all")
    assert isinstance(cells["A"], torch.Tensor)
    assert cells["A"].shape == (len(cells["tokens_a"]), len(cells["tokens_b"]))
    assert cells["tokens_a"][0] == "CLS"
    total = cells["score"] - cells["ra"] - cells["rb"] + cells["rr"]
    assert float(cells["A"].sum()) == pytest.approx(total, abs=0.2)
    assert "Texts" in capfd.readouterr().err  # verbose is the default: a progress bar
    if name.endswith("cos"):
        assert cells["ra"] == cells["rb"] == cells["rr"] == 0


def test_setting_twice_is_refused_and_resetting_is_harmless(tiny):
    model = tiny["mpnet_shelf"]
    model.reset_attribution()
    model.reset_attribution()
    model.init_attribution_to_layer(idx=2, N_steps=5)
    with pytest.raises(AttributeError, match=r"was called before, with idx=2.*reset_attribution"):
        model.init_attribution_to_layer(idx=3, N_steps=5)
    model.reset_attribution()
    with pytest.raises(AttributeError, match="expected init_attribution_to_layer"):
        model.explain_similarity("a", "b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((4, 5), "layer got 4; this encoder has 4 layers"), ((0, 0), "got 0; expected at least 1")],
)
def test_bad_settings_are_refused_and_set_nothing(tiny, arguments, message):
    model = tiny["mpnet_shelf"]
    with pytest.raises(ValueError, match=message):
        model.init_attribution_to_layer(*arguments)
    with pytest.raises(AttributeError, match="got no layer"):
        model.explain_similarity("a", "b")


def test_bad_calls_are_refused(tiny):
    model = tiny["mpnet_shelf"]
    model.init_attribution_to_layer(idx=2, N_steps=2)
    with pytest.raises(ValueError, match="sim_measure got 'euclid'; expected 'cos' or 'dot'"):
        model.explain_similarity("a", "b", sim_measure="euclid")
    with pytest.raises(TypeError, match="expected a string"):
        model.explain_similarity("a", 3, verbose=False)
    with pytest.raises(ValueError, match="expected two texts"):
        model.score(["a"])
    model.reset_attribution()


def test_an_uncompressed_size_over_the_limit_is_refused_before_any_work(minilm, monkeypatch):
    minilm.init_attribution_to_layer(idx=5, N_steps=2)
    monkeypatch.setattr("xsbert.models.splitting.split.Split.hidden_states", None)
    with pytest.raises(ValueError, match=r"\(256, 384, 256, 384\) would take 36\.0 GiB"):
        minilm.explain_similarity("coffee " * 300, "tea " * 300, compress_embedding_dim=False, verbose=False)
    minilm.reset_attribution()


def test_a_quiet_call_prints_nothing(tiny, capfd):
    model = tiny["droberta_shelf"]
    model.init_attribution_to_layer(idx=2, N_steps=2)
    model.explain_similarity("a", "b", verbose=False)
    model.reset_attribution()
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_loaded_by_name(tiny_folders, tmp_path):
    from xsbert.models import XSMPNet, XSRoberta, load_model

    (tmp_path / "mpnet_cos").symlink_to(tiny_folders["mpnet_cos"])
    (tmp_path / "droberta_dot").symlink_to(tiny_folders["droberta_cos"])
    assert type(load_model("mpnet_cos", model_dir=tmp_path)) is XSMPNet
    assert type(load_model("droberta_dot", model_dir=tmp_path)) is XSRoberta
    with pytest.raises(ValueError, match="load_model got 'mpnet'"):
        load_model("mpnet", model_dir=tmp_path)
    with pytest.raises(ValueError, match=r"has no modules\.json"):
        load_model(str(tmp_path))
