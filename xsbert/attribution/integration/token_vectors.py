"""Token vectors of a function along straight paths, by forward mode.

For f, a start r and an end x (both (S, H)), token s's vector is

    u_s = ∫₀¹ J(r + α (x − r)) · (e_s ⊗ δ_s) dα,   δ = x − r,

the integrated Jacobian (EMNLP 2023, arXiv 2310.05703) contracted with the token's displacement: an
integral of directional derivatives, one forward-mode pass for each token.

Law 1: Σ_s u_s = f(x) − f(r), up to the quadrature's error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xsbert.attribution.forward_mode.tangents import OneToken, Rounded
from xsbert.attribution.integration.paths import Paths
from xsbert.attribution.quadrature.rule import Answer, Nodes, Plan, Question, Rule


@dataclass(frozen=True)
class Integral:
    """What integrating a function's Jacobian along a path gave.

    Args:
        vectors: the token vectors u, `(S, D)`, float64.
        start_value: f(r), `(D,)`.
        end_value: f(x), `(D,)`.
        nodes: the number of nodes N.
        converged: False where an adaptive rule gave up.
    """

    vectors: Float[Tensor, "S D"]
    start_value: Float[Tensor, D]
    end_value: Float[Tensor, D]
    nodes: int
    converged: bool

    @property
    def error(self) -> float:
        """The relative error of law 1: ‖Σ_s u_s − (f(x) − f(r))‖ / ‖f(x) − f(r)‖; as `relative`."""
        change = self.end_value.double() - self.start_value.double()
        miss = torch.linalg.vector_norm(self.vectors.sum(0) - change)
        return relative(miss, torch.linalg.vector_norm(change))


def relative(misses: Tensor, sizes: Tensor) -> float:
    """The largest of misses as shares of sizes: 0 where nothing is missed, inf where something is that has no size."""
    return float(torch.where(misses > 0, misses / sizes, misses).max())


def token_vectors(paths: Paths, rule: Rule, rounded: Rounded | None = None) -> list[Integral]:
    """The token vectors of a function along each of B paths.

    Args:
        paths: the function, the starts and the ends.
        rule: where to evaluate the Jacobian.
        rounded: weights in a lower precision, which float32 tangents are multiplied with; None for
            their own precision. What that rounds shows in the error of law 1.

    Returns:
        For each path the vectors, `(S, D)`, with f at both ends and the law-1 error.
    """
    all_nodes = settled(paths, rule)
    vectors = torch.zeros(
        len(paths), paths.tokens, paths.end_values.shape[1], dtype=torch.float64, device=paths.ends.device
    )
    _add_weighted(vectors, paths, all_nodes, False, rounded)
    _add_weighted(vectors, paths, all_nodes, True, rounded)
    return [
        Integral(vectors[b], paths.start_values[b], paths.end_values[b], len(nodes), nodes.converged)
        for b, nodes in enumerate(all_nodes)
    ]


def settled(paths: Paths, rule: Rule) -> list[Nodes]:
    """Each path's nodes. The questions that the plans ask are answered together, round by round.

    A path whose start is its end has no nodes.
    """
    plans: dict[int, Plan] = {}
    nodes = [_none()] * len(paths)
    still = (paths.starts == paths.ends).flatten(1).all(dim=1).tolist()
    for b in (b for b in range(len(paths)) if not still[b]):
        plans[b] = rule.plan(paths.start_values[b], paths.end_values[b])
    answers: dict[int, Answer | None] = dict.fromkeys(plans)
    while answers:
        questions: dict[int, Question] = {}
        for b, answer in answers.items():
            try:
                questions[b] = plans[b].send(answer)  # type: ignore[arg-type]
            except StopIteration as done:
                nodes[b] = done.value
        answers = _answered(paths, questions, False) | _answered(paths, questions, True)
    return nodes


def _answered(paths: Paths, questions: dict[int, Question], double: bool) -> dict[int, Answer | None]:
    asked = {b: question for b, question in questions.items() if question.double is double}
    if not asked:
        return {}
    alphas = [torch.cat([torch.tensor(q.ends, dtype=torch.float64, device="cpu"), q.inner]) for q in asked.values()]
    sizes = [len(each) for each in alphas]
    which = torch.tensor([b for b, size in zip(asked, sizes, strict=True) for _ in range(size)], device="cpu")
    if any(len(q.inner) for q in asked.values()):
        # Slopes at the ends are not asked for, and cost less than a pass of their own for the values.
        values, slopes = paths.slopes(torch.cat(alphas), which, double=double)
    else:
        values = slopes = paths.value(torch.cat(alphas), which, double=double)
    parts = zip(asked.items(), values.split(sizes), slopes.split(sizes), strict=True)
    return {b: Answer(values[: len(q.ends)], slopes[len(q.ends) :]) for (b, q), values, slopes in parts}


@torch.no_grad()
def _add_weighted(
    totals: Float[Tensor, "B S D"], paths: Paths, all_nodes: list[Nodes], double: bool, rounded: Rounded | None
) -> None:
    """Adds Σ_n wₙ J(x(αₙ)) · (e_s ⊗ δ_s) over the nodes of one precision to the totals, `(B, S, D)`."""
    alphas, weights, texts = _of_precision(all_nodes, double)
    whole = sum(map(len, all_nodes))
    device = paths.ends.device
    if paths.leaders is not None:
        _add_units(totals, paths, paths.leaders, (alphas, weights, texts), whole, double, rounded)
        return
    moved = (paths.starts != paths.ends).any(dim=2).any(dim=0).nonzero()[:, 0]  # the others' vectors are zero

    def at_once(points: int) -> int:
        """How many tangents a pass may have at so many points."""
        return paths.rows("tokens", double) // (points * paths.tokens)

    for part in paths.chunks(len(alphas), lambda: paths.rows("tokens", double) // (paths.tokens * len(moved))):
        which, factors = texts[part], weights[part].to(device)
        points, deltas = paths.points(alphas[part], which, double), paths.deltas(which)
        for some in paths.chunks(len(moved), partial(at_once, len(points))):
            tokens = moved[some]
            tangent = OneToken(deltas[:, tokens], 1, tokens, paths.tokens)
            pushed = paths.pushed("tokens", points, which, tangent, rounded)[1]  # (T, N, D)
            weighted = torch.einsum("n,tnd->ntd", factors, pushed.double())
            totals[:, tokens] = totals[:, tokens].index_add_(0, which.to(device), weighted)
            paths.progress(len(points) * len(tokens) / (whole * len(moved)))


def _add_units(
    totals: Float[Tensor, "B S D"],
    paths: Paths,
    leaders: Int[Tensor, "B S"],
    nodes: tuple[Tensor, Tensor, Tensor],
    whole: int,
    double: bool,
    rounded: Rounded | None,
) -> None:
    """The same where tokens move together: a tangent for each unit, whose vector its leader gets."""
    alphas, weights, texts = nodes
    moves = (paths.starts != paths.ends).any(dim=2)
    units = [row[moving].unique() for row, moving in zip(leaders, moves, strict=True)]  # of each text
    most = max(map(len, units), default=0)

    def at_once() -> int:
        return paths.rows("tokens", double) // paths.tokens

    for turn in range(most):  # the turn-th unit of each text that has so many
        having = torch.tensor([turn < len(each) for each in units], device="cpu")
        chosen = torch.tensor([int(each[turn]) if turn < len(each) else 0 for each in units], device="cpu")
        mine = having[texts].nonzero()[:, 0]
        for part in paths.chunks(len(mine), at_once):
            which, factors = texts[mine[part]], weights[mine[part]].to(totals.device)
            points, deltas = paths.points(alphas[mine[part]], which, double), paths.deltas(which)
            on = which.to(totals.device)
            together = leaders[on] == chosen.to(totals.device)[on][:, None]
            pushed = paths.pushed("tokens", points, which, (deltas * together[..., None])[None], rounded)[1][0]
            totals.index_put_((on, chosen.to(totals.device)[on]), factors[:, None] * pushed.double(), accumulate=True)
            paths.progress(len(points) / (whole * most))


def _of_precision(all_nodes: list[Nodes], double: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The nodes of one precision of all paths: α, weight, and which path, `(N,)` each."""
    chosen = [nodes.double == double for nodes in all_nodes]
    texts = [torch.full((int(mask.sum()),), b, device="cpu") for b, mask in enumerate(chosen)]
    alphas = [nodes.alphas[mask] for nodes, mask in zip(all_nodes, chosen, strict=True)]
    weights = [nodes.weights[mask] for nodes, mask in zip(all_nodes, chosen, strict=True)]
    return torch.cat(alphas), torch.cat(weights), torch.cat(texts)


def _none() -> Nodes:
    empty = torch.zeros(0, dtype=torch.float64, device="cpu")
    return Nodes(empty, empty, empty.bool())
