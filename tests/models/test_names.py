"""What results call a model: enough to tell models apart, and no path of a machine."""

import json
import re
import shutil

import pytest

from tests.models.test_late_interaction import modules
from xsbert import XSMultiVectorEncoder
from xsbert.attribution import GaussLegendre, attribute
from xsbert.models import HiddenStates, XSTransformer
from xsbert.models.names import without_folders
from xsbert.plot import page
from xsbert.training.card import model_card

FAST = HiddenStates(layer=-1, quadrature=GaussLegendre(2))


@pytest.fixture(scope="module")
def two(tiny_folders, tmp_path_factory):
    """Two models in folders of one name."""
    folders = [tmp_path_factory.mktemp(name) / "encoder" for name in ("one", "other")]
    for folder, name in zip(folders, ("mpnet_shelf", "mpnet_cos"), strict=True):
        shutil.copytree(tiny_folders[name], folder)
    return folders, [XSTransformer(str(folder), device="cpu") for folder in folders]


def test_a_folder_is_named_without_where_it_is(two, tmp_path):
    folders, models = two
    x = models[0].explain("coffee", "tea", method=FAST)
    ranking = models[0].explain_ranking("coffee", ["tea"], method=FAST)
    assert re.fullmatch(r"encoder \([0-9a-f]{6}\)", x.model)
    for result in (x, ranking, models[0].token_vectors(["coffee"], method=FAST)[0]):
        assert str(folders[0].parent) not in json.dumps(result.to_dict())
        assert "/encoder" not in json.dumps(result.to_dict())
    for shown in (page(x), page(ranking)):
        assert x.model in shown
        assert str(folders[0].parent) not in shown


def test_late_interaction_names_its_folder_so_too(two):
    late = XSMultiVectorEncoder(modules=modules(str(two[0][0])), device="cpu")
    assert late.explain("coffee", "tea").model == two[1][0].explain("coffee", "tea", method=FAST).model


def test_folders_of_one_name_are_not_taken_for_one(two):
    (a,), (b,) = (model.token_vectors(["coffee"], method=FAST) for model in two[1])
    with pytest.raises(ValueError, match=r"vectors of model 'encoder \(\w+\)' and 'encoder \(\w+\)'"):
        attribute(a, b)
    assert XSTransformer(str(two[0][0]), device="cpu").token_vectors(["coffee"], method=FAST)[0].model == a.model


def test_names_on_the_hub_stay():
    assert without_folders("sentence-transformers/all-MiniLM-L6-v2") == "sentence-transformers/all-MiniLM-L6-v2"


def test_a_model_card_has_no_path_of_the_machine(tmp_path):
    recipe = {"model": str(tmp_path / "base"), "data": str(tmp_path / "sts"), "shift": True, "similarity": "cosine"}
    card = model_card("mine", recipe, {"steps": 2, "best_step": 1})
    assert str(tmp_path) not in card
    assert "`base (" in card
