"""Whether the default rule converges: the error of law 1 on some sentences, layer by layer, as a table.

python -m tests.benchmarks.convergence --texts dev.csv --layers 0 3 -2
python -m tests.benchmarks.convergence --model FOLDER --texts dev.csv --count 10 --layers 0 6 -2
"""

from __future__ import annotations

import argparse
import statistics
import time

from xsbert import XSTransformer, tables
from xsbert.models import HiddenStates
from xsbert.models.loading.default import packaged_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default=str(packaged_model()), help="a name or a folder (default: the packaged copy)"
    )
    parser.add_argument(
        "--texts", required=True, help="a csv file; the first distinct texts of its first column are taken"
    )
    parser.add_argument("--count", type=int, default=10, help="how many texts (default: %(default)s)")
    parser.add_argument(
        "--layers", type=int, nargs="+", default=[0, -2], help="layers (default: the first, the last but one)"
    )
    options = parser.parse_args()
    rows = tables.rows(tables.text_of(options.texts), options.texts)
    texts = list(dict.fromkeys(row[0] for _, row in rows if row))[: options.count]
    model = XSTransformer(options.model)
    print("| layer | nodes: median, most | error: median, most | seconds a text |\n|---|---|---|---|")
    for layer in options.layers:
        start = time.perf_counter()
        vectors = model.token_vectors(texts, method=HiddenStates(layer=layer))
        seconds = (time.perf_counter() - start) / len(texts)
        nodes, errors = [v.nodes for v in vectors], [v.error for v in vectors]
        print(
            f"| {vectors[0].layer} | {statistics.median(nodes):g}, {max(nodes)} "
            f"| {statistics.median(errors):.1e}, {max(errors):.1e} | {seconds:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
