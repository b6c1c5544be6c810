"""The command: `python -m xsbert "text a" "text b"`, or `xsbert` once installed."""

from __future__ import annotations

import argparse
import io
import pickle
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import xsbert

if TYPE_CHECKING:
    from xsbert import Attribution, XSTransformer

PICTURES = (".png", ".pdf", ".svg")
FORMATS = (*PICTURES, ".json")
UNREADABLE = (AttributeError, EOFError, ImportError, KeyError, RuntimeError, pickle.UnpicklingError)
"""What the host raises on a damaged model folder, beside OSError, TypeError and ValueError."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"xsbert: {message} (see xsbert --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives the exit status: 0, or 2 for what the user can put right."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a narrow encoding shows "?" for what it lacks
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            _run(options)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = None
    except (OSError, TypeError, ValueError) as error:
        print(f"xsbert: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("xsbert: interrupted", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    _check_output(options.output)
    model, name = _load(options.model)
    x = _explain(model, options)
    _write(x, options.output)
    print(f"model  {name}", report(x, options.top), sep="\n", flush=True)


def report(x: Attribution, top: int) -> str:
    """An attribution as lines of text: what sums to the similarity, and the strongest pairs."""
    ra, rb, rr = x.reference_terms
    pairs = x.top(top)
    width = max(len("token of A"), *(len(pair.token_a) for pair in pairs))
    lines = [
        f"A      {x.text_a}",
        f"B      {x.text_b}",
        "",
        f"  token pairs explain    {x.explained:9.4f}   at layer {x.layer}, quadrature error {x.error:.0e}",
        f"+ f(r_a)·f(b)            {ra:9.4f}   the reference terms: {_meaning(x)}",
        f"+ f(a)·f(r_b)            {rb:9.4f}",
        f"− f(r_a)·f(r_b)          {rr:9.4f}",
        f"= similarity ({x.similarity + ')':<7}     {x.score:9.4f}",
        "",
        f"{'token of A':<{width}}   attribution   token of B",
        *(f"{pair.token_a:<{width}}   {pair.value:>11.4f}   {pair.token_b}" for pair in pairs),
    ]
    return "\n".join(lines)


def _meaning(x: Attribution) -> str:
    return "none, this model is exact" if x.is_exact else "what the token pairs do not explain"


def _explain(model: XSTransformer, options: argparse.Namespace) -> Attribution:
    print("explaining …", file=sys.stderr)
    x = model.explain(options.text_a, options.text_b, layer=options.layer, similarity=options.similarity)
    return x.words() if options.words else x


def _load(name: str | None) -> tuple[XSTransformer, str]:
    print("loading the model …", file=sys.stderr)
    from safetensors import SafetensorError
    from transformers.utils import logging

    from xsbert.models import XSTransformer, default_model, load_reachable

    logging.disable_progress_bar()
    try:
        if name is None:
            return default_model()
        return (XSTransformer(name) if Path(name).is_dir() else load_reachable(name)), name
    except (*UNREADABLE, SafetensorError) as cause:
        raise ValueError(f"the model cannot be loaded ({type(cause).__name__}: {cause}).") from cause


def _check_output(output: str | None) -> None:
    """Refuses what could not be written, before any work is done."""
    if output is None:
        return
    if Path(output).suffix.lower() not in FORMATS:
        raise ValueError(f"--output got {output}; expected a name that ends in {', '.join(FORMATS)}.")
    if not Path(output).absolute().parent.is_dir():
        raise ValueError(f"--output got {output}; expected a folder that exists. Make {Path(output).parent} first.")


def _write(x: Attribution, output: str | None) -> None:
    if output is None:
        return
    if Path(output).suffix.lower() == ".json":
        x.save(output)
    else:
        import matplotlib

        matplotlib.use("Agg")
        xsbert.plot.save(xsbert.plot.heatmap(x), output)
    print(f"written: {output}", file=sys.stderr)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    # Only what concerns the texts; the libraries' own warnings are for programmers.
    if category is UserWarning:
        print(f"warning: {message}", file=sys.stderr)


def _parser() -> _Parser:
    parser = _Parser(
        prog="xsbert",
        description="Why does this model find these two texts similar? Prints the similarity, what each pair of "
        "tokens adds to it, and what the pairs leave unexplained.",
        epilog='example: xsbert "The coffee is bad." "This is not a good coffee." --words --output coffee.png',
    )
    option: Callable[..., argparse.Action] = parser.add_argument
    option("text_a", metavar="A", help="the first text")
    option("text_b", metavar="B", help="the second text")
    option("--model", metavar="M", help="a sentence-transformers model: a name on the hub, or a folder; by default "
           "all-MiniLM-L6-v2, from the hub or its cache, else the packaged copy")  # fmt: skip
    option("--layer", metavar="L", type=int, default=-2, help="the layer whose input the tokens are taken at: 0 (the "
           "embeddings) to the last, negative from the end (default: %(default)s)")  # fmt: skip
    option("--words", action="store_true", help="sum subwords into words")
    option("--similarity", choices=("cosine", "dot"), help="default: the model's own")
    option("--top", metavar="K", type=_count, default=10, help="how many pairs to list (default: %(default)s)")
    option("--output", metavar="F", help="write a heatmap (.png, .pdf, .svg) or the result (.json)")
    option("--version", action="version", version=f"xsbert {xsbert.__version__}")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number, at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
