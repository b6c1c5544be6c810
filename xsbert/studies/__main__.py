"""The studies' command: `python -m xsbert.studies few-pairs --data FOLDER --output FOLDER`."""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert.models import Method, XSTransformer
    from xsbert.studies.agreement import Layered
    from xsbert.studies.findings import Findings

NAMES = ("few-pairs", "agreement")
METHODS = ("presence", "padding", "padding, shared")
DEFAULT = "all-MiniLM-L6-v2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives the exit status: 0, 2 for what the user can put right, 130 where it was interrupted."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", UserWarning)
            for name in options.names:
                findings = run(name, options)
                paths = findings.write(options.output)
                print(f"{findings.markdown}\nwritten: {', '.join(path.name for path in paths)}\n", flush=True)
    except (OSError, TypeError, ValueError) as error:
        print(f"xsbert.studies: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("xsbert.studies: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def run(name: str, options: argparse.Namespace) -> Findings:
    """Does one study.

    Raises:
        OSError, ValueError: the data or a model is not within reach, or damaged.
    """
    from xsbert.pairs import read_splits
    from xsbert.studies.agreement import agreement
    from xsbert.studies.explanations import Explanations
    from xsbert.studies.few_pairs import few_pairs

    if name == "agreement" and not options.others:
        raise ValueError("agreement got one model; expected --others with those that it is compared with.")
    scored = read_splits(options.data)[options.split]
    random.Random(options.seed).shuffle(scored)
    scored = scored[: options.pairs]
    pairs = [(pair.text_a, pair.text_b) for pair in scored]
    kept, model = Explanations(options.output), _model(options.model)
    if name == "few-pairs":
        methods = {each: _method(each, None) for each in options.methods}
        found = {each: kept.of(model, method, pairs, True) for each, method in methods.items()}
        return few_pairs(found, [pair.score for pair in scored])
    layers = options.layers or _layers(model)
    method = options.methods[0]

    def layered(each: XSTransformer) -> Layered:
        return {layer: kept.of(each, _method(method, layer), pairs, True) for layer in layers}

    others = {_name(other): layered(_model(other)) for other in options.others}
    return agreement((_name(options.model), layered(model)), others)


def _model(name: str | None) -> XSTransformer:
    from xsbert.models import XSTransformer, default_model, load_model, load_reachable
    from xsbert.models.loading.checkpoints import PACKAGED, PUBLISHED

    if name is None or name == DEFAULT:
        return default_model()[0]
    if name in (*PACKAGED, *PUBLISHED):
        return load_model(name)
    return XSTransformer(name) if Path(name).is_dir() else load_reachable(name)


def _name(name: str | None) -> str:
    return Path(name or DEFAULT).name


def _method(name: str, layer: int | None) -> Method:
    from xsbert.models import HiddenStates, Presence

    if name == "presence":
        return Presence(layer)
    return HiddenStates(-2 if layer is None else layer, shared=name == "padding, shared")


def _layers(model: XSTransformer) -> list[int]:
    config: Any = model.config
    count = config.num_hidden_layers
    return sorted({0, count // 2, count - 2, count - 1})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xsbert.studies",
        description="What the papers asked of their models, asked of any. Prints tables in Markdown; writes them, "
        "as .md and .csv, and pictures, as .png and .svg.",
    )
    option = parser.add_argument
    option("names", metavar="NAME", nargs="+", choices=NAMES, help=f"the studies: {', '.join(NAMES)}")
    option("--model", metavar="M", help=f"a name on the hub, a folder, or such as minilm_cos (default: {DEFAULT})")
    option("--others", metavar="M", nargs="+", help="models to compare with")
    option("--data", metavar="F", required=True, help="scored pairs: the STS benchmark, or as train.py takes them")
    option("--split", choices=("train", "dev", "test"), default="test", help="default: test")
    option("--pairs", metavar="N", type=int, default=300, help="how many pairs (default: 300)")
    option("--methods", metavar="M", nargs="+", choices=METHODS, default=["presence"], help=", ".join(METHODS))
    option("--layers", metavar="L", type=int, nargs="+", help="default: 0, the middle one, and the last two")
    option("--seed", type=int, default=0, help="of the pairs that are drawn")
    option("--output", metavar="F", required=True, help="a folder; the same command goes on with what is in it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
