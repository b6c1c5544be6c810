"""A collection's token vectors: made from a file, told about, put in order."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from xsbert.command import loading
from xsbert.command.terminal.characters import shown
from xsbert.command.terminal.messages import say

if TYPE_CHECKING:
    from xsbert.corpus.store import VectorStore


def run(options: argparse.Namespace) -> str:
    """Does what was asked of a store, and gives what is printed."""
    if options.action == "add":
        return _add(options)
    store = opened(options.store)
    if options.action == "optimize":
        say("joining what was appended …")
        store.optimize(options.search_index)
    return _told(store)


def opened(path: str, options: argparse.Namespace | None = None) -> VectorStore:
    """A store that is there; with the model that `--model` names, else with its own once it is needed.

    Raises:
        FileNotFoundError: there is none.
        ValueError: Lance is not installed, or the store is of another model, method or similarity.
    """
    try:
        from xsbert.corpus import VectorStore
    except ImportError as cause:
        raise ValueError('a store needs Lance, which is not installed: pip install "xsbert[corpus]".') from cause
    loading.hide_bars()
    model = None if options is None or options.model is None else loading.load(options.model)[0]
    return VectorStore(path, model)


def _add(options: argparse.Namespace) -> str:
    from xsbert.corpus.sources import source_of

    source_of(options.file, None, options.column, options.id, ("--column", "--id"))  # refused before a store is made
    try:
        store = opened(options.store, options)
        asked = {"similarity": options.similarity, "precision": options.precision}
        store.check(method=loading.asked_method(options), **asked)
    except FileNotFoundError:
        store = _made(options)
    workers = options.workers or (1 if options.address else None)
    devices = options.device if options.device is None or len(options.device) > 1 else options.device[0]
    added = store.add(
        options.file, column=options.column, id_column=options.id, chunk_size=options.chunk_size, device=devices,
        workers=workers, address=options.address, gpus=options.gpus,
    )  # fmt: skip
    store.optimize()
    return f"added  {added:,} documents\n{_told(store)}"


def _made(options: argparse.Namespace) -> VectorStore:
    model, _ = loading.load(options.model)
    asked = {"similarity": options.similarity, "precision": options.precision}
    return model.vector_store(options.store, method=loading.asked_method(options), **asked)


def _told(store: VectorStore) -> str:
    info = store.info()
    count, fragments = info["documents"], info["fragments"]
    how = [f"{info['dimensions']} dimensions", info["precision"], info["similarity"]]
    index = "an index of the embeddings" if info["search_index"] else "no index of the embeddings"
    return "\n".join(
        [
            f"store  {shown(store.uri)}",
            f"       {count:,} document{'' if count == 1 else 's'} in {fragments:,} fragment"
            f"{'' if fragments == 1 else 's'}, {index}",
            f"model  {shown(info['model'])}; {', '.join(how)}",
            f"       {info['method']}",
        ]
    )
