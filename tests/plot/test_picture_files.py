"""Pictures elsewhere: beside long texts, in several grids, in notebooks, rankings, drawn files, and a page's data."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.helpers.browser import strengths
from tests.helpers.pictures import FLOOR, GRID, expected, patches, picture, pictured, status, two_pictures
from xsbert.attribution import ranked
from xsbert.plot import page
from xsbert.plot.html.kinds import kinds
from xsbert.plot.html.page_data import view


def test_patches_are_no_special_tokens():
    x = pictured(grid=GRID)
    assert kinds(x.tokens_b, x.offsets_b, frozenset(), GRID**2) == ["patch"] * GRID**2 + ["special"]
    data = view(x, "words")
    assert data["kinds_b"][:2] == ["patch", "patch"]
    assert data["labels_b"][GRID + 2] == "row 2, column 3"
    assert data["kinds_a"][0] == "function"  # the patches have no say in what the language is


def test_a_patch_without_a_part_keeps_its_place():
    x = pictured(grid=GRID)
    matrix = x.matrix.copy()
    matrix[:, 10:20] = 0
    assert replace(x, matrix=matrix).trimmed().tokens_b == x.tokens_b


def test_a_ranking_shows_its_pictures_shaded_by_the_query(browser, tmp_path):
    x = pictured(grid=GRID)
    ranking = ranked([x, replace(pictured(grid=GRID, strength=0.03), text_b="</p><b>other.png")])
    shown = browser.open(page(ranking), tmp_path)
    images = shown.locator("#documents img")
    assert images.count() == 2
    assert images.nth(1).get_attribute("alt") == "</p><b>other.png"
    found = """n => [...document.querySelectorAll(`#document-${n} .patches > rect`)]
        .map(p => +p.style.getPropertyValue('--t'))"""
    sums = [each.matrix[:, : GRID**2].sum(0) for each in ranking]
    most = max(FLOOR, *(np.abs(each).max() for each in sums))
    for n in range(2):
        assert np.abs(shown.evaluate(found, n)) == expected(np.abs(sums[n]), most)
    shown.locator("#query .w", has_text="circle").hover()
    circle = x.tokens_a.index("circle")
    assert shown.evaluate(found, 0) == expected(np.abs(x.matrix[circle, : GRID**2]), FLOOR)
    assert f"“circle” finds: “scene.png” in document 1 +{x.matrix[circle].sum():.3f}" in status(shown)
    with shown.expect_popup() as popup:
        shown.get_by_role("button", name="open").nth(1).click()
    opened = popup.value
    opened.locator("#text-a .w", has_text="circle").hover()
    assert max(patches(opened)) > 0.1
    assert opened.locator("#name-b").inner_text() == "</p><b>other.png"


def test_a_picture_can_be_the_query(browser, tmp_path):
    pair = two_pictures((GRID, 5))
    shown = browser.open(page(ranked([pair, replace(pair, matrix=pair.matrix / 2, score=0.3)])), tmp_path, width=360)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert shown.locator("#query img").count() == 1
    shown.locator("#documents li").first.hover()
    assert status(shown) == "What each patch of the query adds to the score of document 1"
    x = pictured()
    flipped = replace(
        x, text_a=x.text_b, text_b=x.text_a, tokens_a=x.tokens_b, tokens_b=x.tokens_a, offsets_a=x.offsets_b,
        offsets_b=x.offsets_a, matrix=np.ascontiguousarray(x.matrix.T), picture_a=x.picture_b, picture_b=None,
    )  # fmt: skip
    shown = browser.open(page(ranked([flipped])), tmp_path)
    assert strengths(shown, "document-0") == expected(x.matrix.sum(1), 0.25)
    with shown.expect_popup() as popup:
        shown.get_by_role("button", name="open").click()
    assert popup.value.locator("#picture-a img").count() == 1
    assert popup.value.locator("#text-b .w").count() == len(x.tokens_a)


def test_a_file_shows_the_picture_with_its_words(tmp_path):
    x = pictured(grid=14)
    x.save(tmp_path / "pair.png")
    with Image.open(tmp_path / "pair.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert (pixels[..., 0] - pixels[..., 2] > 60).sum() > 500
    assert (pixels[..., 2] - pixels[..., 0] > 15).sum() > 500
    x.save(tmp_path / "pair.svg")
    drawn = (tmp_path / "pair.svg").read_text(encoding="utf-8")
    assert drawn.count("<image ") == 6  # all words, four that are found in it, and the scale
    for text in (x.text_a, "all words together", f"circle  +{x.matrix[x.tokens_a.index('circle')].sum():.3f}"):
        assert f"<!-- {text} -->" in drawn
    two_pictures().save(tmp_path / "two.svg")
    assert (tmp_path / "two.svg").read_text(encoding="utf-8").count("<image ") == 3


@pytest.mark.parametrize("data", ["", "data:image/png;base64,AAAA", "data:image/png,x"])
def test_a_file_of_a_picture_that_is_not_kept_shows_its_patches(tmp_path, data):
    replace(pictured(grid=GRID), picture_b=picture(GRID, data=data)).save(tmp_path / "pair.svg")
    drawn = (tmp_path / "pair.svg").read_text(encoding="utf-8")
    assert drawn.count("<image ") == 1  # the scale
    assert "<!-- all words together -->" in drawn


def test_a_notebook_shows_it_in_a_frame(browser, tmp_path):
    x = pictured(grid=GRID)
    shown = browser.open(x._repr_html_(), tmp_path)
    inner = shown.frames[1]
    inner.locator("#text-a .w", has_text="circle").hover()
    assert patches(inner) == expected(x.matrix[x.tokens_a.index("circle"), : GRID**2], FLOOR)


def test_a_long_text_scrolls_to_what_a_box_goes_with(browser, tmp_path):
    x = pictured("And so on, and so on, until it comes to the end of it all. " * 8 + "A red square.")
    shown = browser.open(page(x), tmp_path, width=360)
    assert shown.locator("#picture-b").bounding_box()["y"] < 500
    inside = """word => { const [w, b] = [word, word.parentElement].map(e => e.getBoundingClientRect());
      return w.top >= b.top && w.bottom <= b.bottom; }"""
    square = shown.locator("#text-a .w", has_text="square")
    assert not square.evaluate(inside)
    box = shown.locator("#picture-b .patches > rect").nth(4 * GRID + 1).bounding_box()
    shown.mouse.click(box["x"] + 5, box["y"] + 5)
    assert square.evaluate(inside)


def test_several_explanations_keep_their_grids(browser, tmp_path):
    x = pictured(grid=GRID)
    shown = browser.open(html := page([x, replace(pictured(grid=5), model="another")]), tmp_path)
    assert html.count(x.picture_b.data) == 1
    assert len(patches(shown)) == GRID**2
    shown.get_by_role("radio", name="another").check()
    assert len(patches(shown)) == 25
    assert shown.locator("#picture-b img").get_attribute("src") == x.picture_b.data
    with pytest.raises(ValueError, match="a text and a picture of one name"):
        page([x, replace(x, picture_b=None)])
