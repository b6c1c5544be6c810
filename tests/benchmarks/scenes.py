"""Explanations of drawn scenes against where each word's thing is, and against patches that are masked out.

python -m tests.helpers.scenes FOLDER && python -m tests.benchmarks.scenes FOLDER

For each method: how often a word's row has its largest value in its thing's region (pointing); how much of the row's
positive values lie in the region (energy); and the similarity, as a share of the whole picture's, in the mean over
masking all patches one after the other, those first that explain the caption most (deletion, the lower the better).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tests.helpers.masked import MaskedPicture
from tests.helpers.scenes import COLOURS, PATCH, SIZE, Region, Scene, scenes, told_apart
from xsbert import XSTransformer
from xsbert.attribution import RightRiemann
from xsbert.models import HiddenStates, Presence
from xsbert.models.methods.method import Method
from xsbert.models.splitting.private_copy import private_copy

SIDE = SIZE // PATCH


class Words(NamedTuple):
    """A caption's words, `(W,)`, their token vectors by presence from layer 0 on, `(W, D)`, and its embedding's."""

    words: tuple[str, ...]
    vectors: np.ndarray
    embedding: np.ndarray


Explain = Callable[[XSTransformer, Scene, Words], np.ndarray]
"""What each patch does for each word, `(W, patches)`."""


def by_method(method: Method, model: XSTransformer, scene: Scene, words: Words) -> np.ndarray:
    """By a method of ours."""
    x = model.explain(scene.caption, scene.picture, method=method)
    own = [i for i, offset in enumerate(x.offsets_a) if offset]
    return np.asarray(x.matrix[own, : SIDE * SIDE], dtype=np.float64)


def by_pixels(model: XSTransformer, scene: Scene, words: Words, steps: int = 50) -> np.ndarray:
    """Integrated gradients of each word's product with the embedding, from a grey picture; a patch's pixels summed."""
    pixels = model.preprocess([scene.picture])["pixel_values"]
    alphas = (torch.arange(steps) + 0.5)[:, None, None, None] / steps
    points = (alphas * pixels).requires_grad_()
    embeddings = model.transformers_model.get_image_features(pixel_values=points).pooler_output
    rows = []
    for vector in torch.from_numpy(words.vectors).float():
        (slopes,) = torch.autograd.grad((embeddings @ vector).sum(), points, retain_graph=True)
        each = (slopes.mean(0) * pixels[0]).sum(0)
        rows.append(each.unflatten(0, (SIDE, PATCH)).unflatten(2, (SIDE, PATCH)).sum((1, 3)).flatten())
    return torch.stack(rows).double().numpy()


def by_attention(rollout: bool, model: XSTransformer, scene: Scene, words: Words) -> np.ndarray:
    """What the class token attends to in the last layer, or in all by rollout; the same for every word."""
    encoder: Any = private_copy([model.transformers_model], torch.float32)[0]  # with eager attention
    with torch.no_grad():
        found = encoder.vision_model(model.preprocess([scene.picture])["pixel_values"], output_attentions=True)
    shares = [each[0].mean(0).double() for each in found.attentions]  # (S, S)
    flow = shares[-1]
    if rollout:
        flow = torch.eye(len(flow)).double()
        for each in shares:
            flow = (each + torch.eye(len(each))) / 2 @ flow
    row = flow[0, 1:] if len(flow) > SIDE * SIDE else flow.mean(0)  # SigLIP has no class token
    return np.tile(row.numpy(), (len(words.words), 1))


def by_leaving_out(model: XSTransformer, scene: Scene, words: Words) -> np.ndarray:
    """What the embedding changes by where one patch is masked."""
    kept = ~np.eye(SIDE * SIDE + 1, SIDE * SIDE, dtype=bool)
    embeddings = MaskedPicture(model, scene.picture).embed(kept)
    return np.asarray(words.vectors @ (embeddings[-1] - embeddings[:-1]).T)


def by_shapley_values(rounds: int, model: XSTransformer, scene: Scene, words: Words) -> np.ndarray:
    """Sampled Shapley values."""
    return np.asarray(words.vectors @ MaskedPicture(model, scene.picture).shapley_values(rounds).T)


def by_chance(model: XSTransformer, scene: Scene, words: Words) -> np.ndarray:
    """Random numbers from 0 to 1."""
    return np.random.default_rng(len(scene.caption)).random((len(words.words), SIDE * SIDE))


def methods(layers: int) -> dict[str, Explain]:
    """By name, in the table's order."""
    found: dict[str, Explain] = {}
    for layer in range(layers):
        found[f"presence from layer {layer} on"] = partial(by_method, Presence(layer))
    for layer in (layers - 1, layers - 2):
        published = HiddenStates(layer, quadrature=RightRiemann(10))
        found[f"hidden states, layer {layer}, ten steps, grey picture"] = partial(by_method, published)
    found["integrated gradients of pixels, grey picture"] = by_pixels
    found["one patch left out"] = by_leaving_out
    found["sampled Shapley values, 20 orders"] = partial(by_shapley_values, 10)
    found["attention, last layer"] = partial(by_attention, False)
    found["attention rollout"] = partial(by_attention, True)
    found["chance"] = by_chance
    return found


def inside(region: Region) -> np.ndarray:
    """Which patches show a thing, `(patches,)`, bool."""
    left, top, right, bottom = (edge // PATCH for edge in region)
    grid = np.zeros((SIDE, SIDE), bool)
    grid[top:bottom, left:right] = True
    return grid.ravel()


def deletion(masked: MaskedPicture, values: np.ndarray, embedding: np.ndarray) -> float:
    """The mean similarity, as a share of the whole picture's, while patches are masked by falling value."""
    places = np.argsort(np.argsort(-values))
    embeddings = masked.embed(places[None] >= np.arange(SIDE * SIDE)[:, None])
    cosines = embeddings @ embedding / np.linalg.norm(embeddings, axis=1) / np.linalg.norm(embedding)
    return float(cosines.mean() / cosines[0])


def measure(model: XSTransformer, some: list[Scene], explain: Explain) -> dict[str, float]:
    """A row of the table."""
    pointing: dict[str, list[float]] = {"colours": [], "shapes": []}
    energy, deletions, begin, spent = [], [], time.perf_counter(), 0.0
    for each in some:
        (text,) = model.token_vectors([each.caption], method=Presence(0))
        own = [i for i, offset in enumerate(text.offsets) if offset]
        words = Words(tuple(text.tokens[i] for i in own), text.vectors[own].astype(np.float64), text.embedding)
        begin = time.perf_counter()
        matrix = explain(model, each, words)
        spent += time.perf_counter() - begin
        for word, region in each.regions().items():
            row, there = matrix[words.words.index(word)], inside(region)
            pointing["colours" if word in COLOURS else "shapes"].append(float(there[row.argmax()]))
            positive = row.clip(min=0)
            energy.append(positive[there].sum() / max(positive.sum(), 1e-12))
        deletions.append(deletion(MaskedPicture(model, each.picture), matrix.sum(0), words.embedding))
    means = {f"pointing, {kind}": float(np.mean(hits)) for kind, hits in pointing.items()}
    return means | {
        "energy": float(np.mean(energy)),
        "deletion": float(np.mean(deletions)),
        "ms a picture": 1000 * spent / len(some),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--only", default="", help="methods whose names hold this")
    options = parser.parse_args()
    model = XSTransformer(str(options.folder), device="cpu")
    some = scenes(options.scenes, seed=5)
    apart = ", ".join(f"{name} {share:.0%}" for name, share in told_apart(model).items())
    print(f"{options.scenes} scenes; the model tells apart: {apart}\n")
    layers = model.transformers_model.vision_model.config.num_hidden_layers
    header = ("method", "pointing, colours", "pointing, shapes", "energy", "deletion", "ms a picture")
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for name, explain in methods(layers).items():
        if options.only in name:
            row = measure(model, some, explain)
            cells = [
                f"{row[key]:.0f}" if key.startswith("ms") else f"{row[key]:.2f}".replace("0.", ".", 1)
                for key in header[1:]
            ]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
