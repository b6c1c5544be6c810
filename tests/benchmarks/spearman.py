"""What exactness costs in accuracy: Spearman on a test split, with and without the shift, as a table.

python -m tests.benchmarks.spearman --data FOLDER --runs FOLDER
python -m tests.benchmarks.spearman --data FOLDER --runs FOLDER --seeds 0 1 2 --epochs 2

Each row that is trained is a run of train.py; finished ones are kept in --runs and used again, and one that
was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from xsbert import XSTransformer
from xsbert.training import evaluator, load_splits, starting_model

TRAIN = Path(__file__).parents[2] / "train.py"
SIMILARITIES = ("cosine", "dot")
TRAINED = {
    "fine-tuned without the shift": ["--no-shift"],
    "fine-tuned with the shift": [],
    "with the shift, low-rank": ["--lora", "RANK"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sentence-transformers/all-MiniLM-L6-v2", help="(%(default)s)")
    parser.add_argument("--data", default="sentence-transformers/stsb", help="as train.py takes it (%(default)s)")
    parser.add_argument("--runs", required=True, type=Path, help="a folder for the trained models")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="(%(default)s)")
    parser.add_argument("--similarities", nargs="+", choices=SIMILARITIES, default=SIMILARITIES)
    parser.add_argument("--epochs", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--rank", default="4", help="of the low-rank adapters (%(default)s)")
    options = parser.parse_args()
    splits = load_splits(options.data)
    table: dict[str, dict[str, list[float]]] = {}
    for similarity in options.similarities:
        judge = evaluator(splits["test"], "test", similarity)
        for name, model in untrained(options.model, similarity, splits).items():
            table.setdefault(name, {})[similarity] = [judge(model)[f"test_spearman_{similarity}"]]
    for seed in options.seeds:
        for similarity in options.similarities:
            for name, more in TRAINED.items():
                reached = trained(options, similarity, seed, more)["test"]["spearman"]
                table.setdefault(name, {}).setdefault(similarity, []).append(reached)
    print(f"| | {' | '.join(options.similarities)} |\n|---|{'---|' * len(options.similarities)}")
    for name, figures in table.items():
        print(f"| {name} | {' | '.join(cell(figures[similarity]) for similarity in options.similarities)} |")


def untrained(name: str, similarity: str, splits: Any) -> dict[str, XSTransformer]:
    shifted = starting_model(name, shift=True, similarity=similarity, texts=splits["train"]["sentence1"][:256])
    return {"as it is": XSTransformer(name), "shifted, not trained": shifted}


def trained(options: argparse.Namespace, similarity: str, seed: int, more: list[str]) -> dict[str, Any]:
    more = [word.replace("RANK", options.rank) for word in more]
    folder = options.runs / "_".join(["run", similarity, str(seed), *(word.strip("-") for word in more)])
    recipe = ["--model", options.model, "--data", options.data, "--similarity", similarity, "--seed", str(seed)]
    recipe += ["--epochs", str(options.epochs), *more]
    subprocess.run([sys.executable, TRAIN, *recipe, "--output", folder, "--resume"], check=True)
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))


def cell(values: list[float]) -> str:
    spread = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.2f}{spread}"


if __name__ == "__main__":
    main()
