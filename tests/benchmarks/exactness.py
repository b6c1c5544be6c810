"""Whether an exact model is exact: what its references add, and how far its pairs' sums are from its scores.

python -m tests.benchmarks.exactness --texts test.csv
python -m tests.benchmarks.exactness --model FOLDER --texts test.csv --count 50 --layers 0 -2
"""

from __future__ import annotations

import argparse
import statistics

from xsbert import tables
from xsbert.models import HiddenStates, load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="minilm_cos", help="as load_model takes it (%(default)s)")
    parser.add_argument("--texts", required=True, help="a csv file, whose first two columns are pairs")
    parser.add_argument("--count", type=int, default=50, help="how many pairs, from the first on (%(default)s)")
    parser.add_argument("--layers", type=int, nargs="+", default=[-2], help="(%(default)s)")
    options = parser.parse_args()
    rows = tables.rows(tables.text_of(options.texts), options.texts)
    pairs = [(row[0], row[1]) for _, row in rows if row][: options.count]
    model = load_model(options.model)
    print("| layer | pairs | largest reference term | ΣA − score: median, largest | nodes, median |")
    print("|---|---|---|---|---|")
    for layer in options.layers:
        results = model.explain_pairs(pairs, method=HiddenStates(layer=layer))
        terms = max(abs(term) for x in results for term in x.reference_terms)
        misses = [abs(x.explained - x.score) for x in results]
        nodes = statistics.median(sum(x.nodes) for x in results)
        print(
            f"| {results[0].layer} | {len(pairs)} | {terms:.1e} "
            f"| {statistics.median(misses):.1e}, {max(misses):.1e} | {nodes:g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
