"""What the search for a neutral reference costs: its time over that of explaining a pair of its length.

With `--nudge`, whether it matters which zero is found: the start is moved by rounding, a ten-millionth.

python -m tests.benchmarks.neutral
python -m tests.benchmarks.neutral --nudge
python -m tests.benchmarks.neutral --model FOLDER --layers -2 --tokens 10 20
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import Any

import numpy as np
from torch import Tensor

from xsbert.evaluation.statistics import spearman
from xsbert.models import HiddenStates, NeutralReference, PaddingReference, default_model, load_model

TEXT = "the old man walks along the river and sees a small dog that runs after a red ball near the house"
COST = "| layer | tokens | a pair, padding, seconds | the search, seconds | times as long | nodes, neutral |"
NUDGED = "| layer | tokens | rank correlation | ‖A − A′‖ / ‖A‖ |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="as load_model takes it (default: all-MiniLM-L6-v2)")
    parser.add_argument("--layers", type=int, nargs="+", default=[0, -2, -1], help="(%(default)s)")
    parser.add_argument("--tokens", type=int, nargs="+", default=[6, 12, 24], help="lengths of texts (%(default)s)")
    parser.add_argument("--nudge", action="store_true", help="whether it matters which zero is found")
    options = parser.parse_args()
    model: Any = load_model(options.model) if options.model else default_model()[0]
    model.explain("once", "before")  # the first run is slower than the others
    header, row = (NUDGED, _nudged) if options.nudge else (COST, _row)
    print(header, "|" + "---|" * header.count(" |"), sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        for layer in options.layers:
            for tokens in options.tokens:
                print(row(model, layer, tokens), flush=True)


class Nudged(PaddingReference):
    """The padding reference's hidden states, a ten-millionth longer."""

    def hidden_states(self, *args: Any) -> Tensor:
        return super().hidden_states(*args) * (1 + 1e-7)


def _pair(tokens: int) -> list[str]:
    words = TEXT.split() * (tokens // 20 + 1)
    return [" ".join(words[start : start + tokens - 2]) for start in (0, 1)]  # two are special tokens


def _nudged(model: Any, layer: int, tokens: int) -> str:
    starts = (PaddingReference(), Nudged())
    x, y = (
        model.explain(*_pair(tokens), method=HiddenStates(layer=layer, reference=NeutralReference(start)))
        for start in starts
    )
    apart = np.linalg.norm(x.matrix - y.matrix) / np.linalg.norm(x.matrix)
    alike = spearman(x.matrix.ravel(), y.matrix.ravel())
    return f"| {x.layer} | {len(x.tokens_a)} | {alike:.3f} | {apart:.1e} |"


def _row(model: Any, layer: int, tokens: int) -> str:
    pair = _pair(tokens)
    padding, _ = _timed(model, pair, HiddenStates(layer))
    cold, _ = _timed(model, pair, HiddenStates(layer, NeutralReference()))
    warm, x = _timed(model, pair, HiddenStates(layer, NeutralReference()))
    search = cold - warm
    shown = "/".join(map(str, x.nodes))
    return f"| {x.layer} | {len(x.tokens_a)} | {padding:.2f} | {search:.2f} | {search / padding:.0f} | {shown} |"


def _timed(model: Any, pair: list[str], method: HiddenStates) -> tuple[float, Any]:
    start = time.perf_counter()
    x = model.explain(*pair, method=method)
    return time.perf_counter() - start, x


if __name__ == "__main__":
    main()
