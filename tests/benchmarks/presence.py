"""What presence costs from each layer on, as a table: nodes, error of law 1, time as a multiple of `HiddenStates()`'s.

python -m tests.benchmarks.presence --texts dev.csv --layers 0 3 4 5
python -m tests.benchmarks.presence --model FOLDER --texts dev.csv --words 10 --count 8 --layers 10 --growths 3 5 7
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial

from tests.benchmarks.measure import alternate
from xsbert import TokenVectors, XSTransformer, tables
from xsbert.models import HiddenStates, Presence
from xsbert.models.loading.default import packaged_model
from xsbert.models.splitting import presence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--model", default=str(packaged_model()), help="a name or a folder (default: the packaged copy)")
    option("--texts", required=True, help="a csv file; the first distinct texts of its first column are taken")
    option("--words", type=int, default=1000, help="only texts of at most so many words")
    option("--count", type=int, default=10, help="how many texts (default: %(default)s)")
    option("--layers", type=int, nargs="+", default=[0, -3], help="layers (default: the first, the last but two)")
    option("--runs", type=int, default=3, help="how often each is timed, in turns (default: %(default)s)")
    option("--growths", type=float, nargs="+", help="nodes only, where small presence takes so much of the path")
    options = parser.parse_args()
    rows = tables.rows(tables.text_of(options.texts), options.texts)
    texts = [text for text in dict.fromkeys(row[0] for _, row in rows if row) if len(text.split()) <= options.words]
    model = XSTransformer(options.model)
    explained = partial(model.token_vectors, texts[: options.count])
    if options.growths:
        print(f"| growth | {' | '.join(f'nodes, layer {layer}' for layer in options.layers)} |")
        print("|---" * (1 + len(options.layers)) + "|")
        for growth in options.growths:
            presence.GROWTH = presence.GROWTH_FROM_THE_EMBEDDINGS = growth
            found = [_nodes(explained(method=Presence(layer))) for layer in options.layers]
            print(f"| {growth:g} | {' | '.join(found)} |", flush=True)
        return
    methods = [HiddenStates(), *map(Presence, options.layers)]
    measured = alternate(
        {f"{type(method).__name__}, layer {method.layer}": partial(explained, method=method) for method in methods},
        options.runs,
    )
    least = next(iter(measured.values())).median
    print("| method | nodes: median, most | error: median, most | seconds a text | × |\n|---|---|---|---|---|")
    for name, each in measured.items():
        errors = [vectors.error for vectors in each.result]
        print(
            f"| {name} | {_nodes(each.result)} | {statistics.median(errors):.1e}, {max(errors):.1e} "
            f"| {each.median / len(each.result):.2f} | {each.median / least:.2f} |"
        )


def _nodes(vectors: list[TokenVectors]) -> str:
    nodes = [each.nodes for each in vectors]
    return f"{statistics.median(nodes):g}, {max(nodes)}"


if __name__ == "__main__":
    main()
