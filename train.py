"""Fine-tunes an exact model: one that embeds its reference as zero, so that token pairs sum to its own score by the
papers' method. By presence, the default, they do so on any model as it is.

python train.py --output models/exact
python train.py --output models/exact --resume
python train.py --output models/dot --model microsoft/mpnet-base --data FOLDER --similarity dot
python train.py --output models/small --lora 4
python train.py --output models/ordinary --no-shift

The folder gets the model, which xsbert.models.load_model takes by its path, its card (README.md) and what it
reached (figures.json). A run that was broken off goes on with --resume, and ends where it would have ended.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any

EVALUATIONS = 2  # of the dev split in an epoch; a checkpoint each


def number(kind: type, low: float, high: float = math.inf) -> Any:
    def checked(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"got {text!r}; expected a number from {low} to {high}")
        return value

    return checked


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--output", required=True, help="a new folder for the model; checkpoints go there too, until it is finished")
    add(
        "--model",
        default="sentence-transformers/all-MiniLM-L6-v2",
        help="where to start: a sentence-transformers model or a plain transformer, by name or folder (%(default)s)",
    )
    add(
        "--data",
        default="sentence-transformers/stsb",
        help="a folder with train, dev and test as csv or tsv, gzipped or not; one such file with a column 'split'; "
        "or a dataset on the hub (%(default)s)",
    )
    add("--similarity", choices=("cosine", "dot"), default="cosine", help="what is fitted to the scores (%(default)s)")
    add("--no-shift", dest="shift", action="store_false", help="train an ordinary model, for comparison")
    add(
        "--lora", type=number(int, 1), metavar="R", help="train low-rank adapters only, and keep them in OUTPUT/adapter"
    )
    add("--epochs", type=number(int, 1), default=4, help="(%(default)s)")
    add("--batch", type=number(int, 1), default=16, help="pairs in a batch (%(default)s)")
    add("--lr", type=number(float, 0), help="the highest learning rate (5e-5; with --lora 1e-3)")
    add("--warmup", type=number(float, 0, 0.9), default=0.1, help="the share of steps that lead up to it (%(default)s)")
    help = "with dot: how much it weighs that a text scores 1 with itself; 0 for the published loss (%(default)s)"
    add("--self-similarity", metavar="W", type=number(float, 0), default=1.0, help=help)
    add("--seed", type=number(int, 0), default=0, help="(%(default)s)")
    add("--precision", choices=("float32", "bfloat16", "float16"), default="float32", help="(%(default)s)")
    add("--resume", action="store_true", help="go on with the run that was begun in OUTPUT")
    options = parser.parse_args(arguments)
    if options.lr is None:
        options.lr = 1e-3 if options.lora else 5e-5
    return options


def train(options: argparse.Namespace) -> dict[str, Any]:
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from transformers import set_seed

    from xsbert.models import DotSimilarityLoss, XSTransformer
    from xsbert.models.exact.adapters import join_adapters
    from xsbert.training import (
        BatchesOfLikeLength,
        Output,
        add_adapters,
        check_peft,
        evaluator,
        load_splits,
        starting_model,
    )

    # What can't be trained on, or with, stops here: before a model is loaded or a folder made.
    if options.lora:
        check_peft()
    splits = load_splits(options.data)
    recipe = {name: value for name, value in vars(options).items() if name not in ("output", "resume")}
    output = Output(options.output, recipe, options.resume)
    if output.figures:
        return output.figures

    def start() -> XSTransformer:
        set_seed(options.seed)
        texts = splits["train"]["sentence1"][:256]
        return starting_model(options.model, shift=options.shift, similarity=options.similarity, texts=texts)

    model = start()
    if options.lora:
        add_adapters(model, options.lora)
    output.begin()
    if options.similarity == "cosine":
        loss = CosineSimilarityLoss(model)
    else:
        loss = DotSimilarityLoss(model, self_similarity=options.self_similarity)
    judges = {split: evaluator(splits[split], split, options.similarity) for split in ("dev", "test")}
    every = max(1, math.ceil(len(splits["train"]) / options.batch) // EVALUATIONS)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(output.checkpoints),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch,
        learning_rate=options.lr,
        warmup_steps=options.warmup,
        seed=options.seed,
        use_cpu=model.device.type == "cpu",
        bf16=options.precision == "bfloat16",
        fp16=options.precision == "float16",
        batch_sampler=BatchesOfLikeLength,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,  # the last and the best
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_dev_spearman_{options.similarity}",
        logging_steps=every,
        dataloader_pin_memory=False,  # gives these small batches nothing, and fails where a GPU is the default device
        report_to="none",
    )
    trainer = SentenceTransformerTrainer(model, arguments, splits["train"], loss=loss, evaluator=judges["dev"])
    trainer.train(resume_from_checkpoint=output.last_checkpoint())

    best = trainer.state.best_model_checkpoint
    if options.lora:
        model = start()
        output.keep_adapters(best)
        join_adapters(model.transformers_model, output.adapters)
    else:
        model = XSTransformer(best)
    model.save_pretrained(str(output.folder), create_model_card=False)
    figures = {"steps": trainer.state.max_steps, "best_step": trainer.state.best_global_step}
    for split, judge in judges.items():
        reached = judge(model)
        figures[split] = {"pairs": len(splits[split])} | {
            name: reached[f"{split}_{name}_{options.similarity}"] for name in ("spearman", "pearson")
        }
    output.finish(figures)
    return figures


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        figures = train(options)
    except (OSError, TypeError, ValueError, ImportError) as error:
        print(f"train.py: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train.py: interrupted; the same command with --resume goes on", file=sys.stderr)
        return 130
    for split in ("dev", "test"):
        print(f"{split:<5} {figures[split]['pairs']:,} pairs  Spearman {100 * figures[split]['spearman']:.2f}")
    print(f"{options.output} holds the model; load it with xsbert.models.load_model({options.output!r})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
