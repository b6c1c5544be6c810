"""What a ranking's page answers: two documents contrasted, and the sentences of a long one that matter."""

import re

import pytest

from tests.helpers.browser import browsers
from xsbert import contrast
from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates
from xsbert.plot import page

FAST = HiddenStates(layer=-1, quadrature=GaussLegendre(2))
LONG = "The weather was fine. " * 6 + "The hotel was cheap and near the station. " + "We saw the sea and a museum. " * 8


@pytest.fixture(scope="module")
def ranking(minilm):
    return minilm.explain_ranking("cheap hotel", ["Luxury suites.", LONG, "A cheap hotel in Rome."])


def number(text):
    return float(text.replace("−", "-"))


def test_two_documents_are_contrasted(ranking, tmp_path):
    made = contrast(ranking[0].words(), ranking[2].words())
    with browsers() as browser:
        shown = browser.open(page(ranking), tmp_path)
        status, buttons = shown.locator("#status"), shown.get_by_role("button", name="contrast")
        buttons.nth(0).click()
        shown.mouse.move(1, 1)
        assert status.inner_text() == "Document 1 is contrasted with the next that you choose."
        buttons.nth(2).click()
        shown.mouse.move(1, 1)
        said = status.inner_text()
        apart = re.search(r"Document 1 is ([+−]\S+) more similar than document 3", said)[1]
        assert number(apart) == pytest.approx(made.score_difference, abs=1e-3)
        for word, value in made.top(2):
            found = re.search(rf"“{word}” ([+−][\d.]+)", said)[1]
            assert number(found) == pytest.approx(value, abs=1e-3)
        buttons.nth(0).click()
        assert buttons.nth(0).get_attribute("aria-pressed") == "false"
        assert browser.troubles == []


def test_of_a_long_document_the_sentences_that_matter_are_shown(ranking, tmp_path):
    place = next(n for n, x in enumerate(ranking) if x.text_b == LONG)
    with browsers() as browser:
        shown = browser.open(page(ranking), tmp_path, width=500)
        box = shown.locator(f"#document-{place}")
        assert "The hotel was cheap and near the station." in box.inner_text()
        assert box.inner_text().startswith("…")
        assert box.inner_text().count(".") == 3
        shown.get_by_role("button", name="Show all").click()
        assert box.inner_text().strip() == LONG.strip()
        assert browser.troubles == []


def test_a_document_opens_its_own_page(minilm, tmp_path):
    hostile = "A cheap </script><script>window.hacked = 1</script> hotel."
    ranking = minilm.explain_ranking("cheap hotel", ["Luxury suites.", hostile])
    place = list(ranking.documents).index(hostile)
    x = ranking[place].words()
    with browsers() as browser:
        shown = browser.open(page(ranking), tmp_path)
        with shown.expect_popup() as popup:
            shown.get_by_role("button", name="open").nth(place).click()
        pair = popup.value
        assert pair.locator(".lead").is_visible()
        assert pair.locator(".lead").inner_text() == f"{x.score:.3f} similar = the sum of all word pairs"
        assert pair.locator("#text-b").inner_text() == hostile
        pair.locator("#text-a .w", has_text="cheap").hover()
        assert f"“cheap” +{x.matrix[x.tokens_a.index('cheap'), x.tokens_b.index('cheap')]:.3f}" in (
            pair.locator("#status").inner_text()
        )
        assert pair.locator("#pairs tr").count() == 10
        pair.get_by_label("function words").check()
        assert pair.evaluate("window.hacked") is None
        assert browser.troubles == []


def test_on_a_phone_nothing_overlaps_and_the_hint_is_for_fingers(browser, minilm, tmp_path):
    shown = browser.open(
        page(minilm.explain_ranking("bad coffee", ["Tea.", "Coffee."])), tmp_path, width=360, touch=True
    )
    for item in shown.locator(".documents > li").all():
        text = item.locator(".words").bounding_box()
        for button in item.locator(".place button").all():
            place = button.bounding_box()
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= text["x"]
    hint = shown.locator("#status").inner_text()
    assert "Tap a word" in hint
    assert "Point at" not in hint


def test_at_a_desk_the_hint_is_for_a_mouse(browser, minilm, tmp_path):
    shown = browser.open(page(minilm.explain_ranking("bad coffee", ["Tea.", "Coffee."])), tmp_path)
    assert "Point at a word, or move to it with Tab and the arrow keys." in shown.locator("#status").inner_text()


@pytest.mark.parametrize("width", [360, 1000])
def test_a_long_document_is_cut_between_lines(browser, minilm, tmp_path, width):
    ranking = minilm.explain_ranking("coffee", ["The coffee was bad, and so was all the rest of it: " * 8], method=FAST)
    shown = browser.open(page(ranking), tmp_path, width=width)
    style = "b => [b.clientHeight, getComputedStyle(b).paddingTop, getComputedStyle(b).lineHeight].map(parseFloat)"
    height, padding, line = shown.locator("#document-0").evaluate(style)
    assert (height - padding) / line == pytest.approx(4, abs=0.05)
    shown.get_by_role("button", name="Show all").click()
    box = shown.locator("#document-0")
    assert box.evaluate("b => b.scrollHeight - b.clientHeight") <= 1


@pytest.mark.filterwarnings("ignore:Of the text")
def test_what_the_model_does_not_know_is_counted_for_all(minilm):
    ranking = minilm.explain_ranking("🦩 tea", ["Tea 🦩.", "Good coffee 🦩", "tea"], method=FAST)
    assert "3 of 9 tokens are not in the model&#39;s vocabulary: it reads them all as one" in page(ranking)
    assert "vocabulary: it" not in page(minilm.explain_ranking("tea", ["Tea."], method=FAST)).partition("<script")[0]
