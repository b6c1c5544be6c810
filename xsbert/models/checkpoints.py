"""`load_model`: an exact model by its published name, or by its folder."""

from __future__ import annotations

from pathlib import Path

from xsbert.models.architectures import XSMPNet, XSRoberta
from xsbert.models.encoder import XSTransformer

PUBLISHED = {"mpnet_cos": XSMPNet, "mpnet_dot": XSMPNet, "droberta_cos": XSRoberta, "droberta_dot": XSRoberta}
URL = "https://www2.ims.uni-stuttgart.de/data/xsbert/{name}.zip"


def load_model(name: str, model_dir: str | Path | None = None) -> XSTransformer:
    """Loads a model from a folder.

    Args:
        name: a model's folder; or the name of one within `model_dir`, as an unpacked published
            checkpoint has it ("mpnet_cos", "mpnet_dot", "droberta_cos", "droberta_dot").
        model_dir: the folder to look for `name` in.

    Raises:
        ValueError: there is no such folder, or it holds no sentence-transformers model.
    """
    folder = Path(model_dir, name) if model_dir is not None else Path(name)
    if not folder.is_dir():
        raise ValueError(
            f"load_model got {name!r}, and {folder} is no folder; expected a model's folder, or one of "
            f"{', '.join(PUBLISHED)} unpacked there. Published checkpoints are at {URL.format(name='NAME')}."
        )
    if not (folder / "modules.json").is_file():
        raise ValueError(
            f"load_model got {folder}, which has no modules.json; expected a saved sentence-transformers model. "
            "For a plain transformer use XSTransformer(path), which adds mean pooling."
        )
    return PUBLISHED.get(Path(name).name, XSTransformer)(str(folder))
