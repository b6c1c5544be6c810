"""The study's command: `python -m xsbert.evaluation --data FOLDER --ists FOLDER --runs FOLDER`."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsbert.evaluation.grid import Grid
    from xsbert.evaluation.judges.judge import Judge
    from xsbert.evaluation.study import Pair, Study

QUICK = {"pairs": 6, "sanity_pairs": 1, "layers": [-2, -1]}
"""The sizes of `--quick`, where none are named."""
SIZES = {"pairs": 200, "sanity_pairs": 20, "layers": None}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives the exit status: 0, 2 for what the user can put right, 130 where it was interrupted."""
    options = _parser().parse_args(arguments)
    for name, value in (QUICK if options.quick else SIZES).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", UserWarning)
            for part in run(options):
                print(part, end="\n\n", flush=True)
    except (OSError, TypeError, ValueError) as error:
        print(f"xsbert.evaluation: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("xsbert.evaluation: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace) -> Iterator[str]:
    """Does the study, and gives its tables as they are done, in Markdown."""
    from xsbert.evaluation import Study, Task, inputs, table

    truth = inputs.pairs(options.data, options.seed)  # bad data stops here, before a model is loaded
    gold = inputs.alignments(options.ists, options.seed)
    if options.judges is not JUDGES and "alignments" in options.judges and not options.ists:
        raise ValueError("--judges got alignments; expected --ists with it: the folder with the .wa files they are in.")
    grid = _grid(options)
    if options.words:
        model = next(iter(grid.subjects.values()))
        truth, gold = inputs.short(truth, model, options.words), inputs.short(gold, model, options.words)
        if not (truth or gold):
            raise ValueError(f"--words got {options.words}; expected more: no pair has two texts that are so short.")
    truth, gold = truth[: options.pairs], gold[: options.pairs]
    study = Study(grid.subjects, Path(options.runs))
    judges = _judges(options, grid)
    yield f"Models: {', '.join(grid.subjects)}. Pairs: {len(truth)}; with human alignments: {len(gold)}."
    if truth and judges:
        study.run(Task(grid.rows, truth, judges), "Truth")
        for name, judge in judges.items():
            yield _titled(f"Truth: {name}", table.judged(study, grid.rows, name, judge, truth, options.seed))
    if gold and "alignments" in options.judges:
        yield _plausibility(study, grid, gold, options)
    if truth and "sanity" in options.judges:
        yield from _sanity(study, grid, truth, options)
    for (subject, label), reasons in study.refused.items():
        yield f"Left out: {len(reasons)} pairs, {subject}, {label}. {next(iter(reasons.values()))}"


def _plausibility(study: Study, grid: Grid, gold: Sequence[Any], options: argparse.Namespace) -> str:
    from xsbert.evaluation import HumanAlignments, Task, table

    judge, pairs = HumanAlignments(gold), [(each.text_a, each.text_b) for each in gold]
    study.run(Task(grid.rows, pairs, {"alignments": judge}), "Plausibility")
    shown = table.judged(study, grid.rows, "alignments", judge, pairs, options.seed)
    return _titled("Plausibility, not truth: human alignments", shown)


def _sanity(study: Study, grid: Grid, truth: Sequence[Pair], options: argparse.Namespace) -> Iterator[str]:
    from xsbert.evaluation import Task, table

    few = truth[: options.sanity_pairs]
    study.run(Task(grid.rows, [*few, *((b, a) for a, b in few)], {}), "Symmetry")
    yield _titled("Sanity: swapped texts", table.swapped(study, grid.rows, few))
    twins = [row for _, rows in grid.randomised for row in rows]
    study.run(Task(twins, few, {}), "Randomised")
    yield _titled("Sanity: random weights", table.randomised(study, grid, few, options.seed))
    study.run(Task(grid.rows, truth, {}), "Agreement")
    yield _titled("Agreement", table.compared(study, grid.comparisons, truth, options.seed))


def _grid(options: argparse.Namespace) -> Grid:
    from xsbert.evaluation.grid import METHODS, Grid, references
    from xsbert.evaluation.inputs import subjects
    from xsbert.models.splitting.layer_stack import layers_of

    known = references()
    chosen = options.references or ["padding"]
    if unknown := [name for name in chosen if name not in known]:
        raise ValueError(f"--references got {unknown[0]!r}; expected some of {', '.join(known)}.")
    models = subjects(options.model, options.exact, options.device)
    count = len(layers_of(next(iter(models.values())).transformers_model))
    layers = options.layers or sorted({0, count // 2, max(0, count - 2), count - 1})
    named = {name: known[name] for name in chosen}
    return Grid(models, layers, named, options.methods or METHODS, options.seed)


def _judges(options: argparse.Namespace, grid: Grid) -> dict[str, Judge]:
    from xsbert.evaluation import Coalitions, Completeness, Curves, DeletionInteractions, Directions, ShortTexts
    from xsbert.evaluation.judges.encodings import placeholder

    masks = sorted({placeholder(model.tokenizer) for model in grid.subjects.values()})
    if "masking" in options.judges and len(masks) > 1:
        raise ValueError(
            f"--model and --exact mask words with {' and '.join(map(repr, masks))}; expected the same token. "
            "Leave masking out of --judges, or run each model alone, with --model."
        )
    known: dict[str, Judge] = {
        "completeness": Completeness(),
        "deletion": DeletionInteractions(),
        "masking": DeletionInteractions(masks[0]),
        "curves": Curves(),
        "coalitions": Coalitions(seed=options.seed),
        "directions": Directions(seed=options.seed),
        "short texts": ShortTexts(),
    }
    return {name: judge for name, judge in known.items() if name in options.judges}


JUDGES = (
    "completeness",
    "deletion",
    "masking",
    "curves",
    "coalitions",
    "directions",
    "short texts",
    "alignments",
    "sanity",
)


def _titled(title: str, body: str) -> str:
    return f"**{title}**\n\n{body or 'nothing to show'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xsbert.evaluation",
        description="Holds explanations against what the model does when its input is changed, and against human "
        "alignments. Prints Markdown tables: means with 95 % bootstrap intervals over pairs; bold where no row is "
        "better beyond chance.",
    )
    option: Callable[..., argparse.Action] = parser.add_argument
    option("--model", metavar="M", help="a name on the hub, or a folder (default: all-MiniLM-L6-v2)")
    option("--exact", metavar="M", help="a model made exact by fine-tuning, to compare with, such as minilm_cos")
    option("--data", metavar="F", help="the STS benchmark: pairs of its dev split are taken (default: a few examples)")
    option("--ists", metavar="F", help="a folder with the .wa files of interpretable STS 2016")
    option("--runs", metavar="F", required=True, help="where results are kept; the same command goes on with them")
    option("--pairs", metavar="N", type=_count, help="how many pairs of each data set (default: 200)")
    option("--words", metavar="W", type=_count, help="only pairs whose texts have at most so many words")
    option("--sanity-pairs", metavar="N", type=_count, help="how many pairs to randomise and swap (default: 20)")
    option("--layers", metavar="L", type=int, nargs="+", help="default: 0, the middle one, and the last two")
    option("--references", metavar="R", nargs="+", help="by name: padding, mask, zero, mean (default: padding)")
    option("--methods", metavar="M", nargs="+", help="by name, such as integrated or random (default: all)")
    option("--judges", metavar="J", nargs="+", choices=JUDGES, default=JUDGES, help=f"of {', '.join(JUDGES)}")
    option("--seed", metavar="S", type=int, default=0, help="of what is drawn at random (default: 0)")
    option("--device", metavar="D", default="cpu", help="such as cuda (default: %(default)s)")
    option("--quick", action="store_true", help="a few minutes' worth: 6 pairs, the last two layers")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number, at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
