"""Where training starts: any encoder, with or without the shift."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import torch
from sentence_transformers.base.modules import Dense
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

from xsbert.models import ShiftingReferenceTransformer, XSTransformer
from xsbert.models.splitting.layer_stack import layer_stack


def starting_model(name: str, *, shift: bool, similarity: str, texts: Sequence[str]) -> XSTransformer:
    """The model as it is before its first step. The same arguments give the same model.

    Args:
        name: a sentence-transformers model or a plain transformer, by name or folder.
        shift: whether the reference is subtracted.
        similarity: "cosine" or "dot". For the dot product, trailing `Normalize` modules are left out, and
            a linear map scales the embeddings, so that those of `texts` have length 1 in the mean: from
            all-MiniLM-L6-v2's 9, a squared error of scores from 0 to 1 leads nowhere.
        texts: some of the texts that will be trained on.

    Raises:
        TypeError: with `shift`, the model's first module is no `Transformer`.
    """
    model = XSTransformer(name)
    modules: list[nn.Module] = list(model)
    if shift:
        modules[0] = ShiftingReferenceTransformer.of(model[0])
    if similarity == "dot":
        while isinstance(modules[-1], Normalize):
            modules.pop()
    model = XSTransformer(
        modules=modules, similarity_fn_name=similarity, prompts=model.prompts, device=str(model.device)
    )
    if similarity == "dot":
        model.append(_scale(model, texts).to(model.device))
    return model


def check_peft() -> None:
    """Checks that transformers takes the peft that is installed: it names the oldest release that it works with.

    Raises:
        ImportError: peft is not installed, or older.
    """
    from transformers.integrations.peft import MIN_PEFT_VERSION
    from transformers.utils import check_peft_version

    try:
        installed = f"peft {version('peft')}"
        check_peft_version(MIN_PEFT_VERSION)
        return
    except PackageNotFoundError:
        installed = "no peft"
    except ValueError:
        pass
    raise ImportError(
        f"--lora got {installed} beside transformers {version('transformers')}, which expects peft {MIN_PEFT_VERSION} "
        'or newer. Install releases that fit: pip install -e ".[train]". Or train all weights, without --lora.'
    )


def add_adapters(model: XSTransformer, rank: int) -> None:
    """Freezes the model, and puts a low-rank adapter beside each linear map of its layer stack (arXiv 2106.09685).

    Raises:
        TypeError: the model has no transformer.
    """
    from peft import LoraConfig

    if (encoder := model.transformers_model) is None:
        raise TypeError(
            f"--lora got a model that begins with a {type(model[0]).__name__}; expected a Transformer module."
        )
    inside = {id(module) for module in layer_stack(encoder).modules()}
    names = [name for name, module in encoder.named_modules() if isinstance(module, nn.Linear) and id(module) in inside]
    model.requires_grad_(False)
    encoder.add_adapter(LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=names))


def _scale(model: XSTransformer, texts: Sequence[str]) -> Dense:
    embeddings = model.encode(list(texts), show_progress_bar=False)
    size, length = embeddings.shape[1], float(np.sqrt((embeddings**2).sum(axis=1).mean()))
    return Dense(size, size, bias=False, activation_function=nn.Identity(), init_weight=torch.eye(size) / length)
