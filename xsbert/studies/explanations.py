"""Explanations of many pairs, kept as they come: several studies of one model explain each pair once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from xsbert.evaluation.fingerprint import fingerprint
from xsbert.evaluation.ledger import Ledger
from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.methods.method import Method
from xsbert.results.attribution import Attribution
from xsbert.results.json_files import restored

PAIRS_AT_ONCE = 16
"""Pairs that a killed run loses at most."""


class Explanations:
    """Attributions by words, in a folder.

    Args:
        folder: where they are kept; the same folder goes on with them.

    Raises:
        ValueError: the folder's file is damaged; with the line.
    """

    def __init__(self, folder: str | Path) -> None:
        self._ledger = Ledger(Path(folder) / "explanations.jsonl")

    def of(
        self, model: XSTransformer, method: Method, pairs: Sequence[tuple[str, str]], show: bool = False
    ) -> list[Attribution]:
        """Each pair's attribution by words, those that are kept as they are."""
        keys = [(fingerprint(model), repr(method), *pair) for pair in dict.fromkeys(pairs)]
        missing = [key for key in keys if key not in self._ledger]
        with tqdm(total=len(keys), initial=len(keys) - len(missing), desc="Pairs", disable=not show) as bar:
            for start in range(0, len(missing), PAIRS_AT_ONCE):
                some = missing[start : start + PAIRS_AT_ONCE]
                found = model.explain_pairs([key[2:] for key in some], method=method, show_progress_bar=False)
                for key, x in zip(some, found, strict=True):
                    self._ledger.add(key, x.words().to_dict())
                bar.update(len(some))
        known = {key[2:]: restored(Attribution, self._ledger[key], self._ledger.path) for key in keys}
        return [known[pair] for pair in pairs]
