"""What a training run leaves in its folder, and how a broken one goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from xsbert.models.exact.adapters import CONFIG, WEIGHTS
from xsbert.results.json_files import write_whole
from xsbert.training.card import model_card


class Output:
    """The folder of one run: `recipe.json` first, checkpoints on the way, the model, and `figures.json` last.

    Args:
        folder: where to; made where it isn't there.
        recipe: what decides the outcome. A run goes on under its own recipe only.
        resume: whether a run that was begun there may go on.

    Raises:
        ValueError: the folder holds something else, or a run under another recipe.
    """

    def __init__(self, folder: str | Path, recipe: dict[str, Any], resume: bool) -> None:
        self.folder = Path(folder)
        self.checkpoints = self.folder / "checkpoints"
        self.adapters = self.folder / "adapter"
        self.recipe = recipe
        begun = self.folder / "recipe.json"
        if begun.is_file() and resume:
            self._check_same(_read(begun), recipe)
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            remedy = "Add --resume to go on, or name" if begun.is_file() else "Name"
            raise ValueError(f"--output got {folder}, which is not empty; expected a new folder. {remedy} another one.")

    def begin(self) -> None:
        """Makes the folder, and writes the recipe; harmless where a run goes on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "recipe.json", _json(self.recipe))

    @property
    def figures(self) -> dict[str, Any] | None:
        """What a finished run reached; None before that."""
        file = self.folder / "figures.json"
        return _read(file) if file.is_file() else None

    def last_checkpoint(self) -> str | None:
        """The newest checkpoint that was written to its end. One that a kill cut off is deleted."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
        while found:
            try:
                json.loads((found[-1] / "trainer_state.json").read_text(encoding="utf-8"))  # the trainer's last file
                return str(found[-1])
            except (OSError, ValueError):
                shutil.rmtree(found.pop())
        return None

    def keep_adapters(self, checkpoint: str) -> None:
        """Copies a checkpoint's adapters, which can be joined with the model they were trained beside."""
        self.adapters.mkdir(exist_ok=True)
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(Path(checkpoint, name), self.adapters / name)

    def finish(self, figures: dict[str, Any]) -> None:
        """Writes the card and the figures, and deletes the checkpoints."""
        write_whole(self.folder / "README.md", model_card(self.folder.name, self.recipe, figures).encode())
        write_whole(self.folder / "figures.json", _json(figures))
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _check_same(self, begun: dict[str, Any], recipe: dict[str, Any]) -> None:
        other = [name for name in recipe if begun.get(name) != recipe[name]]
        if other:
            name = other[0]
            raise ValueError(
                f"--resume got {name} {recipe[name]!r}, but {self.folder} was begun with {begun.get(name)!r}; expected "
                "the same options. Leave them as they were, or name another --output."
            )


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError(f"a {type(values).__name__}")
        return values
    except (ValueError, RecursionError) as cause:
        raise ValueError(
            f"{file} is damaged ({cause}); expected what train.py wrote. Delete it, and --resume goes on from the last "
            "checkpoint, or name another --output."
        ) from cause


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()
