"""Pictures as sides of an explanation: both laws, where patches lie, and what is refused."""

from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.masked import MaskedPicture
from tests.helpers.scenes import scenes, untrained
from xsbert import Attribution, Ranking, XSTransformer, contrast
from xsbert.attribution import Adaptive, Forward, GaussLegendre, Reverse, RightRiemann
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates, MaskReference, MeanReference, Presence, Removal, ZeroReference
from xsbert.models.pictures.patches import Grid, boxes_of
from xsbert.models.splitting.presence import share_of

KINDS = ("CLIP", "SigLIP")
A, B = scenes(2, seed=0)
RULE = GaussLegendre(12)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Small random models that bend: two layers for texts, three for pictures of 4 × 4 patches."""
    found = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        model = untrained(folder, kind == "SigLIP", width=16, layers=(2, 3), pixels=32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter *= 1.5
        model.save(str(folder))
        found[kind] = folder
    return found


@pytest.fixture(scope="module")
def models(folders):
    return {kind: XSTransformer(str(folder), device="cpu") for kind, folder in folders.items()}


@pytest.fixture(params=KINDS)
def model(request, models):
    return models[request.param]


def score_of(model, a, b):
    return float(model.similarity(model.encode([a]), model.encode([b])))


@pytest.mark.parametrize("method", [Presence(0), Presence(-1)], ids=repr)
@pytest.mark.parametrize("sides", [(A.caption, A.picture), (A.picture, B.picture), (A.picture, B.caption)])
def test_the_pairs_sum_to_the_models_score(model, method, sides):
    x = model.explain(*sides, method=Presence(method.layer, quadrature=Adaptive(1e-5)))
    assert x.score == pytest.approx(score_of(model, *sides), abs=1e-5)
    assert x.explained == pytest.approx(x.score, abs=1e-4)
    assert x.is_exact
    for side, picture, size in zip(sides, (x.picture_a, x.picture_b), x.matrix.shape, strict=True):
        assert (picture is None) == isinstance(side, str)
        assert picture is None or size == picture.patches + ("[class]" in x.tokens_a + x.tokens_b)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_tokens_are_patches_row_by_row_and_then_what_the_model_adds(models):
    for kind, model in models.items():
        (vectors,) = model.token_vectors([A.picture], method=Presence(quadrature=Adaptive(1e-3)))
        patches = tuple(f"r{row}c{column}" for row in range(1, 5) for column in range(1, 5))
        assert vectors.tokens == patches + (("[class]",) if kind == "CLIP" else ())
        assert vectors.offsets == (None,) * len(vectors.tokens)
        assert vectors.text == "picture"
        assert vectors.picture[:4] == (64, 64, 4, 4)
        assert vectors.picture.data.startswith("data:image/png;base64,")
        assert vectors.vectors.shape == (len(vectors.tokens), 16)
        np.testing.assert_allclose(vectors.vectors.sum(0), model.encode(A.picture), atol=0.05)
        assert vectors.vectors[:16].any(axis=1).all()
        assert not vectors.vectors[16:].any()


@pytest.mark.parametrize("size", [(200, 120), (90, 170), (64, 64), (20, 33)])
def test_boxes_are_where_patches_come_from(model, size):
    """A mark in one patch's box, in the picture's own pixels, is seen by that patch and by no other."""
    blank = Image.new("RGB", size)
    first = model.token_vectors([blank], method=HiddenStates(-1, quadrature=RightRiemann(1)))[0]
    before = model.preprocess([blank])["pixel_values"]
    assert first.picture[:2] == size
    for at in (0, 6, 15):
        left, top, right, bottom = first.picture.boxes[at]
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        marked = np.zeros((size[1], size[0], 3), np.uint8)
        across, down = (right - left) / 4, (bottom - top) / 4  # edges blur
        marked[round(top + down) : round(bottom - down), round(left + across) : round(right - across)] = 255
        changed = (model.preprocess([Image.fromarray(marked)])["pixel_values"] - before).abs().sum(1)[0]
        sums = changed.unflatten(0, (4, 8)).unflatten(2, (4, 8)).sum((1, 3)).flatten()
        assert sums.argmax() == at
        assert sums[at] > 0.9 * sums.sum()


def test_kinds_of_pictures_are_one(model, tmp_path):
    path = tmp_path / "scene.png"
    A.picture.save(path)
    array = np.asarray(A.picture)
    kinds = [A.picture, str(path), path, array, torch.from_numpy(array.copy()).permute(2, 0, 1), A.picture.copy()]
    found = model.explain_pairs([(A.caption, each) for each in kinds], method=Presence(quadrature=RULE))
    for x in found:
        np.testing.assert_array_equal(x.matrix, found[0].matrix)
        assert x.picture_b == found[0].picture_b
    assert [x.text_b for x in found] == ["picture", "scene.png", "scene.png", "picture", "picture", "picture"]
    assert str(tmp_path) not in str(found[1].to_dict())
    missing = model.explain(A.caption, "nothing.png", method=Presence(quadrature=RULE))
    assert missing.picture_b is None, "to the host a path that leads nowhere is a text"


@pytest.mark.parametrize("method", [Presence(0), HiddenStates(-1)], ids=["presence", "hidden states"])
def test_both_modes_and_batches_give_the_same(model, method):
    kind, options = type(method), {"quadrature": GaussLegendre(3)}
    pairs = [("red", A.picture), (A.picture, B.picture)]
    forward = model.explain_pairs(pairs, method=kind(method.layer, mode=Forward(), **options))
    reverse = model.explain_pairs(pairs, method=kind(method.layer, mode=Reverse(), **options))
    for x, y, pair in zip(forward, reverse, pairs, strict=True):
        np.testing.assert_allclose(x.matrix, y.matrix, atol=1e-4 * np.abs(x.matrix).max())
        if pair[0] == "red":
            single = model.explain(*pair, method=kind(method.layer, mode=Forward(), **options))
            np.testing.assert_allclose(x.matrix, single.matrix, atol=1e-5 * np.abs(x.matrix).max())


def test_the_papers_method_holds_law_2_with_a_grey_picture(model):
    x = model.explain(A.caption, A.picture, method=HiddenStates(-1, quadrature=Adaptive(1e-4)))
    assert x.error < 1e-3
    assert not x.is_exact
    assert "grey pictures" in x.compared_with
    (own,) = model.token_vectors([A.picture], method=HiddenStates(-1, quadrature=GaussLegendre(2)))
    with torch.no_grad():
        grey = model.transformers_model.get_image_features(pixel_values=torch.zeros(1, 3, 32, 32)).pooler_output[0]
    np.testing.assert_allclose(own.reference_embedding, grey.numpy(), atol=1e-4 * float(grey.abs().max()))
    shared = model.explain(A.picture, B.picture, method=HiddenStates(-1, shared=True, quadrature=Adaptive(1e-4)))
    assert shared.explained == pytest.approx(shared.score, abs=1e-3)


def test_float64_weights_are_used(folders):
    for folder in folders.values():
        model = XSTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float64})
        x = model.explain(A.caption, A.picture, method=Presence(quadrature=Adaptive(1e-6)))
        assert x.matrix.dtype == np.float64
        assert x.explained == pytest.approx(x.score, abs=1e-6)


def test_a_patch_that_is_gone_is_gone(models):
    """Masked patches against the tower run without them."""
    kept = np.random.default_rng(0).random((1, 16)) < 0.5
    for kind, model in models.items():
        tower = model.transformers_model.vision_model
        with torch.no_grad():
            states = tower.embeddings(model.preprocess([A.picture])["pixel_values"])
            rows = np.flatnonzero(np.r_[True, kept[0]]) if kind == "CLIP" else np.flatnonzero(kept[0])
            states = states[:, rows]
            if kind == "CLIP":
                hidden = tower.encoder(inputs_embeds=tower.pre_layrnorm(states)).last_hidden_state[:, 0]
                expected = model.transformers_model.visual_projection(tower.post_layernorm(hidden))
            else:
                expected = tower.head(tower.post_layernorm(tower.encoder(inputs_embeds=states).last_hidden_state))
        found = MaskedPicture(model, A.picture).embed(kept)
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-4 * np.abs(found).max())


def test_a_ranking_of_pictures_by_a_text_and_of_texts_by_a_picture(model):
    method = Presence(-1, quadrature=GaussLegendre(2))
    pictures = [each.picture for each in scenes(4, seed=3)]
    ranking = model.explain_ranking(A.caption, pictures, top=2, method=method, ids=["a", "b", "c", "d"])
    scores = model.similarity(model.encode(A.caption), model.encode(pictures))[0].numpy()
    np.testing.assert_array_equal(ranking.positions, np.argsort(-scores)[:2])
    assert ranking.summary().document_words == ()
    assert ranking.summary().query_words[0].word == "a"
    texts = [A.caption, B.caption, "a red circle"]
    ranking = model.explain_ranking(A.picture, texts, method=method)
    assert sorted(ranking.documents) == sorted(texts)
    assert ranking.summary().query_words[0].word == "r1c1"
    assert len(ranking.summary().query_words) == 16
    assert contrast(ranking[0].words(), ranking[1].words()).tokens[0] == "r1c1"
    mixed = model.explain_ranking(A.caption, [A.caption, A.picture], top=1, method=method)
    assert mixed.documents == (A.caption,)
    with pytest.raises(ValueError, match="picture_a differ"):
        Ranking((ranking[0], model.explain(B.picture, texts[0], method=method)), (0, 1))


def test_results_of_pictures(model, tmp_path):
    x = model.explain(A.caption, A.picture, method=Presence(quadrature=RULE))
    x.save(tmp_path / "pair.json")
    assert Attribution.load(tmp_path / "pair.json") == x
    words = x.words()
    assert words.matrix.shape[1] == x.matrix.shape[1]
    assert words.explained == pytest.approx(x.explained, abs=1e-5)
    trimmed = x.trimmed()
    assert trimmed.tokens_b == x.tokens_b[:16]
    assert trimmed.tokens_a == x.tokens_a[1:-1]
    trimmed.check_places()
    rows = x.matrix[1:-1, :16]
    assert x.limit == pytest.approx(max(np.abs(rows).max(), 0.25 / 3.2))
    assert x.folded().matrix.shape == x.matrix.shape
    assert {pair.token_b for pair in x.top(3)} <= set(x.tokens_b[:16])
    assert "'picture'" in repr(x)
    with pytest.raises(ValueError, match=r"spans_b\[0\] got \(0, 3\)"):
        x.grouped(spans_b=[(0, 3)])


@pytest.mark.parametrize(
    "units", ["words", "sentences", lambda text: [(0, len(text))]], ids=["words", "sentences", "spans"]
)
def test_units_of_a_picture_are_its_patches(model, units):
    method = Presence(-1, quadrature=GaussLegendre(4), units=units)
    x = model.explain("red. a circle", A.picture, method=method)
    assert x.picture_b.patches == 16
    assert x.tokens_b[:2] == ("r1c1", "r1c2")
    assert x.explained == pytest.approx(x.score, abs=0.02)
    (vectors,) = model.token_vectors([A.picture], method=method)
    assert vectors.tokens == x.tokens_b


def test_pictures_are_explained_from_their_first_layer_on(tmp_path):
    """By default, for there patches are their own; of texts it is the last layer but two, here the first of two too."""
    model = untrained(tmp_path, width=16, layers=(2, 4), pixels=32)
    x, first, second = (
        model.explain(A.caption, A.picture, method=Presence(layer, quadrature=GaussLegendre(2)))
        for layer in (None, 0, 1)
    )
    assert x == first != second


def test_each_part_counts_its_own_layers(model):
    x = model.explain(A.caption, A.picture, method=Presence(-1, quadrature=GaussLegendre(2)))
    assert "Presence(layer=1," in x.method
    assert "and Presence(layer=2," in x.method
    named = model.explain(
        A.picture, B.picture, method=Presence(2, quadrature=GaussLegendre(2), layer_stack="encoder.layers")
    )
    assert named.layer == 2
    with pytest.raises(ValueError, match="this encoder has 2 layers"):
        model.explain(A.caption, A.picture, method=Presence(2))


def broken(folder: Path) -> Path:
    file = folder / "broken.png"
    A.picture.save(file)
    file.write_bytes(file.read_bytes()[:400])
    return file


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda folder: folder / "none.png", FileNotFoundError, "where there is no file"),
        (broken, ValueError, r"The picture 'broken.png' can't be read \(\w+: .*\); expected a picture \(PIL\)"),
        (lambda folder: str(broken(folder)), ValueError, "'broken.png' can't be read"),
        (lambda folder: np.zeros((8, 8), np.uint8), ValueError, r"an array of shape \(8, 8\); expected"),
        (lambda folder: np.zeros((8, 8, 4), np.uint8), ValueError, r"an array of shape \(8, 8, 4\)"),
        (lambda folder: np.zeros((8, 8, 3)), TypeError, "an array of float64 from 0.0 to 0.0; expected whole numbers"),
        (lambda folder: np.full((8, 8, 3), 300), TypeError, "int64 from 300 to 300"),
        (lambda folder: np.zeros((0, 8, 3), np.uint8), ValueError, "can't be read|has 8 × 0 pixels"),
        (lambda folder: 3, TypeError, r"text_b got 3 \(int\); expected a string"),
    ],
)
def test_a_picture_that_is_none_is_refused_in_one_line(models, tmp_path, make, error, said):
    before = sorted(vars(models["CLIP"]))
    with pytest.raises(error, match=said) as refused:
        models["CLIP"].explain(A.caption, make(tmp_path))
    assert "\n" not in str(refused.value)
    assert sorted(vars(models["CLIP"])) == before


def test_a_model_of_texts_refuses_pictures(minilm, tmp_path):
    A.picture.save(tmp_path / "scene.png")
    for picture in (A.picture, tmp_path / "scene.png", np.asarray(A.picture)):
        for explain in (lambda it: minilm.explain("a", it), lambda it: minilm.explain_pairs([("a", it)])):
            with pytest.raises(TypeError, match=r"got a picture .* this model reads texts alone; expected a string"):
                explain(picture)
    assert minilm.explain("a", str(tmp_path / "scene.png"), method=HiddenStates(-1)).picture_b is None


def test_words_are_taken_from_texts_alone(model):
    x = model.explain(A.caption, B.caption, method=Removal())
    assert x.matrix.sum() == pytest.approx(x.score, abs=1e-5)
    with pytest.raises(ValueError, match="Removal got the picture 'picture'; expected a text"):
        model.explain(A.caption, A.picture, method=Removal())


@pytest.mark.parametrize("reference", [MaskReference(), MeanReference(("a text",))], ids=repr)
def test_references_of_texts_alone_are_refused(model, reference):
    with pytest.raises(ValueError, match=r"Reference\(.*\) has no meaning for a picture.*; expected PaddingReference"):
        model.explain(A.picture, B.picture, method=HiddenStates(-1, reference=reference))


def test_zero_is_a_reference_of_pictures_too(model):
    x = model.explain(A.picture, B.picture, method=HiddenStates(-1, reference=ZeroReference(), quadrature=RULE))
    assert x.picture_a == x.picture_a


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"do_resize": True, "size": {"longest_edge": 32}},
            r"resizes by \{'longest_edge': 32\}; expected a height and",
        ),
        ({"do_resize": True, "size": {"shortest_edge": 32}}, "makes 32 × 32 pixels .* where its settings say 32 × 46"),
        ({}, "where its settings say 32 × 46"),
    ],
)
def test_a_processor_whose_patches_lie_elsewhere_is_refused(settings, said):
    with pytest.raises(ValueError, match=said) as refused:
        boxes_of(Grid(4, 4, (8, 8), 0), 46, 32, (32, 32), SimpleNamespace(**settings))
    assert "\n" not in str(refused.value)


def test_where_no_token_stays_a_mean_has_its_shapley_values():
    """Of f = Σ m v / Σ m, by all orders of five tokens."""
    values = torch.tensor([3.0, -1.0, 0.5, 7.0, 2.0], dtype=torch.float64)
    expected = torch.zeros(5, dtype=torch.float64)
    orders = list(permutations(range(5)))
    for order in orders:
        before = 0.0
        for count, token in enumerate(order, 1):
            after = values[list(order[:count])].mean()
            expected[token] += (after - before) / len(orders)
            before = after

    def function(points, texts):
        presence = share_of(points, 5)[..., 0]
        return points.mean(dim=1) * ((presence * values).sum(1) / presence.sum(1))[:, None]

    paths = Paths(function, torch.zeros(1, 5, 1, dtype=torch.float64), torch.ones(1, 5, 1, dtype=torch.float64))
    (found,) = token_vectors(paths, GaussLegendre(2))
    np.testing.assert_allclose(found.vectors[:, 0], expected, atol=1e-6)
