"""The studies' command: `python -m xsbert.studies few-pairs negation --data FOLDER --output FOLDER`."""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xsbert.models import XSTransformer
    from xsbert.studies.material import Material

DEFAULT = "all-MiniLM-L6-v2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives the exit status: 0, 2 for what the user can put right, 130 where it was interrupted."""
    options = parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", UserWarning)
            _run(options)
    except (OSError, TypeError, ValueError) as error:
        print(f"xsbert.studies: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("xsbert.studies: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    from xsbert.studies.report import write_report
    from xsbert.studies.study import of_material

    made = material(options)
    for name in options.names:
        findings = of_material(name, made)
        paths = findings.write(options.output)
        print(f"{findings.markdown}\nwritten: {', '.join(path.name for path in paths)}\n", flush=True)
        report = write_report(options.output, made.name)
    print(f"all studies so far: {report.name}")


def material(options: argparse.Namespace) -> Material:
    """What the studies work on.

    Raises:
        OSError, ValueError: the data or a model is not within reach, or damaged.
    """
    from xsbert.pairs import read_splits
    from xsbert.studies.explanations import Explanations
    from xsbert.studies.material import Material

    if options.pairs < 1:
        raise ValueError(f"--pairs got {options.pairs}; expected 1 or more.")
    names = [_name(each) for each in (options.model, *options.others)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two models are called {twice[0]!r}; expected names, or folders, that tell them apart.")
    whole = read_splits(options.data)[options.split]
    drawn = list(whole)
    random.Random(options.seed).shuffle(drawn)
    return Material(
        name=_name(options.model),
        model=_model(options.model),
        scored=drawn[: options.pairs],
        whole=whole,
        methods=options.methods,
        kept=Explanations(options.output),
        others={_name(other): _model(other) for other in options.others},
        layers=options.layers,
        parser_name=options.parser,
        chunks=options.chunks,
        show=True,
    )


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


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    from xsbert.studies.explanations import METHODS
    from xsbert.studies.study import NAMES
    from xsbert.studies.texts.parses import ENGLISH

    made = argparse.ArgumentParser(
        prog="python -m xsbert.studies",
        description="What the papers asked of their models, asked of any. Prints tables in Markdown; writes them, "
        "as .md and .csv, pictures, as .png and .svg, and report.html, with all studies of the folder.",
    )
    option = made.add_argument
    option("names", metavar="NAME", nargs="+", choices=NAMES, help=f"the studies: {', '.join(NAMES)}")
    option("--model", metavar="M", help=f"a name on the hub, a folder, or such as minilm_cos (default: {DEFAULT})")
    option("--others", metavar="M", nargs="+", default=[], help="models to compare with")
    option("--data", metavar="F", required=True, help="scored pairs: the STS benchmark, or as train.py takes them")
    option("--split", choices=("train", "dev", "test"), default="test", help="default: test")
    option("--pairs", metavar="N", type=int, default=300, help="how many pairs, or sentences (default: 300)")
    option("--methods", metavar="M", nargs="+", choices=tuple(METHODS), default=["presence"], help=", ".join(METHODS))
    option("--layers", metavar="L", type=int, nargs="+", help="default: 0, the middle one, and the last two")
    option("--parser", metavar="P", default=ENGLISH, help="spaCy's model, for parts of speech and roles (%(default)s)")
    option("--chunks", metavar="F", help="iSTS's aligned chunks (.wa files), for lexical-bias")
    option("--seed", type=int, default=0, help="of the pairs that are drawn")
    option("--output", metavar="F", required=True, help="a folder; the same command goes on with what is in it")
    return made


if __name__ == "__main__":
    sys.exit(main())
