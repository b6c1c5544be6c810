"""What we lean on in sentence-transformers and transformers, beside their documented interface.

When a new release moves one of these, the test that fails says which, and where we use it.
"""

import inspect

import pytest
import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer, SparseEncoder
from sentence_transformers.base.model import BaseModel
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.base.trainer import BaseTrainer
from transformers import PreTrainedModel, Trainer

VERSIONS = f"sentence-transformers {sentence_transformers.__version__}, transformers {transformers.__version__}"
LEANED_ON = [
    (BaseModel, "_resolve_prompt", ("prompt", "prompt_name"), "models/prompts.py: the prompt that encode would use"),
    (BaseModel, "preprocess", ("inputs", "prompt"), "models/text.py: what a text is given to the encoder as"),
    (BaseModel, "_module_classes", None, "models/encoder.py: our classes load without trust_remote_code"),
    (BaseModel, "transformers_model", None, "training/start.py, models/published.py: the encoder"),
    (SentenceTransformer, "encode_query", ("prompt_name", "prompt"), "models/prompts.py: a query's prompt"),
    (SentenceTransformer, "encode_document", ("prompt_name", "prompt"), "models/prompts.py: a document's prompt"),
    (SparseEncoder, "encode_query", ("prompt_name", "prompt"), "models/prompts.py: a query's prompt"),
    (Router, "_resolve_route", ("task", "modality"), "models/prompts.py: the route that a query takes"),
    (Transformer, "forward", ("features",), "models/shift.py: the token embeddings of a reference"),
    (Transformer, "_should_flatten_inputs", None, "models/shift.py: padded batches, never flat ones"),
    (Transformer, "auto_model", None, "models/checkpoints.py, train.py: the encoder inside a Transformer"),
    (DefaultBatchSampler, "set_epoch", ("epoch",), "training/batches.py: another order in each epoch"),
    (BaseTrainer, "_load_from_checkpoint", ("checkpoint_path",), "train.py: --resume"),
    (PreTrainedModel, "set_attn_implementation", None, "models/copies.py: eager attention on the private copy"),
    (PreTrainedModel, "get_input_embeddings", None, "models/tail.py: word embeddings that stay in float32"),
]


@pytest.mark.parametrize(
    ("host", "name", "arguments", "use"), LEANED_ON, ids=lambda value: getattr(value, "__name__", None)
)
def test_what_we_lean_on_is_there(host, name, arguments, use):
    assert hasattr(host, name), f"{VERSIONS}: {host.__name__}.{name} is gone; it is used in {use}"
    if arguments:
        there = inspect.signature(getattr(host, name)).parameters
        missing = [argument for argument in arguments if argument not in there]
        assert not missing, f"{VERSIONS}: {host.__name__}.{name} has no {missing}; it is used in {use}"


def test_prompts_are_looked_up_as_we_look_them_up():
    from xsbert.models.inputs.prompts import NAMES

    source = inspect.getsource(SentenceTransformer.encode_document)
    names = ", ".join(f'"{name}"' for name in NAMES["document"])
    assert f"[{names}]" in source, f"{VERSIONS}: encode_document looks for other prompts than models/prompts.py"


def test_tokens_come_with_offsets_and_marks(minilm):
    features = minilm.preprocess(["Coffee"])
    encoding = (getattr(features, "encodings", None) or [None])[0]
    assert encoding is not None, f"{VERSIONS}: preprocess gives no encodings; models/text.py reads offsets from them"
    assert encoding.offsets[1] == (0, 6)
    assert encoding.special_tokens_mask == [1, 0, 1]


def test_layers_are_called_with_hidden_states_first_and_give_them_back(minilm):
    given = []
    encoder = minilm.transformers_model
    layer = encoder.encoder.layer[1]
    handle = layer.register_forward_pre_hook(
        lambda module, args, kwargs: given.append((args, kwargs)), with_kwargs=True
    )
    try:
        minilm.encode("Coffee")
    finally:
        handle.remove()
    (args, kwargs) = given[0]
    hidden = args[0] if args else kwargs.get("hidden_states")
    assert isinstance(hidden, torch.Tensor), f"{VERSIONS}: layers get hidden states in another way; models/hooks.py"
    assert hidden.shape == (1, 3, 384)


def test_a_checkpoint_ends_with_the_trainers_state():
    """--resume takes a checkpoint without it as cut off."""
    source = inspect.getsource(Trainer._save_checkpoint)
    last = source.rindex("save_to_json")
    for earlier in ("self.save_model(", "self._save_optimizer_and_scheduler(", "self._save_rng_state("):
        assert source.index(earlier) < last, f"{VERSIONS}: {earlier} comes behind the state; training/output.py"
