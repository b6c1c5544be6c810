"""Drawn scenes whose words have known regions, and a small dual encoder of texts and pictures that is trained on them.

python -m tests.helpers.scenes FOLDER          CLIP's kind: a class token beside the patches
python -m tests.helpers.scenes OTHER --siglip --start FOLDER --steps 600
                                               SigLIP's kind: patches alone, pooled by attention; from the first's
                                               weights, because from random ones it learns no shapes in this time

No weights of such a model can be had offline. Training takes about five minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import transformers
from PIL import Image, ImageDraw
from sentence_transformers.base.modules import Transformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch.nn import functional

from xsbert import XSTransformer

SIZE, PATCH, THING = 64, 8, 16
"""Pixels of a picture, a patch and a thing, which fills four patches."""
COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 220),
    "yellow": (235, 215, 50),
    "purple": (150, 50, 180),
    "cyan": (60, 205, 215),
}
SHAPES = ("square", "circle", "triangle", "cross")
RELATIONS = ("left of", "right of", "above", "below")
Region = tuple[int, int, int, int]


class Thing(NamedTuple):
    """A drawn thing, and the box that it fills: left, top, right, bottom."""

    colour: str
    shape: str
    box: Region

    def __str__(self) -> str:
        return f"a {self.colour} {self.shape}"


class Scene(NamedTuple):
    """A picture of three things and a caption that names two of them."""

    picture: Image.Image
    caption: str
    things: tuple[Thing, ...]

    def regions(self) -> dict[str, Region]:
        """Where each colour and shape of the caption is seen; no other thing has it."""
        return {word: thing.box for thing in self.things[:2] for word in (thing.colour, thing.shape)}


def scene(random: np.random.Generator) -> Scene:
    """A random scene: each thing has a colour and a shape of its own."""
    colours = random.permutation(list(COLOURS))[:3]
    shapes = random.permutation(SHAPES)[:3]
    boxes: list[Region] = []
    while len(boxes) < 3:
        left, top = (PATCH * int(at) for at in random.integers(0, (SIZE - THING) // PATCH + 1, 2))
        box = (left, top, left + THING, top + THING)
        if all(_apart(box, other) for other in boxes):
            boxes.append(box)
    things = tuple(Thing(str(c), str(s), box) for c, s, box in zip(colours, shapes, boxes, strict=True))
    grey = int(random.integers(90, 200))
    pixels = random.normal(grey, 12, (SIZE, SIZE, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    for thing in things:
        _draw(ImageDraw.Draw(picture), thing)
    return Scene(picture, f"{things[0]} {_relation(*things[:2])} {things[1]}", things)


def scenes(count: int, seed: int) -> list[Scene]:
    """So many random scenes, the same for a seed."""
    random = np.random.default_rng(seed)
    return [scene(random) for _ in range(count)]


def _apart(a: Region, b: Region) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def _relation(a: Thing, b: Thing) -> str:
    across, down = (a.box[i] + a.box[i + 2] - b.box[i] - b.box[i + 2] for i in (0, 1))
    if abs(across) > abs(down):
        return "left of" if across < 0 else "right of"
    return "above" if down < 0 else "below"


def _draw(draw: ImageDraw.ImageDraw, thing: Thing) -> None:
    left, top, right, bottom = thing.box
    colour, third = COLOURS[thing.colour], (right - left) // 3
    if thing.shape == "square":
        draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)
    elif thing.shape == "circle":
        draw.ellipse((left, top, right - 1, bottom - 1), fill=colour)
    elif thing.shape == "triangle":
        draw.polygon(((left, bottom - 1), (right - 1, bottom - 1), ((left + right) // 2, top)), fill=colour)
    else:
        draw.rectangle((left + third, top, right - 1 - third, bottom - 1), fill=colour)
        draw.rectangle((left, top + third, right - 1, bottom - 1 - third), fill=colour)


def untrained(
    folder: Path, siglip: bool = False, width: int = 64, layers: tuple[int, int] = (3, 3), pixels: int = SIZE
) -> XSTransformer:
    """A random dual encoder for scenes, written to a folder with its processor; layers for texts and for pictures."""
    words = sorted({*COLOURS, *SHAPES, *" ".join(RELATIONS).split(), "a"})
    special = ["<pad>", "<unk>", "<start>", "<end>"]
    ids = {word: i for i, word in enumerate([*special, *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    ends = [("<start>", ids["<start>"]), ("<end>", ids["<end>"])]
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="<start> $A <end>", special_tokens=ends
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=16,
        **dict(zip(("pad_token", "unk_token", "bos_token", "eos_token"), special, strict=True)),
    )
    sizes = {"hidden_size": width, "num_attention_heads": 4}
    sizes |= {"intermediate_size": 2 * width, "projection_dim": width}
    text = sizes | {
        "num_hidden_layers": layers[0],
        "vocab_size": len(ids),
        "max_position_embeddings": 16,
        "projection_size": width,
    }
    text |= {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    vision = sizes | {"num_hidden_layers": layers[1], "image_size": pixels, "patch_size": PATCH}
    kind, image_processor = (
        ("Siglip", transformers.SiglipImageProcessorPil)
        if siglip
        else (
            "CLIP",
            transformers.CLIPImageProcessorPil,
        )
    )
    config = getattr(transformers, f"{kind}Config")(text_config=text, vision_config=vision, projection_dim=width)
    square = {"height": pixels, "width": pixels}
    given = {"size": square} if siglip else {"size": {"shortest_edge": pixels}, "crop_size": square}
    torch.manual_seed(0)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    transformers.CLIPProcessor(image_processor(**given), fast).save_pretrained(folder)
    return XSTransformer(modules=[Transformer(str(folder))], device="cpu")


def start_from(model: XSTransformer, folder: Path) -> None:
    """Gives a model those weights of another that have a place of the same name in it; of positions the last."""
    known = XSTransformer(str(folder), device="cpu").transformers_model.state_dict()
    own = model.transformers_model.state_dict()
    for name, weight in known.items():
        if name in own and name.endswith("position_embedding.weight"):
            weight = weight[-len(own[name]) :]
        if name in own and own[name].shape == weight.shape:
            own[name].copy_(weight)


def swapped(caption: str) -> str:
    """The caption with its two colours exchanged: what a model of single words can't tell apart."""
    words = caption.split()
    first, second = (i for i, word in enumerate(words) if word in COLOURS)
    words[first], words[second] = words[second], words[first]
    return " ".join(words)


def _pixels(some: list[Scene], model: XSTransformer) -> torch.Tensor:
    """As the model's processor makes them of pictures of its own size."""
    processor = model[0].processor.image_processor
    mean, deviation = (torch.tensor(each)[:, None, None] for each in (processor.image_mean, processor.image_std))
    pixels = np.stack([np.asarray(each.picture) for each in some])
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / deviation


def embedded(model: XSTransformer, pixels: torch.Tensor, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings of length 1 of pictures and of captions, not padded: SigLIP's kind pools at the last token."""
    encoder = model.transformers_model
    ids = model.tokenizer(captions)["input_ids"]
    alike = [[i for i, each in enumerate(ids) if len(each) == length] for length in sorted(set(map(len, ids)))]
    parts = [encoder.get_text_features(torch.tensor([ids[i] for i in some])).pooler_output for some in alike]
    places = torch.tensor([i for some in alike for i in some])
    texts = torch.cat(parts)[places.argsort()]
    pictures = encoder.get_image_features(pixel_values=pixels).pooler_output
    return functional.normalize(pictures, dim=-1), functional.normalize(texts, dim=-1)


def train(model: XSTransformer, steps: int, rows: int = 128, rate: float = 1e-3) -> None:
    """Contrastive training; each caption's colours exchanged are one more wrong caption."""
    random = np.random.default_rng(1)
    encoder = model.transformers_model.train()
    scale = torch.nn.Parameter(torch.tensor(math.log(10.0)))
    optimizer = torch.optim.AdamW([*encoder.parameters(), scale], lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    right = torch.arange(rows)
    for step in range(steps):
        some = [scene(random) for _ in range(rows)]
        captions = [each.caption for each in some]
        pictures, texts = embedded(model, _pixels(some, model), [*captions, *map(swapped, captions)])
        scores = scale.clamp(max=math.log(100)).exp() * pictures @ texts.T
        loss = functional.cross_entropy(scores, right) + functional.cross_entropy(scores[:, :rows].T, right)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {float(loss.detach()):.3f}", flush=True)
    encoder.eval()


@torch.no_grad()
def told_apart(model: XSTransformer, count: int = 500) -> dict[str, float]:
    """How often a picture is nearest to its caption of 50, and nearer to it than to the one with swapped colours."""
    some = scenes(count, seed=2)
    captions = [each.caption for each in some]
    pictures, texts = embedded(model, _pixels(some, model), captions)
    of_50 = [
        (pictures[at : at + 50] @ texts[at : at + 50].T).argmax(1) == torch.arange(len(pictures[at : at + 50]))
        for at in range(0, count, 50)
    ]
    others = embedded(model, _pixels(some[:1], model), list(map(swapped, captions)))[1]
    nearer = (pictures * texts).sum(1) > (pictures * others).sum(1)
    return {"own caption of 50": float(torch.cat(of_50).float().mean()), "swapped": float(nearer.float().mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--siglip", action="store_true")
    parser.add_argument("--start", type=Path, help="the folder of a model to start from")
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    model = untrained(options.folder, options.siglip)
    if options.start:
        start_from(model, options.start)
    train(model, options.steps)
    found = told_apart(model)
    print(json.dumps(found))
    model.save(str(options.folder))


if __name__ == "__main__":
    main()
