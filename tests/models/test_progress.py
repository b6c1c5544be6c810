"""Long work shows how far it is, where somebody looks; short work shows nothing."""

from dataclasses import replace

import pytest

from xsbert.attribution import Forward, GaussLegendre, Reverse
from xsbert.models import HiddenStates, progress

A, LONG = "Coffee", "The dog runs after the kitten in the yard, and the cat sleeps. " * 4
OPTIONS = HiddenStates(layer=-1, quadrature=GaussLegendre(8))


class Bar:
    """Remembers what it was told."""

    def __init__(self, **options):
        self.options, self.n, self.seen = options, 0, []
        Bar.last = self

    def update(self, count):
        self.n += count
        self.seen.append(self.n)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, message, file):
        print(message, file=file)


@pytest.fixture
def bar(monkeypatch):
    monkeypatch.setattr(progress, "tqdm", Bar)


@pytest.mark.parametrize(("mode", "texts"), [(Forward(), 2), (Reverse(), 2)], ids=repr)
def test_it_moves_within_a_long_text(minilm, bar, mode, texts):
    minilm.explain(A, LONG, method=replace(OPTIONS, mode=mode), memory=3_000_000, show_progress_bar=True)
    seen = Bar.last.seen
    assert Bar.last.options["total"] == texts
    assert seen == sorted(seen)
    assert seen[-1] == texts
    assert len([at for at in seen if at % 1 > 0]) > 5


def test_work_that_is_part_of_other_work_moves_its_bar(minilm, bar):
    with progress.progress_of(5, True, "Pairs") as pairs:
        whole = Bar.last
        for count in (2, 3):
            with pairs.part(count):
                minilm.explain_pairs([(A, LONG)] * count, method=OPTIONS, memory=3_000_000)
            assert whole.seen[-1] == pytest.approx(5 if count == 3 else 2)
        assert Bar.last is whole
    assert whole.seen == sorted(whole.seen)
    assert len([at for at in whole.seen if at % 1 > 0]) > 5
    minilm.explain(A, LONG, method=OPTIONS)
    assert Bar.last is not whole


def test_ranking_shows_how_many_documents_are_compared(minilm, bar, monkeypatch):
    monkeypatch.setattr("xsbert.models.encoders.nearest.TEXTS_AT_ONCE", 2)
    bars = []
    monkeypatch.setattr(Bar, "__enter__", lambda self: bars.append(self) or self)
    documents = ["one", "two", "of a coffee", "four", "coffee", "one"]
    ranking = minilm.explain_ranking(A, documents, top=2, method=OPTIONS, show_progress_bar=True)
    assert [(each.options["desc"], each.options["total"]) for each in bars] == [("Documents", 5), ("Texts", 3)]
    assert bars[0].seen == [2, 4, 5]
    assert ranking.documents == minilm.explain_ranking(A, documents, method=OPTIONS).documents[:2]


@pytest.mark.parametrize(
    ("show", "watched", "disable", "delay"),
    [
        (True, False, False, 0),
        (False, True, True, 0),
        (None, True, False, progress.SECONDS_OF_PATIENCE),
        (None, False, True, progress.SECONDS_OF_PATIENCE),
    ],
)
def test_by_default_it_is_for_those_who_look_and_wait(minilm, bar, monkeypatch, show, watched, disable, delay):
    monkeypatch.setattr(progress, "_is_watched", lambda: watched)
    for explain in (
        lambda: minilm.explain(A, A, show_progress_bar=show, method=OPTIONS),
        lambda: minilm.explain_pairs([(A, A)], show_progress_bar=show, method=OPTIONS),
        lambda: minilm.explain_ranking(A, [A], show_progress_bar=show, method=OPTIONS),
        lambda: minilm.token_vectors([A], show_progress_bar=show, method=OPTIONS),
    ):
        explain()
        assert (Bar.last.options["disable"], Bar.last.options["delay"]) == (disable, delay)


def test_what_it_shows(minilm, capfd):
    minilm.explain(A, LONG, show_progress_bar=True, method=OPTIONS)
    shown = capfd.readouterr().err
    assert "Texts: 100%|" in shown
    assert "2/2 [" in shown
    minilm.explain(A, LONG, method=OPTIONS)
    assert capfd.readouterr().err == ""
