"""The card of a trained model: how it was trained, and what it reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xsbert.models.names import without_folders

CARD = """\
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags: [sentence-transformers, xsbert]
---

# {title}

{kind} Made by xsbert's `train.py` from `{model}`.

```python
from xsbert.models import HiddenStates, load_model

model = load_model("{folder}")
print(model.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates()))
```

## What it reached

Correlations of the model's similarity ({similarity}) with the scores of people, times 100.

| split | pairs | Spearman | Pearson |
|---|---|---|---|
{figures}

The dev split chose the step ({best_step} of {steps}); the test split was read once, at the end.

## How it was trained

| | |
|---|---|
{recipe}
"""

EXACT = (
    "An exact model: its token embeddings are those of its reference less, so that the attributions of token pairs "
    "by the papers' method sum to its own score (arXiv 2310.05703)."
)
PLAIN = "An ordinary sentence encoder, fine-tuned for comparison with an exact one."


def model_card(title: str, recipe: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    """A model card in Markdown.

    Args:
        title: the model's name.
        recipe: what it was made from and how; each entry is a row.
        figures: "steps", "best_step", and "dev" and "test" with "pairs", "spearman" and "pearson" each.
    """
    splits = [
        f"| {name} | {part['pairs']:,} | {100 * part['spearman']:.2f} | {100 * part['pearson']:.2f} |"
        for name, part in figures.items()
        if isinstance(part, Mapping)
    ]
    rows = [f"| {name.replace('_', ' ')} | {without_folders(str(value))} |" for name, value in recipe.items()]
    return CARD.format(
        title=title,
        kind=EXACT if recipe["shift"] else PLAIN,
        model=without_folders(str(recipe["model"])),
        folder=title,
        similarity=recipe["similarity"],
        figures="\n".join(splits),
        best_step=figures["best_step"],
        steps=figures["steps"],
        recipe="\n".join(rows),
    )
