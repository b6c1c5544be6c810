"""What people look at: results that notebooks show as a page, and that are saved as one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from xsbert.results.json_files import write_whole
from xsbert.results.record import Record


class Shown(Record):
    """A result with a page. Only here does this floor look up, and only when a page is asked for."""

    _pictures: tuple[str, ...] = ()

    def save(self, path: str | Path) -> None:
        """Writes a JSON file, which `load` reads, or an HTML page for people. It appears whole or not at all.

        An `Attribution` has a picture too: `.svg`, `.png` and `.pdf` draw its words and the lines between them.

        Raises:
            ValueError: `path` has another ending, or the matrix is too large for a page.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".html":
            write_whole(Path(path), import_module("xsbert.plot.html.document").page(self).encode("utf-8"))
        elif suffix == ".json":
            super().save(path)
        elif suffix in self._pictures:
            import_module("xsbert.plot.figures.pictures").write(self, path)
        else:
            endings = " or ".join((".json", ".html", *self._pictures))
            raise ValueError(f"save() got {str(path)!r}; expected a file name that ends in {endings}.")

    def _repr_html_(self) -> str | None:
        """The page as a notebook shows it, in a frame of its own; None where it would be too large."""
        shown: str | None = import_module("xsbert.plot.html.iframe").frame(self)
        return shown
