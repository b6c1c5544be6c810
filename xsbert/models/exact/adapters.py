"""Low-rank adapters joined with the weights that they were trained beside."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
PLAIN = {
    "peft_type": "LORA",
    "bias": "none",
    "fan_in_fan_out": False,
    "use_dora": False,
    "use_rslora": False,
    "rank_pattern": {},
    "alpha_pattern": {},
}


@torch.no_grad()
def join_adapters(encoder: nn.Module, folder: str | Path) -> None:
    """Adds each adapter's product to the weight it belongs to: W + α/r · B A (arXiv 2106.09685).

    The joined encoder is as fast as the plain one, and needs no peft.

    Args:
        encoder: the transformers model that the adapters were trained on; changed in place.
        folder: the adapters as peft saves them.

    Raises:
        ValueError: the folder holds no such adapters, or they do not fit the encoder; it is left as it was.
    """
    folder = Path(folder)
    try:
        config, tensors = json.loads((folder / CONFIG).read_text(encoding="utf-8")), load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as cause:
        raise ValueError(f"{folder} holds no adapters ({cause}); expected {CONFIG} and {WEIGHTS}.") from cause
    if other := [name for name, value in PLAIN.items() if config.get(name, value) != value]:
        raise ValueError(
            f"{folder}: got adapters with {other[0]} {config[other[0]]!r}; expected plain low-rank ones, "
            f"with {PLAIN[other[0]]!r}."
        )
    downs = sorted(name for name in tensors if name.startswith(PREFIX) and name.endswith(".lora_A.weight"))
    understood = {part for name in downs for part in (name, name.replace(".lora_A.", ".lora_B."))}
    if strange := sorted(set(tensors) ^ understood) or (not downs and ["nothing"]):
        raise ValueError(
            f"{folder}: got {strange[0]} in {WEIGHTS}; expected pairs of lora_A.weight and lora_B.weight alone. "
            "Adapters of embeddings, and modules that were trained whole (modules_to_save), can't be joined: save the "
            "model with them merged, by peft's merge_and_unload()."
        )
    parameters = dict(encoder.named_parameters())
    changes = []
    for name in downs:
        target = name.removeprefix(PREFIX).removesuffix(".lora_A.weight") + ".weight"
        down, up = tensors[name].float(), tensors[name.replace(".lora_A.", ".lora_B.")].float()  # (r, in), (out, r)
        product = up @ down * (config["lora_alpha"] / config["r"])
        if target not in parameters or parameters[target].shape != product.shape:
            raise ValueError(
                f"{folder}: {target} has shape {tuple(product.shape)}, which {type(encoder).__name__} has not; "
                "expected the encoder that the adapters were trained on."
            )
        changes.append((parameters[target], product))
    for parameter, product in changes:
        parameter.add_(product.to(parameter))
