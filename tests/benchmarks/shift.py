"""What the shift costs in `encode`: a model with it and without, alternating, as a ratio.

python -m tests.benchmarks.shift --texts dev.csv
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from xsbert import XSTransformer, tables
from xsbert.models import ShiftingReferenceTransformer
from xsbert.models.loading.default import packaged_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default=str(packaged_model()), help="a name or a folder (default: the packaged copy)"
    )
    parser.add_argument("--texts", required=True, help="a csv file, whose first column is encoded")
    parser.add_argument("--count", type=int, default=1000, help="how many texts (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="(%(default)s)")
    options = parser.parse_args()
    texts = [row[0] for _, row in tables.rows(tables.text_of(options.texts), options.texts) if row][: options.count]
    plain = XSTransformer(options.model)
    shifted = XSTransformer(modules=[ShiftingReferenceTransformer.of(plain[0]), *list(plain)[1:]])
    plain.encode(texts[:32])
    seconds: dict[str, list[float]] = {"plain": [], "shifted, the first time": [], "shifted": []}
    for _ in range(options.runs):
        shifted.train().eval()  # drops the references that are kept
        for name, model in zip(seconds, (plain, shifted, shifted), strict=True):
            start = time.perf_counter()
            model.encode(texts)
            seconds[name].append(time.perf_counter() - start)
    print(f"{len(texts)} texts, {torch.get_num_threads()} threads, torch {torch.__version__}, {options.runs} runs\n")
    print("| | seconds, median | times plain |\n|---|---|---|")
    for name, values in seconds.items():
        ratio = statistics.median(value / base for value, base in zip(values, seconds["plain"], strict=True))
        print(f"| {name} | {statistics.median(values):.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
