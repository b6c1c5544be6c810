"""`load_model`: an exact model by its name, by its folder, or by its zip file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from xsbert.models.encoders.transformer import XSMPNet, XSRoberta, XSTransformer
from xsbert.models.exact.adapters import join_adapters
from xsbert.models.exact.shift import ShiftingReferenceTransformer
from xsbert.models.host import set_loaded_name
from xsbert.models.loading.default import default_model
from xsbert.models.loading.download import cache, download, unpack

PACKAGED = {"minilm_cos": Path(__file__).parents[1] / "exact" / "minilm_cos"}
"""Exact models inside this package: low-rank adapters for all-MiniLM-L6-v2."""
PUBLISHED = {"mpnet_cos": XSMPNet, "mpnet_dot": XSMPNet, "droberta_cos": XSRoberta, "droberta_dot": XSRoberta}
URL = "https://www2.ims.uni-stuttgart.de/data/xsbert/{name}.zip"


def load_model(name: str, model_dir: str | Path | None = None) -> XSTransformer:
    """Loads a packaged or published exact model, or one of your own.

    Args:
        name: "minilm_cos", the package's own: all-MiniLM-L6-v2 as `default_model` finds it, and what
            makes it exact. Or "mpnet_cos", "mpnet_dot", "droberta_cos" or "droberta_dot", downloaded
            where they are not at hand (about 300 to 400 MB each). Or the path to a model's folder or
            zip file.
        model_dir: the folder that downloaded models are kept in; by default xsbert in the user's cache
            ($XDG_CACHE_HOME, else ~/.cache).

    Raises:
        ValueError: no such model, a folder without one, or a zip file that is not to be trusted.
        ConnectionError: the download broke off or never began. Nothing is left behind.
        OSError: all-MiniLM-L6-v2, for "minilm_cos", is not within reach.
    """
    if name in PACKAGED:
        return _packaged(PACKAGED[name])
    folder = _folder(name, Path(model_dir) if model_dir is not None else cache())
    if not (folder / "modules.json").is_file():
        raise ValueError(
            f"load_model got {str(folder)!r}, which has no modules.json; expected a saved sentence-transformers model. "
            "For a plain transformer use XSTransformer(path), which adds mean pooling."
        )
    return PUBLISHED.get(Path(name).name, XSTransformer)(str(folder))


def _packaged(folder: Path) -> XSTransformer:
    """all-MiniLM-L6-v2 with the shift, and with trained adapters joined."""
    plain, _ = default_model()
    shifted = ShiftingReferenceTransformer.of(plain[0])
    join_adapters(shifted.auto_model, folder)
    set_loaded_name(shifted.auto_model, folder.name)  # what results name
    return XSTransformer(modules=[shifted, *list(plain)[1:]], similarity_fn_name="cosine", device=str(plain.device))


def _folder(name: str, model_dir: Path) -> Path:
    """Where the model is, once it is there."""
    if (model_dir / name).is_dir():
        return model_dir / name
    if Path(name).is_dir():
        return Path(name)
    if Path(name).suffix.lower() == ".zip" and Path(name).is_file():
        digest = hashlib.sha256(Path(name).read_bytes()).hexdigest()[:16]
        folder = model_dir / f"{Path(name).stem}-{digest}"
        if not folder.is_dir():
            unpack(Path(name), folder)
        return folder
    if name in PUBLISHED:
        download(URL.format(name=name), model_dir / name)
        return model_dir / name
    raise ValueError(
        f"load_model got {name!r}, which is neither a folder nor a zip file nor a model of ours; expected "
        f"{', '.join((*PACKAGED, *PUBLISHED))}, or a path. A model from the hub is loaded by XSTransformer(name)."
    )
