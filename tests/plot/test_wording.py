"""Hints of what the model read, on the pages' words and in what is said of them."""

import pytest

from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates
from xsbert.plot import page

RULE = HiddenStates(layer=-1, quadrature=GaussLegendre(6))
A, B = "Café", "a Good café with tea"


@pytest.fixture(scope="module")
def x(minilm):
    return minilm.explain(A, B, method=RULE)


def test_a_word_tells_what_the_model_read(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    word = shown.locator("#text-a .w", has_text="Café")
    assert word.get_attribute("title") == "the model read “cafe”"
    assert shown.locator("#text-b .w", has_text="tea").get_attribute("title") is None
    assert shown.locator("#text-b .w", has_text="Good").get_attribute("title") == "the model read “good”"
    assert shown.locator("#pairs td[title]", has_text="café").first.get_attribute("title") == "the model read “cafe”"
    word.hover()
    assert shown.locator("#status").inner_text().startswith("“Café” (the model read “cafe”) in text A: ")
    shown.locator("#text-b .w", has_text="Good").hover()  # of lower case alone the hint is enough
    assert "the model read" not in shown.locator("#status").inner_text()


def test_a_tap_tells_it_too(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path, width=360, touch=True)
    shown.locator("#text-b .w", has_text="café").tap()
    assert shown.locator("#status").inner_text().startswith("“café” (the model read “cafe”) in text B: ")


def test_a_ranking_tells_it_and_so_does_a_document_that_is_opened(browser, minilm, tmp_path):
    shown = browser.open(page(minilm.explain_ranking("Café", ["Zoë’s café", "tea"], method=RULE)), tmp_path)
    assert shown.locator("#query .w", has_text="Café").get_attribute("title") == "the model read “cafe”"
    document = shown.locator("#document-0 .w", has_text="Zoë’s")
    assert document.get_attribute("title") == "the model read “zoe’s”"
    document.hover()
    assert "“Zoë’s” (the model read “zoe’s”) in document 1" in shown.locator("#status").inner_text()
    with shown.expect_popup() as opened:
        shown.locator("[data-open='0']").click()
    assert opened.value.locator("#text-b .w", has_text="café").get_attribute("title") == "the model read “cafe”"
