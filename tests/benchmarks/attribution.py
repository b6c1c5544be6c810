"""What an explanation costs, against the published algorithm: prints a Markdown table, writes JSON.

python -m tests.benchmarks.attribution                        # the packaged all-MiniLM-L6-v2
python -m tests.benchmarks.attribution --model FOLDER --runs 3 --json FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from tests.benchmarks import published
from tests.benchmarks.measure import alternate, matrix_rate
from xsbert import Attribution, XSTransformer
from xsbert.attribution import Adaptive, RightRiemann, attribute
from xsbert.attribution.integration.token_vectors import token_vectors
from xsbert.models import HiddenStates
from xsbert.models.encoders.engine import Engine
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import read
from xsbert.models.loading.default import packaged_model

A, B = "The dog runs after the kitten in the yard.", "Outside in the garden the cat is chased by the dog."
LONG = (
    "The European Commission proposed on Tuesday a sweeping package of measures intended to curb the "
    "deforestation of rainforests, which environmentalists had long demanded."
)
QUERY = "How do rainforests help the climate?"
DOCUMENT = " ".join([LONG, A, B] * 6)
MOST_STEPS = 1000


def main() -> None:
    options = _options()
    model = XSTransformer(options.model, device="cpu")
    layers = model.config.num_hidden_layers
    header = f"torch {torch.__version__}, {torch.get_num_threads()} threads, {options.model}, {options.runs} runs"
    print(f"{header}\n\n| what | nodes | seconds | peak GB | error of law 1 | ratio |\n|---|---|---|---|---|---|")
    rows = []
    for make in (against_published, at_equal_error, by_layer, long_document, many_documents, efficiency):
        for row in make(model, layers, options.runs):
            print("| " + " | ".join(str(row.get(key, "")) for key in KEYS) + " |", flush=True)
            rows.append(row)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"header": header, "rows": rows}, file, indent=1)


KEYS = ("what", "nodes", "seconds", "peak_gb", "error", "ratio")


def against_published(model, layers, runs):
    """Rows 1 to 3: the same rule, the same nodes, at layer L − 2; of ours, all that `explain` does."""
    rule, paths = RightRiemann(10), paths_of(model, [A, B], layers - 2)
    explain = partial(model.explain, A, B, method=HiddenStates(layer=layers - 2, quadrature=rule))
    ways = {
        "published: a backward pass for each dimension": lambda: [published.by_dimension(p, rule) for p in paths],
        "batched gradients": lambda: [published.batched(p, rule) for p in paths],
        "explain, the same nodes": explain,
        "explain, the same nodes, products in bfloat16": partial(explain, matmul_dtype=torch.bfloat16),
    }
    measured = alternate(ways, runs)
    first = next(iter(measured.values()))
    for name, m in measured.items():
        ours = isinstance(m.result, Attribution)
        error = max(m.result.errors if ours else [law_1(p, u) for p, u in zip(paths, m.result, strict=True)])
        yield row(f"{name}, layer {layers - 2}", m, 20, error, first.median / m.median)


def at_equal_error(model, layers, runs):
    """Row 4: the adaptive rule against the published one at the n that first reaches 1e-2."""
    paths = paths_of(model, [A, B], layers - 2)
    steps = first_reaching(paths, 1e-2)
    explain, method = partial(model.explain, A, B), HiddenStates(layers - 2)
    ways = {
        f"explain, {rule!r}": partial(explain, method=replace(method, quadrature=rule))
        for rule in (Adaptive(1e-2), Adaptive(1e-3))
    }
    ways[f"explain, {Adaptive(1e-2)!r}, products in bfloat16"] = partial(
        explain, method=replace(method, quadrature=Adaptive(1e-2)), matmul_dtype=torch.bfloat16
    )
    measured = alternate(ways, runs)
    if steps is None:
        yield {"what": f"published: no n up to {MOST_STEPS} reaches 1e-2 at layer {layers - 2}"}
    else:
        m = next(
            iter(alternate({"": lambda: [published.by_dimension(p, RightRiemann(steps)) for p in paths]}, 1).values())
        )
        error = max(law_1(p, u) for p, u in zip(paths, m.result, strict=True))
        yield row(f"published, n = {steps} first reaches 1e-2, layer {layers - 2}", m, 2 * steps, error, 1.0)
        seconds = m.median
    for name, ours in measured.items():
        x = ours.result
        ratio = seconds / ours.median if steps else None
        yield row(f"{name}, layer {layers - 2}", ours, sum(x.nodes), max(x.errors), ratio)


def by_layer(model, layers, runs):
    """Row 5: the default rule at four layers."""
    for layer in sorted({0, layers // 4, layers // 2, layers - 2}):
        m = alternate({"": partial(model.explain, A, B, method=HiddenStates(layer=layer))}, 1)[""]
        yield row(f"explain, default, layer {layer}", m, sum(m.result.nodes), max(m.result.errors))


def long_document(model, layers, runs):
    """Row 6: a query of 10 tokens against a document of 300, all that `explain` does."""
    model.max_seq_length = max(model.max_seq_length, 320)
    tokens = [len(read(model, text).tokens) for text in (QUERY, DOCUMENT)]
    for rule in (Adaptive(1e-2), Adaptive(1e-3)):
        explain = partial(model.explain, QUERY, DOCUMENT, method=HiddenStates(layer=layers - 2, quadrature=rule))
        m = alternate({"": explain}, runs)[""]
        what = f"explain, {tokens[0]} × {tokens[1]} tokens, {rule!r}, layer {layers - 2}"
        yield row(what, m, sum(m.result.nodes), max(m.result.errors))


def many_documents(model, layers, runs):
    """Row 7: one query against 1,000 documents whose token vectors are at hand."""
    query, document = model.token_vectors([A, LONG], method=HiddenStates(layer=layers - 1))
    m = alternate({"": lambda: [attribute(query, document) for _ in range(1000)]}, runs)[""]
    yield row("1,000 matrices from token vectors at hand", m, None, None)


def efficiency(model, layers, runs):
    """Row 8: the operations that the method needs, over time, as a share of the matrix rate."""
    config, rule = model.config, RightRiemann(10)
    for layer in (0, layers - 2):
        (paths,) = paths_of(model, [LONG], layer)
        tangents = int((paths.starts != paths.ends).any(dim=2).sum())
        needed = rule.n * operations(
            layers - layer, paths.tokens, tangents, config.hidden_size, config.intermediate_size
        )
        rates, shares = [], []
        for _ in range(runs):
            rates.append(matrix_rate(config.hidden_size))
            m = alternate({"": lambda paths=paths: token_vectors(paths, rule)[0]}, 1)[""]
            rates.append(matrix_rate(config.hidden_size))
            shares.append(needed / m.median / float(np.median(rates[-2:])))
        share, rate = float(np.median(shares)), float(np.median(rates))
        what = f"{paths.tokens} tokens, layer {layer}: {share:.0%} of {rate / 1e9:.0f} GFLOP/s"
        yield row(what, m, rule.n, m.result.error)


def operations(layers: int, tokens: int, tangents: int, hidden: int, inner: int) -> int:
    """What one node needs with S tokens and T tangents, in multiplications and additions.

    A token's pass through a layer takes 2 (4 H² + 2 H I) for its products with weights and 8 H S for
    attention (4 H S for the scores and the values, twice for a tangent); the function and its
    tangents are T + 1 passes of S tokens. Less what is not needed: in the first layer queries, keys and
    values of T tokens for the tangents, not T · S; in the last the second product of the feed-forward
    network for T pooled tangents, and S rows more for the layer norm behind it.
    """
    passes, products = tokens * (tangents + 1), 2 * (4 * hidden * hidden + 2 * hidden * inner)
    first = 2 * 3 * hidden * hidden * (tokens - 1) * tangents
    last = 2 * hidden * inner * ((tokens - 1) * tangents - tokens)
    return layers * passes * (products + 8 * hidden * tokens) - first - last


def paths_of(model, texts, layer):
    """The path of each text at a layer, ready to be integrated."""
    engine = Engine(model, HiddenStates(layer))
    return [engine.paths(batched([read(model, text)])) for text in texts]


def law_1(paths, vectors):
    change = (paths.end_values - paths.start_values)[0].double()
    return float((vectors.double().sum(0) - change).norm() / change.norm())


def first_reaching(paths, error):
    """The smallest n whose right-Riemann error is within `error` for all paths; None up to 1,000."""

    def reached(n):
        nodes = RightRiemann(n).nodes()
        which = torch.zeros(n, dtype=torch.long)
        return all(law_1(p, nodes.weights[:, None] * p.slopes(nodes.alphas, which)[1].double()) <= error for p in paths)

    low, high = 0, 10
    while not reached(high):
        low, high = high, 2 * high
        if low >= MOST_STEPS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def row(what, measured, nodes, error, ratio=None):
    return {
        "what": what,
        "nodes": "" if nodes is None else nodes,
        "seconds": f"{measured.median:.3g}",
        "peak_gb": f"{measured.peak / 1e9:.2f}",
        "error": "" if error is None else f"{error:.1e}",
        "ratio": "" if ratio is None else f"{ratio:.3g}",
    }


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default=str(packaged_model()), help="a name or a folder (default: the packaged copy)"
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each row, alternating; medians are printed")
    parser.add_argument("--json", help="a file to write the rows to")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
