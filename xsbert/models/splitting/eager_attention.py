"""torch's own attention, step by step: what pools SigLIP's patches."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


class EagerAttention(nn.MultiheadAttention):
    """The same weights and values; the softmax is a call of its own, over `(N, heads, Q, S)`, which presence finds.

    A `MultiheadAttention` becomes one by its class alone, so that copies of it stay so.
    """

    def forward(self, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Any:
        """The host's, `(N, Q, H)`, and no weights; what is asked with masks, or of other sizes, is torch's own."""
        plain = self.batch_first and self.in_proj_weight is not None and self.bias_k is None and not self.add_zero_attn
        masked = args or any(kwargs.get(name) is not None for name in ("key_padding_mask", "attn_mask"))
        if not plain or masked or query.dim() != 3:
            return super().forward(query, key, value, *args, **kwargs)
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        heads = [
            functional.linear(states, weight, bias).unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)
            for states, weight, bias in zip((query, key, value), self.in_proj_weight.chunk(3), biases, strict=True)
        ]
        scores = heads[0] @ heads[1].transpose(-1, -2) * self.head_dim**-0.5
        mixed = functional.softmax(scores, dim=-1) @ heads[2]  # (N, heads, Q, d)
        return functional.linear(mixed.transpose(1, 2).flatten(2), self.out_proj.weight, self.out_proj.bias), None


def make_steps(module: nn.Module) -> None:
    """Has torch's attention go step by step."""
    if type(module) is nn.MultiheadAttention:
        module.__class__ = EagerAttention
