"""Low-rank adapters join the weights that peft trained them beside, or are refused and nothing changes."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from xsbert import XSTransformer
from xsbert.models.exact.adapters import CONFIG, PREFIX, WEIGHTS, join_adapters
from xsbert.training import add_adapters

TEXT = "The dog runs."


@pytest.fixture(scope="module")
def adapted(tiny_folders, tmp_path_factory):
    """A model with adapters that are not zero, by peft; and the folder that peft saved them to."""
    folder = tmp_path_factory.mktemp("adapted")
    model = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu")
    add_adapters(model, rank=3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(parameter.numel()))
    model.transformers_model.save_pretrained(folder)
    return model, folder


def test_joined_they_give_what_peft_gives(adapted, tiny_folders, tiny):
    model, folder = adapted
    joined = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu")
    join_adapters(joined.transformers_model, folder)
    np.testing.assert_allclose(joined.encode(TEXT), model.encode(TEXT), atol=1e-4)  # float32, summed in another order
    assert np.abs(joined.encode(TEXT) - tiny["mpnet_shelf"].encode(TEXT)).max() > 1e-2


def test_adapters_alone_are_trained(adapted):
    model, _ = adapted
    assert {name.split(".")[-3] for name, p in model.named_parameters() if p.requires_grad} == {"lora_A", "lora_B"}


def dora(folder):
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {"use_dora": True}))


def another_size(folder):
    tensors = load_file(folder / WEIGHTS)
    last = sorted(name for name in tensors if "lora_A" in name)[-1]
    save_file(tensors | {last: torch.zeros(3, 7)}, folder / WEIGHTS)


def of_embeddings(folder):
    tensors = load_file(folder / WEIGHTS)
    save_file(tensors | {PREFIX + "embeddings.word_embeddings.lora_embedding_A": torch.zeros(2, 9)}, folder / WEIGHTS)


def trained_whole(folder):
    tensors = load_file(folder / WEIGHTS)
    save_file(tensors | {PREFIX + "pooler.modules_to_save.default.weight": torch.zeros(2, 9)}, folder / WEIGHTS)


def one_of_two(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors.pop(next(name for name in tensors if "lora_B" in name))
    save_file(tensors, folder / WEIGHTS)


def none(folder):
    save_file({}, folder / WEIGHTS)


def cut(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (dora, "adapters with use_dora True"),
        (another_size, r"has shape \(\d+, 7\), which MPNetModel has not"),
        (of_embeddings, "got .*lora_embedding_A in .*; expected pairs of lora_A.weight and lora_B.weight alone"),
        (trained_whole, "got .*modules_to_save.default.weight in"),
        (one_of_two, "expected pairs of lora_A.weight and lora_B.weight alone"),
        (none, "got nothing in"),
        (cut, "holds no adapters"),
        (shutil.rmtree, "holds no adapters"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(adapted, tiny_folders, tmp_path, spoil, message):
    model = XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    folder = shutil.copytree(adapted[1], tmp_path / "copy")
    spoil(folder)
    with pytest.raises(ValueError, match=message):
        join_adapters(model.transformers_model, folder)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
