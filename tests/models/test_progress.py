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
