"""Whether a model hears what changes a meaning: a table, a page, and an exit status for continuous integration."""

from __future__ import annotations

import argparse
import sys

from xsbert.command import loading, output
from xsbert.command.terminal.characters import fitted, padded, shown, width
from xsbert.command.terminal.messages import failed, say
from xsbert.results.check import NAMED, CheckReport, Hearing
from xsbert.results.record import decimals

WIDEST = 46
"""Columns for a text."""
SHOWN = 2
"""Pairs shown of a family: the least heard."""


class BelowError(Exception):
    """A family is heard less than was asked for: the report is printed, and the status is 1."""


def run(options: argparse.Namespace) -> str:
    """Asks the model, writes the file, and gives what is printed.

    Raises:
        BelowError: a family is heard less than `--fail-below` says.
    """
    from xsbert.studies import check, read_minimal_pairs

    output.check(options.output, output.FOR_RANKINGS)
    pairs = [] if options.only_pairs else read_minimal_pairs()
    pairs += read_minimal_pairs(options.pairs) if options.pairs else []
    known = dict.fromkeys(pair.family for pair in pairs)
    if unknown := [name for name in options.family if name not in known]:
        raise ValueError(f"--family got {unknown[0]}; expected one of {', '.join(known) or 'none'}.")
    pairs = [pair for pair in pairs if not options.family or pair.family in options.family]
    model, name = loading.load(options.model)
    say(f"asking {len(pairs):,} minimal pairs …")
    report = check(model, pairs, method=loading.method(options), similarity=options.similarity)
    if options.output:
        report.save(options.output)
        say(f"written: {options.output}")
    printed = output.as_json(report) if options.json else f"model  {shown(name)}\n{told(report)}"
    if below := report.below(options.fail_below):
        print(printed, flush=True)
        least = ", ".join(f"{family.name} {family.heard:.0%}" for family in below)
        raise BelowError(f"heard less than {options.fail_below:.0%}: {least}")
    return printed


def told(report: CheckReport) -> str:
    """The report as lines of text."""
    families = report.families
    names = max(len("family"), *(width(family.name) for family in families))
    lines = [
        f"       by {report.similarity}; {shown(report.method)}",
        "       heard: which share of the texts that say something else is less similar than one that says the same",
        "",
        f"{padded('family', names)}  pairs  same meaning  other meaning    fall  heard",
    ]
    for f in families:
        lines.append(
            f"{padded(shown(f.name), names)}  {f.pairs:5}  {decimals(f.same, 3):>12}  {decimals(f.different, 3):>13}  "
            f"{decimals(f.fall, 3, '+'):>6}  {f.heard:5.0%}"
        )
    for f in families:
        least = sorted((x for x in report.results if x.pair.family == f.name), key=lambda x: x.fall)[:SHOWN]
        lines += ["", f"{shown(f.name)}, the least heard"]
        for x in least:
            lines += _pair(x)
    return "\n".join(lines)


def _pair(x: Hearing) -> list[str]:
    words = ", ".join(f"{shown(word)} {decimals(value, 3, '+')}" for word, value in x.words[:NAMED])
    return [
        f"         {fitted(shown(x.pair.text), WIDEST)}",
        f"  {decimals(x.same, 3):>5}  {fitted(shown(x.pair.same), WIDEST)}",
        f"  {decimals(x.different, 3):>5}  {padded(fitted(shown(x.pair.different), WIDEST), WIDEST)}  {words}",
    ]


def fails(cause: BelowError) -> int:
    """Says why the status is 1."""
    sys.stdout.flush()
    failed(str(cause))
    return 1
