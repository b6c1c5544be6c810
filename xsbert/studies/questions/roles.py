"""Which syntactic roles does the model look at?

Classes of pairs of words by both words' roles in their sentences, as `parts_of_speech` has it for parts of speech.
Asked of pairs whose texts both have a verb as the root, a subject and an object, so that the roles are there to be
matched. EACL 2024 (arXiv 2402.02883) looked at it; that encoders attend to the core roles is known second-hand.
"""

from __future__ import annotations

from functools import partial

from xsbert.evaluation.statistics import Mean
from xsbert.studies.cells import both, cells_of, lifts, regression, shares
from xsbert.studies.findings import Claim, Findings, above, cell
from xsbert.studies.material import Material
from xsbert.studies.pictures import dots

CORE = ("subject", "object", "root")
RARE = 0.005
"""Classes with a smaller share of all cells stand in no table."""
MOST_ROWS = 12


def study(material: Material) -> Findings:
    """The study.

    Raises:
        ValueError: there is no parser, or no pair of texts has the roles.
    """
    found = [(pair.text_a, pair.text_b) for pair in material.whole]
    material.parser.read(text for pair in found for text in pair)
    clauses = [pair for pair in found if all(map(material.parser.has_core, pair))]
    asked = clauses[: len(material.pairs)]
    if not asked:
        raise ValueError("roles found no pair whose texts both have a verb, a subject and an object; expected some.")
    rows: list[tuple[str, ...]] = []
    claims: list[Claim] = []
    pictured: dict[str, dict[str, Mean]] = {}
    for name in material.methods:
        cells = cells_of(material.explained(name, asked), material.parser, material.rarity)
        share = {of: value for of, value in shares(cells, "roles").items() if value >= RARE}
        members = {of: (cells["roles"] == of).to_numpy() for of in share}
        lift = lifts(cells, members, 10)
        order = sorted(share, key=lambda of: -lift[of].value)[:MOST_ROWS]
        added = regression(cells, "roles", sorted(share))
        rows += [(name, of, f"{share[of]:.1%}", cell(lift[of]), cell(added[of])) for of in order]
        rows += [(name, other, "", "", cell(added[other])) for other in list(added)[len(share) :]]
        pictured[name] = {of: lift[of] for of in order}
        core = [both(one, other) for one in CORE for other in CORE]
        whole = lifts(cells, {"core": cells["roles"].isin(core).to_numpy()}, 10)["core"]
        claims.append(
            Claim(
                "Encoders attend to the core roles.",
                f"subject, object and root have a lift of {cell(whole)} among the strongest 10 % ({name})",
                above(whole, 1),
            )
        )
    return Findings(
        name="roles",
        question="Which syntactic roles does the model look at?",
        header=("method", "roles", "of all cells", "lift, strongest 10 %", "adds to a cell"),
        rows=tuple(rows),
        draw=partial(dots, series=pictured, xlabel="lift among the strongest 10 % of pairs of words", line=1),
        claims=tuple(claims),
        note=f"{len(asked)} of the {len(clauses)} pairs whose texts both have a verbal root, a subject and an object; "
        f"classes of at least {RARE:.1%} of all cells, the {MOST_ROWS} with the largest lift. Intervals: 95 %, over "
        "pairs of texts. “Adds to a cell”: a regression, in units of the pair's mean cell.",
        height=1.2 + 0.36 * len(dict.fromkeys(of for figures in pictured.values() for of in figures)),
    )
