"""A private copy of a model's modules that shares its weights.

Attribution needs eager attention (fused kernels have no forward mode), evaluation mode, float32 or
float64, and a hook on a layer. It makes these changes to a copy of the module tree, so the user's
model is never touched: nothing is to be put back, an exception can leave nothing behind, and other
threads may encode with the model meanwhile. The copy takes milliseconds, for tensors and tokenizers
are shared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers.sparse_encoder.modules import SpladePooling
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin

from xsbert.models.host import make_eager
from xsbert.models.splitting.eager_attention import make_steps

HOSTS = ("torch", "transformers", "sentence_transformers", "accelerate", "peft")


def private_copy(modules: Iterable[nn.Module], dtype: torch.dtype) -> nn.Sequential:
    """A copy of the modules in evaluation mode, with eager attention and weights in `dtype`.

    Weights that have that dtype already are shared with the original, the others converted; all are
    where `device_of_copy` says. Hooks that a user has put on the modules stay behind.
    """
    original = nn.Sequential(*modules)
    twin = copy.deepcopy(original, _shared(original)).eval()
    _convert(twin, dtype)
    for module in twin.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            for key in [key for key, hook in hooks.items() if not _is_of_a_host(hook)]:
                del hooks[key]
        make_steps(module)
        if isinstance(module, PreTrainedModel):
            make_eager(module)
        elif isinstance(module, SpladePooling):
            module.training = True  # in evaluation it writes over what a backward pass needs; else it is the same
    return twin


def _is_of_a_host(hook: Any) -> bool:
    """Whether a hook is part of how the model computes: one that weight normalisation or transformers has put there."""
    return str(getattr(hook, "__module__", "")).split(".")[0] in HOSTS


def device_of_copy(device: torch.device) -> torch.device:
    """Where the private copy of a model on this device is: there, or on the processor where the device has no float64.

    Law 1 needs float64, and Apple's devices have none.
    """
    try:
        torch.zeros(1, dtype=torch.float64, device=device)
    except (TypeError, RuntimeError) as cause:
        if isinstance(cause, torch.OutOfMemoryError):
            raise
        return torch.device("cpu")
    return device


def in_float64(twin: nn.Sequential, unused: Iterable[nn.Module]) -> nn.Sequential:
    """A copy of a private copy with float64 weights, except for those of modules alone that will not run."""
    idle = {module for root in unused for module in root.modules()}
    skipped = {id(parameter) for module in idle for parameter in module.parameters(recurse=False)}
    # A head may be tied to the word embeddings, and runs where they don't.
    running = (module for module in twin.modules() if module not in idle)
    skipped -= {id(parameter) for module in running for parameter in module.parameters(recurse=False)}
    double = copy.deepcopy(twin, _shared(twin))
    _convert(double, torch.float64, keep=skipped)
    return double


class InDouble(nn.Module):
    """Word embeddings that stay in float32, and give float64: their values are replaced anyway."""

    def __init__(self, embeddings: nn.Module) -> None:
        super().__init__()
        self.embeddings = embeddings

    def forward(self, input_ids: Tensor) -> Any:
        """The embeddings, `(B, S, H)`, in float64."""
        found = self.embeddings(input_ids)
        return tuple(map(_doubled, found)) if isinstance(found, tuple) else found.double()  # I-BERT: and a scale


def _doubled(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def _shared(root: nn.Module) -> dict[int, Any]:
    """A memo for deepcopy that holds all that is not to be copied."""
    held = [value for module in root.modules() for value in vars(module).values()]
    tokenizers = [value for value in held if isinstance(value, (PreTrainedTokenizerBase, ProcessorMixin))]
    tensors: list[Tensor] = [*root.parameters(), *root.buffers()]
    return {id(value): value for value in (*tensors, *tokenizers)}


def _convert(
    root: nn.Module,
    dtype: torch.dtype,
    keep: set[int] = frozenset(),  # type: ignore[assignment]
) -> None:
    # Replaces the tensors, where Module.to would write into those that the original shares.
    converted: dict[int, Any] = {}
    devices: dict[torch.device, torch.device] = {}
    for module in root.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is None or id(tensor) in keep:
                    continue
                if id(tensor) not in converted:
                    if tensor.device not in devices:
                        devices[tensor.device] = device_of_copy(tensor.device)
                    new = tensor.detach().to(
                        devices[tensor.device], dtype if tensor.is_floating_point() else tensor.dtype
                    )
                    same = new.dtype == tensor.dtype and new.device == tensor.device
                    if same and tensor.is_inference():  # no graph takes it: the model was loaded in inference mode
                        new, same = new.clone(), False
                    parameter = isinstance(tensor, nn.Parameter)
                    converted[id(tensor)] = tensor if same else nn.Parameter(new, False) if parameter else new
                tensors[name] = converted[id(tensor)]
