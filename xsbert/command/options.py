"""The command line: what can be said on it, and its help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

import xsbert
from xsbert.command import help as texts
from xsbert.command.terminal.messages import failed

RANK, CORPUS, CHECK, PAIRS, CONTRAST, SERVE = "rank", "corpus", "check", "pairs", "contrast", "serve"
METHODS = ("presence", "hidden-states", "removal")
UNITS = ("words", "sentences")
FILE_TEXT = (
    "the documents, in UTF-8: a table whose first line names its columns (.csv, .tsv), JSON objects or texts (one a "
    "line in .jsonl, an array in .json), else one document a line, blank ones skipped"
)
COLUMN_TEXT = "the column that holds the documents, where there are several"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        failed(f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; `command` says of what: "rank" or "corpus" where that is the first word, else "pair".

    Raises:
        SystemExit: for `--help` and `--version`, with 0; for what can't be understood, with 2.
    """
    parsers = {
        RANK: ranking_parser,
        CORPUS: corpus_parser,
        CHECK: check_parser,
        PAIRS: pairs_parser,
        CONTRAST: contrast_parser,
        SERVE: serve_parser,
    }
    first = arguments[0] if arguments else ""
    options = parsers[first]().parse_args(arguments[1:]) if first in parsers else pair_parser().parse_args(arguments)
    options.command = first if first in parsers else "pair"
    return options


def pair_parser() -> argparse.ArgumentParser:
    """The options of `xsbert A B`."""
    others = (
        "rank [options] QUERY FILE", "contrast [options] QUERY A B", "pairs [options] FILE --output FOLDER",
        "corpus add|info|optimize …", "check [options]", "serve [options]",
    )  # fmt: skip
    usage = "\n       xsbert ".join(["xsbert [options] A B", *others])
    parser = _new("xsbert", usage, texts.PAIR_TEXT, texts.PAIR_END)
    parser.add_argument("text_a", metavar="A", help="the first text, or - to read it from standard input")
    parser.add_argument("text_b", metavar="B", help="the second text, or -")
    _add_division(parser, "words")
    parser.add_argument("--top", metavar="K", type=_count, default=10, help="pairs to list (default: %(default)s)")
    parser.add_argument(
        "--output", metavar="F", help="also write a page (.html), a picture (.png, .pdf, .svg) or the result (.json)"
    )
    _add_common(parser)
    parser.add_argument("--version", action="version", version=f"xsbert {xsbert.__version__}")
    return parser


def ranking_parser() -> argparse.ArgumentParser:
    """The options of `xsbert rank QUERY FILE`."""
    usage = "xsbert rank [options] QUERY FILE\n       xsbert rank [options] QUERY --store STORE"
    parser = _new("xsbert rank", usage, texts.RANK_TEXT, texts.RANK_END)
    parser.add_argument("query", metavar="QUERY", help="the query, or - to read it from standard input")
    parser.add_argument("file", metavar="FILE", nargs="?", help=FILE_TEXT + "; - for lines from standard input")
    parser.add_argument("--store", metavar="STORE", help="a folder that xsbert corpus add made, in place of a file")
    parser.add_argument("--column", metavar="C", help=COLUMN_TEXT)
    parser.add_argument(
        "--id",
        metavar="C",
        action="append",
        default=[],
        help="the column that tells the documents apart, shown with each (default: the line's number); with --store a "
        "document to explain, once for each (default: the nearest)",
    )
    _add_division(parser, "words")
    parser.add_argument("--top", metavar="K", type=_count, default=10, help="documents to explain (default: 10)")
    parser.add_argument("--output", metavar="F", help="also write a page (.html) or the result (.json)")
    _add_common(parser)
    return parser


def corpus_parser() -> argparse.ArgumentParser:
    """The options of `xsbert corpus add|info|optimize`."""
    parser = _new("xsbert corpus", "xsbert corpus add|info|optimize …", texts.CORPUS_TEXT, texts.CORPUS_END)
    actions = parser.add_subparsers(dest="action", metavar="add|info|optimize", prog="xsbert corpus", required=True)
    add = actions.add_parser("add", help="compute the token vectors of documents and keep them")
    add.add_argument("file", metavar="FILE", help=FILE_TEXT + ", or a .parquet table")
    add.add_argument("--store", metavar="STORE", required=True, help="the store's folder; made where it is not there")
    add.add_argument("--column", metavar="C", help=COLUMN_TEXT)
    add.add_argument("--id", metavar="C", help="the column that tells them apart (default: a digest of each text)")
    add.add_argument("--precision", choices=("int16", "float16", "float32", "int8"), help="default: int16")
    add.add_argument("--chunk-size", metavar="N", type=_count, default=256, help="documents appended at a time (256)")
    add.add_argument("--device", metavar="D", action="append", help="such as cuda:0; several have a process each")
    add.add_argument("--workers", metavar="N", type=_count, help="so many actors of Ray, on this machine")
    add.add_argument("--address", metavar="A", help="a Ray cluster's address, such as auto")
    add.add_argument("--gpus", metavar="N", type=float, default=0, help="GPUs of each actor (default: none)")
    _add_model(add)
    info = actions.add_parser("info", help="what a store holds, and how it was made")
    info.add_argument("store", metavar="STORE")
    optimize = actions.add_parser("optimize", help="join what was appended, so that documents are found fast")
    optimize.add_argument("store", metavar="STORE")
    optimize.add_argument("--search-index", action="store_true", help="also index the embeddings, for very many")
    return parser


def check_parser() -> argparse.ArgumentParser:
    """The options of `xsbert check`."""
    parser = _new("xsbert check", "xsbert check [options]", texts.CHECK_TEXT, texts.CHECK_END)
    parser.add_argument("--pairs", metavar="F", help="minimal pairs of your own, beside the package's")
    parser.add_argument("--only-pairs", action="store_true", help="without the package's")
    parser.add_argument("--family", metavar="N", action="append", default=[], help="only this one; may stand again")
    parser.add_argument("--fail-below", metavar="S", type=_share, default=0.0, help="a share, such as 0.8")
    parser.add_argument("--output", metavar="F", help="also write a page (.html) or the result (.json)")
    _add_common(parser)
    return parser


def pairs_parser() -> argparse.ArgumentParser:
    """The options of `xsbert pairs FILE`."""
    parser = _new("xsbert pairs", "xsbert pairs [options] FILE --output FOLDER", texts.PAIRS_TEXT, texts.PAIRS_END)
    parser.add_argument("file", metavar="FILE", help="a table whose first line names the columns (.csv, .tsv), or JSON")
    parser.add_argument("--columns", metavar=("A", "B"), nargs=2, help="the two columns of texts")
    parser.add_argument("--label", metavar="C", help="the column with what people say of a pair")
    parser.add_argument("--id", metavar="C", help="the column that tells the pairs apart (default: the line's number)")
    parser.add_argument("--sort", choices=("score", "label", "difference"), default="score", help="default: score")
    parser.add_argument("--top", metavar="K", type=_count, default=10, help="pairs of words to list (default: 10)")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="gets index.html, pages and word_pairs.csv")
    _add_model(parser)
    return parser


def contrast_parser() -> argparse.ArgumentParser:
    """The options of `xsbert contrast QUERY A B`."""
    parser = _new("xsbert contrast", "xsbert contrast [options] QUERY A B", texts.CONTRAST_TEXT, texts.CONTRAST_END)
    for name, text in (("query", "the query"), ("first", "the document that scores higher"), ("second", "the other")):
        parser.add_argument(name, metavar=name.upper(), help=f"{text}, or - to read it from standard input")
    _add_division(parser, "words")
    parser.add_argument("--top", metavar="K", type=_count, default=10, help="words to list (default: 10)")
    _add_common(parser)
    return parser


def serve_parser() -> argparse.ArgumentParser:
    """The options of `xsbert serve`."""
    parser = _new("xsbert serve", "xsbert serve [options]", texts.SERVE_TEXT, texts.SERVE_END)
    parser.add_argument("--model", metavar="M", action="append", default=[], help="a model to choose; may stand again")
    parser.add_argument("--host", metavar="H", default="127.0.0.1", help="the address to serve at (%(default)s)")
    parser.add_argument("--port", metavar="P", type=_count, help="default: the first free one from 7860 on")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    return parser


def _new(prog: str, usage: str, text: str, end: str) -> _Parser:
    form = argparse.RawDescriptionHelpFormatter
    return _Parser(prog=prog, usage=usage, description=text, epilog=end, formatter_class=form)


def _add_division(parser: argparse.ArgumentParser, default: str) -> None:
    choice = parser.add_mutually_exclusive_group()
    for name, text in (("words", "sum subwords into words"), ("tokens", "leave tokens as the model reads them")):
        mark = " (default)" if name == default else ""
        choice.add_argument(f"--{name}", action="store_true", help=text + mark)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON, and nothing else")
    _add_model(parser)


def _add_model(parser: argparse.ArgumentParser) -> None:
    """The options of what explains. None by default, for a store has its own."""
    parser.add_argument(
        "--model",
        metavar="M",
        help="a sentence-transformers model: a name on the hub, or a folder; or an exact one, such as minilm_cos; by "
        "default all-MiniLM-L6-v2, from the hub or its cache, else the packaged copy",
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="what is integrated: how much each word is there, so that the pairs sum to the similarity of any model; "
        "or the papers' hidden states, compared with a reference's; or removal: words are taken away for real, 256 "
        f"sub-texts a text, which needs no gradients (default: {METHODS[0]})",
    )
    parser.add_argument(
        "--units",
        choices=UNITS,
        help="what comes and goes as one, by presence and removal; of long texts sentences say more (default: tokens "
        "by presence, words by removal)",
    )
    parser.add_argument(
        "--layer",
        metavar="L",
        type=int,
        help="the layer that the method begins at: 0 (the embeddings) to the last, negative from the end (default: the "
        "method's own)",
    )
    parser.add_argument("--similarity", choices=("cosine", "dot"), help="default: the model's own")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a share from 0 to 1")
    return share


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]+", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number, at least 1")
    return int(text)
