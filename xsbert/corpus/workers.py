"""Many processes, and many machines, that append to one store: each its own batches."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

import pyarrow as pa
import torch

from xsbert.corpus.table import Table
from xsbert.corpus.vectorizer import Appender, Vectorizer, new_documents
from xsbert.models.progress import Progress

BATCHES_IN_HAND = 2
"""Batches of documents that wait for each process."""
_appender: Appender


def add_by_processes(
    uri: str, vectorizer: Vectorizer, parts: Iterator[pa.Table], devices: Sequence[str], progress: Progress
) -> None:
    """Appends batches of documents by a process for each device.

    Raises:
        RuntimeError: a process died; what it had finished is there.
    """
    context = torch.multiprocessing.get_context("spawn")
    waiting = context.SimpleQueue()
    for device in devices:
        waiting.put(device)
    threads = max(1, torch.get_num_threads() // len(devices))
    sizes: dict[Future[None], int] = {}
    with ProcessPoolExecutor(len(devices), context, _start, (uri, vectorizer, waiting, threads)) as pool:
        try:
            while True:
                for part in islice(parts, BATCHES_IN_HAND * len(devices) - len(sizes)):
                    sizes[pool.submit(_append, part)] = len(part)
                if not sizes:
                    return
                for future in wait(sizes, return_when=FIRST_COMPLETED).done:
                    future.result()
                    progress.done(sizes.pop(future))
        except BrokenProcessPool as cause:
            raise RuntimeError(
                "a process that computes token vectors died, perhaps for want of memory; what was finished is in the "
                "store. Add the same documents again to go on, with memory= or fewer devices."
            ) from cause
        finally:
            pool.shutdown(cancel_futures=True)


def _start(uri: str, vectorizer: Vectorizer, devices: Any, threads: int) -> None:
    global _appender
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch in hand is finished
    torch.set_num_threads(threads)
    _appender = Appender(uri, vectorizer, devices.get())


def _append(documents: pa.Table) -> None:
    _appender(documents)


def add_by_ray(
    uri: str,
    vectorizer: Vectorizer,
    parts: Iterator[pa.Table],
    workers: int,
    progress: Progress,
    address: str | None = None,
    gpus: float = 0,
) -> None:
    """Appends batches of documents by Ray's actors, on this machine or a cluster. A dead actor's batch is done anew.

    Args:
        uri, vectorizer, parts, progress: as above; on a cluster all machines see the store under `uri`.
        workers: how many actors.
        address: "auto", or a cluster's address; None for this machine.
        gpus: how many GPUs an actor has.

    Raises:
        ImportError: Ray is not installed.
        ValueError: an id is there with another text.
    """
    try:
        import ray
    except ImportError as cause:
        raise ImportError('workers need Ray, which is not installed: pip install "xsbert[ray]".') from cause
    table, new = Table(uri), []
    for part in parts:  # refused here, in plain words, and not by an actor
        new.append(new_documents(table, part))
        progress.done(len(part) - len(new[-1]))
    new = [part for part in new if len(part)]
    if not new:
        return
    ours = not ray.is_initialized()
    if ours:
        here: dict[str, Any] = {"num_cpus": max(workers, os.cpu_count() or 1)} if address is None else {}
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False, **here)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        done = ray.data.from_arrow(new).map_batches(
            Appender,
            fn_constructor_args=(uri, vectorizer, "cuda" if gpus else None),
            batch_format="pyarrow",
            batch_size=None,  # a part each
            concurrency=workers,
            num_gpus=gpus or None,
        )
        for batch in done.iter_batches(batch_format="pyarrow", batch_size=None):
            progress.done(len(batch))
    finally:
        if ours:
            ray.shutdown()
