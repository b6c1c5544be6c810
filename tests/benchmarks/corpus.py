"""What a collection costs: making it, and asking it. Prints a Markdown table.

python -m tests.benchmarks.corpus --texts dev.csv                        # the packaged all-MiniLM-L6-v2
python -m tests.benchmarks.corpus --texts dev.csv --stored 100000 --folder FOLDER
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.benchmarks.attribution import operations
from tests.benchmarks.measure import matrix_rate
from xsbert import XSTransformer, tables
from xsbert.attribution import attribute
from xsbert.corpus import VectorStore
from xsbert.corpus.rows import rows_of
from xsbert.models.loading.default import packaged_model

QUERY = "a man plays the guitar"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--model", default=str(packaged_model()), help="a name or a folder (default: the packaged copy)")
    option("--texts", required=True, help="a csv file; the distinct texts of its first column are taken")
    option("--count", type=int, default=500, help="how many texts are made (default: %(default)s)")
    option("--stored", type=int, default=100_000, help="documents in the store, made by repeating (%(default)s)")
    option("--asked", type=int, default=1000, help="documents of a query (default: %(default)s)")
    option("--folder", help="where the store is kept (default: a folder that is taken away)")
    options = parser.parse_args()
    rows = tables.rows(tables.text_of(options.texts), options.texts)
    texts = list(dict.fromkeys(row[0] for _, row in rows if row))[: options.count]
    model = XSTransformer(options.model, device="cpu")
    print("| what | |\n|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        vectors = making(model, texts, folder / "made.lance")
        precision(model, vectors, folder)
        asking(model, vectors, options.stored, options.asked, folder / "stored.lance")


def making(model, texts, path):
    """The rate at which token vectors are made, beside the machine's matrix rate."""
    rates = [matrix_rate(model.config.hidden_size)]
    start = time.perf_counter()
    vectors = model.token_vectors(texts)
    seconds = time.perf_counter() - start
    rates.append(matrix_rate(model.config.hidden_size))
    config, rate = model.config, statistics.mean(rates)
    layers = config.num_hidden_layers - vectors[0].layer
    needed = sum(
        each.nodes * operations(layers, len(each.tokens), sum(at is not None for at in each.offsets),
                                config.hidden_size, config.intermediate_size)
        for each in vectors
    )  # fmt: skip
    line(f"token vectors of {len(texts)} texts", f"{len(texts) / seconds:.1f} texts a second")
    line(
        "what the nodes need, as a share of the matrix rate",
        f"{needed / seconds / rate:.0%} of {rate / 1e9:.0f} GFLOP/s",
    )
    store = model.vector_store(path)
    start = time.perf_counter()
    store.add(texts, show_progress_bar=False)
    line("`store.add` of the same", f"{len(texts) / (time.perf_counter() - start):.1f} texts a second")
    return vectors


def precision(model, vectors, folder):
    """The worst cell of an attribution from storage, as a share of its largest."""
    for name in ("int16", "float16", "int8"):
        store = model.vector_store(folder / f"{name}.lance", precision=name)
        some = vectors[:200]
        store._table.insert(rows_of([f"{i}" for i in range(len(some))], some, store.recipe))
        kept = store._vectors([f"{i}" for i in range(len(some))])
        misses = []
        for i in range(len(some) - 1):
            exact = attribute(some[i], some[i + 1]).matrix
            misses.append(np.abs(attribute(kept[i], kept[i + 1]).matrix - exact).max() / np.abs(exact).max())
        line(
            f"{name}: worst cell over largest, of {len(misses)} pairs",
            f"median {np.median(misses):.1e}, most {max(misses):.1e}",
        )


def asking(model, vectors, stored, asked, path):
    """Times of a store with so many documents."""
    if not path.exists():
        store = model.vector_store(path)
        base = rows_of([str(i) for i in range(len(vectors))], vectors, store.recipe)
        for start in range(0, stored, len(base)):
            ids = pa.array([str(start + i) for i in range(len(base))])
            store._table.insert(base.set_column(0, base.schema.field(0), ids))
        seconds = timed(store.optimize, 1)
        line(f"`store.optimize()` after {stored // len(base)} appends", f"{seconds:.1f} s")
    store = VectorStore(path, model)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    line(
        f"a store of {len(store):,} documents, {np.mean([len(v.tokens) for v in vectors]):.0f} tokens each",
        f"{size / 1e9:.2f} GB",
    )
    line("`VectorStore(path)`", f"{1e3 * timed(lambda: VectorStore(path), 20):.1f} ms")
    chance = np.random.default_rng(0)
    names = [str(i) for i in chance.permutation(len(store))]
    line("`store[id]`", f"{1e3 * timed(lambda: store[names.pop()], 200):.2f} ms")
    line(
        "a stored pair, explained",
        f"{1e3 * timed(lambda: attribute(store[names.pop()], store[names.pop()]), 100):.2f} ms",
    )
    line("the query's own vectors", f"{timed(lambda: store._query(QUERY), 5):.3f} s")
    some = [names.pop() for _ in range(asked)]
    line(f"`store.explain(query, ids)`, {asked:,} ids", f"{timed(lambda: store.explain(QUERY, some), 5):.3f} s")
    page = path.parent / "page.html"
    line("the same with its page", f"{timed(lambda: store.explain(QUERY, some).save(page), 3):.3f} s")
    line("`store.search(query, 10)`, all compared", f"{timed(lambda: store.search(QUERY), 5):.3f} s")


def timed(work, runs):
    """The median of some runs, in seconds, after one that warms up."""
    seconds = []
    for _ in range(runs + (runs > 1)):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[runs > 1 :])


def line(what, value):
    print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
