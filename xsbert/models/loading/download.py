"""A packed model: downloaded, and taken out of its zip file without trusting the file."""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.error
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import torch

MOST_BYTES = 8 * 2**30
MOST_FILES = 1000
"""What more is refused as absurd: the largest published checkpoint has 0.5 GB in under 20 files."""


def cache() -> Path:
    """The user's cache folder: xsbert in $XDG_CACHE_HOME, else in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "xsbert"


def download(url: str, folder: Path) -> None:
    """Downloads a packed model and unpacks it to `folder`, which appears whole or not at all.

    Raises:
        ConnectionError: the download broke off, never began, or gave something else. Nothing is left behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-", ignore_cleanup_errors=True) as to:
        archive = Path(to, Path(url).name)
        remedy = f"Try again; or get the file by other means, and load it by its path: load_model('{archive.name}')."
        try:
            torch.hub.download_url_to_file(url, str(archive))
        except (urllib.error.URLError, OSError) as cause:
            raise ConnectionError(f"{url} could not be downloaded ({cause}). {remedy}") from cause
        try:
            unpack(archive, folder)
        except ValueError as cause:
            raise ConnectionError(
                f"The download of {url} broke off, or gave something else ({cause}). {remedy}"
            ) from cause


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks the one model in a zip file to `folder`, which appears whole or not at all.

    The model is the folder of the archive that holds modules.json. Where two processes unpack to one
    folder, the first one's is kept.

    Raises:
        ValueError: the file can't be read, is no zip file or a broken one, holds no model, or is of absurd
            size. Nothing is left behind, and nothing outside the folder: zipfile drops what leads out of it
            from members' names, and unpacks a link as a file.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True) as to:
        try:
            with zipfile.ZipFile(archive) as opened:
                root = _checked(opened, archive)
                opened.extractall(to)  # checks each member's checksum and size
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as cause:
            raise ValueError(
                f"{archive} is no zip file, or a broken one ({cause}); expected a packed model. "
                "Delete it and get it again."
            ) from cause
        inside = Path(to, *root.parts)
        if not (inside / "modules.json").is_file():
            raise ValueError(f"{archive} holds no modules.json within it; expected a packed model. Get it again.")
        try:
            os.replace(inside, folder)
        except OSError:
            if not (folder / "modules.json").is_file():  # no other process was faster
                raise
            shutil.rmtree(inside, ignore_errors=True)


def _checked(opened: zipfile.ZipFile, archive: Path) -> PurePosixPath:
    """The folder of the model in the archive."""
    members = opened.infolist()
    if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
        raise ValueError(
            f"{archive} would unpack to {len(members)} files of {sum(m.file_size for m in members) / 2**30:.1f} GiB; "
            f"expected at most {MOST_FILES} of {MOST_BYTES / 2**30:.0f} GiB. This is no model."
        )
    roots = [PurePosixPath(m.filename).parent for m in members if PurePosixPath(m.filename).name == "modules.json"]
    if not roots:
        raise ValueError(f"{archive} holds no modules.json; expected a packed sentence-transformers model.")
    return min(roots, key=lambda root: len(root.parts))
