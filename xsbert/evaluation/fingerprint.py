"""What tells one model from another: results that are kept are kept under it."""

from __future__ import annotations

from typing import Any

from xsbert.models import XSFunction, XSTransformer
from xsbert.models.references.weights_digest import digest_of

UNTOLD = {"_name_or_path", "transformers_version", "architectures", "dtype"}
"""What an encoder's config holds that its scores don't depend on, or that its weights tell."""


def fingerprint(model: XSTransformer | XSFunction) -> str:
    """What changes with anything that its scores depend on: weights, modules, their settings, tokens, prompts.

    Of a function nothing is known but its name.
    """
    if isinstance(model, XSFunction):
        return digest_of("function", model.name, model.similarity_fn_name)[:12]
    encoder: Any = model.transformers_model
    made_of = [type(module).__qualname__ for module in model.modules()], repr(model)
    settings = model.max_seq_length, model.truncate_dim, str(model.similarity_fn_name)
    prompts = sorted(model.prompts.items()), model.default_prompt_name
    vocabulary = sorted(model.tokenizer.get_vocab().items())
    told = [item for item in sorted(encoder.config.to_dict().items()) if item[0] not in UNTOLD]
    weights = [*model.named_parameters(), *model.named_buffers()]  # read anew: some optimizers leave no trace
    return digest_of(made_of, settings, prompts, vocabulary, told, *(part for named in weights for part in named))[:12]
