"""The app itself, built on gradio; nothing is fetched from elsewhere, and nothing is told to anybody."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xsbert.app.answers import LONGEST, METHODS, Answers
from xsbert.models import XSTransformer, default_model, load_model, load_reachable
from xsbert.models.loading.checkpoints import PACKAGED, PUBLISHED
from xsbert.models.names import name_of

EXAMPLES = [
    ["The coffee is bad.", "This is not a good coffee."],
    ["A man plays an acoustic guitar.", "Somebody makes music while a woman dances."],
    ["The dog bit a man.", "A man bit the dog."],
]
QUERIES = [
    ["cheap hotel in Rome", "A cheap hotel near Rome's main station.\nLuxury suites in Rome.\nThe coffee is bad."]
]
FILLED = 8
"""Parts that an address fills: the tabs, four texts, three settings."""
WAITING = 40
"""Requests that wait at most; more are told to come back."""


def demo(*names: str) -> Any:
    """The app, as gradio's `Blocks`: `demo().launch()` serves it on this machine.

    Args:
        *names: the models to choose from, each a name on the hub, a folder, or such as minilm_cos; by default
            all-MiniLM-L6-v2. Each is loaded here, once.

    Raises:
        ImportError: gradio is not installed.
        OSError, ValueError: a model is not within reach.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio
    except ImportError as cause:
        raise ImportError('the app needs gradio, which is not installed: pip install "xsbert[app]"') from cause
    answers = Answers(_loaded(names))
    with gradio.Blocks(title="Why are these two texts similar?", analytics_enabled=False) as blocks:
        gradio.Markdown("# Why does this model find these two texts similar?")
        with gradio.Row():
            model = gradio.Dropdown(list(answers.models), label="model", interactive=len(answers.models) > 1)
            method = gradio.Radio(list(METHODS), value=METHODS[0], label="method")
            layer = gradio.Number(None, label="layer (empty: the method's own)", precision=0)
        settings = [model, method, layer]
        with gradio.Tabs(selected="pair") as tabs:
            with gradio.Tab("two texts", id="pair"):
                a, b = (gradio.Textbox(label=f"text {side}", lines=2, max_length=LONGEST) for side in "AB")
                gradio.Examples(EXAMPLES, [a, b], cache_examples=False)
                _answer(gradio, answers.pair, [a, b], settings)
            with gradio.Tab("a query and documents", id="ranking"):
                query = gradio.Textbox(label="query", max_length=LONGEST)
                documents = gradio.Textbox(label="documents, one a line", lines=6)
                gradio.Examples(QUERIES, [query, documents], cache_examples=False)
                _answer(gradio, answers.ranking, [query, documents], settings)
        blocks.load(_asked(gradio, answers), None, [tabs, a, b, query, documents, *settings], show_progress="hidden")
    blocks.queue(max_size=WAITING)
    return blocks


def _answer(gradio: Any, answer: Callable[..., tuple[str, str]], texts: list[Any], settings: list[Any]) -> None:
    """Makes the place of an answer, which follows what is typed: of what is typed meanwhile, the last is answered."""
    link, shown = gradio.Markdown(), gradio.HTML()

    def told(*values: Any) -> tuple[str, str]:
        try:
            return answer(*(value or "" for value in values[:2]), *values[2:])
        except (TypeError, ValueError) as cause:
            raise gradio.Error(str(cause), duration=None, print_exception=False) from cause

    gradio.on(
        [each.change for each in (*texts, *settings)],
        told,
        [*texts, *settings],
        [shown, link],
        trigger_mode="always_last",
        show_progress="minimal",
    )


def _asked(gradio: Any, answers: Answers) -> Callable[..., list[Any]]:
    """Fills the boxes with what the page's address asks."""

    def fill(request: gradio.Request) -> list[Any]:
        asked = dict(request.query_params)
        if not asked:  # what was typed while the page was loading stays
            return [gradio.skip()] * FILLED
        tab = gradio.Tabs(selected="ranking" if "q" in asked else "pair")
        texts = [asked.get(name, "") for name in ("a", "b", "q", "d")]
        layer = asked.get("layer", "").lstrip("-")
        return [
            tab,
            *texts,
            asked.get("model") if asked.get("model") in answers.models else next(iter(answers.models)),
            asked.get("method") if asked.get("method") in METHODS else METHODS[0],
            int(asked["layer"]) if layer.isdigit() else None,
        ]

    fill.__annotations__["request"] = gradio.Request  # gradio reads it; it is not imported where this file is
    return fill


def _loaded(names: Sequence[str]) -> dict[str, XSTransformer]:
    if not names:
        model, _ = default_model()
        return {name_of(model): model}
    short = [Path(name).name for name in names]
    if twice := [name for name in short if short.count(name) > 1]:
        raise ValueError(f"two models are called {twice[0]!r}; expected names, or folders, that tell them apart.")
    return {name: _model(path) for name, path in zip(short, names, strict=True)}


def _model(name: str) -> XSTransformer:
    if name in (*PACKAGED, *PUBLISHED):
        return load_model(name)
    return XSTransformer(name) if Path(name).is_dir() else load_reachable(name)
