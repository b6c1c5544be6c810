"""Many workers on one store: processes, Ray's actors, `datasets.map`; each adds its own batches, and may be killed."""

import os
import signal
import threading
import time

import pytest
from datasets import Dataset

from xsbert import XSTransformer
from xsbert.corpus import VectorStore
from xsbert.corpus.sources import chunks, source_of

TEXTS = [f"{text} {i}" for i in range(25) for text in ("The coffee is bad.", "A dog barks.", "Tea, please!")]


@pytest.fixture
def store(tiny_folders, tmp_path):
    return XSTransformer(str(tiny_folders["mpnet_shelf"]), device="cpu").vector_store(tmp_path / "s.lance")


def same(store, texts):
    """Whether the store holds what the model gives for these texts, each once."""
    expected = {v.text: v for v in store.model.token_vectors(texts[:5])}
    kept = dict(store.items())
    assert len(kept) == len(store) == len(set(texts))
    assert {v.text for v in kept.values()} == set(texts)
    for v in kept.values():
        if v.text in expected:
            assert abs(v.vectors - expected[v.text].vectors).max() < 2e-3 * abs(expected[v.text].vectors).max()
    return True


def test_the_vectorizer_is_one_for_a_loop_and_for_datasets(store):
    vectorizer = store.vectorizer()
    (part,) = chunks(source_of(TEXTS[:9]).documents, 100)
    by_loop = vectorizer(part)
    given = Dataset(part)
    by_map = given.with_format("arrow").map(vectorizer, batched=True, batch_size=4)
    assert by_map.column_names == by_loop.column_names
    assert by_map.with_format("arrow")[:]["text"].to_pylist() == TEXTS[:9]
    assert store._table.insert(by_loop) == 9
    assert same(store, TEXTS[:9])
    assert store._table.insert(by_map.with_format("arrow")[:].cast(by_loop.schema)) == 0


def test_a_process_for_each_device(store):
    assert store.add(TEXTS, device=["cpu", "cpu"], chunk_size=10) == len(TEXTS)
    assert same(store, TEXTS)
    with pytest.raises(ValueError, match=r"is in .* with another text"):
        store.add(["other"], [next(iter(store))], device=["cpu", "cpu"])


def test_an_interrupted_run_goes_on(store):
    def interrupted():
        for text in TEXTS:
            if len(store) >= 6:
                os.kill(os.getpid(), signal.SIGINT)
            yield text

    with pytest.raises(KeyboardInterrupt):
        store.add(interrupted(), chunk_size=2)
    there = len(store)
    assert 6 <= there < len(TEXTS)
    assert there % 2 == 0
    assert not store.model.training
    assert store.add(TEXTS) == len(TEXTS) - there
    assert same(store, TEXTS)


def test_rays_actors_one_of_which_is_killed(store, monkeypatch):
    """Two actors on a real local Ray: one is killed in the middle, and the result is as if it had not been."""
    import psutil

    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    killed = []

    def kill():
        while len(VectorStore(store.uri)) < 5:
            time.sleep(0.05)
        for process in (process for process in psutil.process_iter() if "Appender" in _name(process)):
            process.kill()
            killed.append(process.pid)
            return

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    assert store.add(TEXTS[:3]) == 3  # a run before: no document twice
    assert store.add(TEXTS, workers=2, chunk_size=5) == len(TEXTS) - 3
    thread.join(timeout=1)
    assert len(killed) == 1
    assert same(store, TEXTS)
    with pytest.raises(ValueError, match=r"is in .* with another text"):
        store.add(["other"], [next(iter(store))], workers=1)


def _name(process):
    """What Ray calls one of its processes; "" where it has ended meanwhile, or is not ours to look at."""
    import psutil

    try:
        name = " ".join(process.cmdline() or [process.name()])
    except psutil.Error:
        return ""
    return name if "ray::" in name else ""


def test_workers_are_counted(store):
    with pytest.raises(ValueError, match="workers got 0"):
        store.add(TEXTS, workers=0)
    with pytest.raises(ValueError, match="chunk_size got 0"):
        store.add(TEXTS, chunk_size=0)
