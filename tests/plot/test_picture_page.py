"""A pair with a picture, in a real browser: words shade its patches, and patches, boxes and keys shade the words."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.browser import strengths
from tests.helpers.pictures import FLOOR, GRID, expected, patches, picture, pictured, status, two_pictures
from xsbert.plot import page
from xsbert.plot.html.patches import scales


@pytest.fixture(scope="module")
def x():
    return pictured(grid=GRID)


@pytest.fixture
def shown(browser, x, tmp_path):
    return browser.open(page(x), tmp_path, width=1280)


def place(shown, row, column, side="b"):
    """The middle of a patch on the screen."""
    box = shown.locator(f"#picture-{side} .patches > rect").nth(row * GRID + column).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(shown, first, last, side="b"):
    shown.mouse.move(*place(shown, *first, side))
    shown.mouse.down()
    shown.mouse.move(*place(shown, *last, side), steps=3)
    shown.mouse.up()
    shown.mouse.move(1, 1)


def in_box(first, last):
    return [row * GRID + column for row in range(first[0], last[0] + 1) for column in range(first[1], last[1] + 1)]


def word(shown, text):
    return shown.locator("#text-a .w", has_text=text)


def test_with_nothing_chosen_all_words_shade_the_picture(shown, x):
    sums = x.matrix[:, : GRID**2].sum(0)
    assert patches(shown) == expected(sums, max(FLOOR, np.abs(sums).max()))
    assert strengths(shown, "text-a") == expected(x.matrix.sum(1), 0.25)
    assert shown.locator(".lead").inner_text() == f"{x.score:.3f} similar = the sum of all pairs of a word and a patch"
    assert "of a patch, with all words together" in shown.locator("#scale-b").inner_text()


def test_a_word_shades_the_picture_and_a_click_keeps_it(shown, x):
    row = x.tokens_a.index("blue")
    values = x.matrix[row, : GRID**2]
    word(shown, "blue").hover()
    assert patches(shown) == expected(values, FLOOR)
    strokes = shown.locator("#picture-b .strokes").get_attribute("d").count("M")
    assert strokes == sum(share < 0 for share in patches(shown)) > 0  # the sign is seen without colour
    word(shown, "blue").click()
    shown.mouse.move(1, 1)
    assert patches(shown) == expected(values, FLOOR)
    best = int(values.argmax())
    assert status(shown) == (
        f"“blue”: +{x.matrix[row].sum():.3f} of +{x.score:.3f}; most with the patch in row {best // GRID + 1}, "
        f"column {best % GRID + 1}: +{values.max():.4f}"
    )
    shown.keyboard.press("Escape")
    assert patches(shown) != expected(values, FLOOR)


def test_the_legend_says_the_scale(browser, x, tmp_path):
    strong = pictured(grid=GRID, strength=0.8)
    shown = browser.open(page(strong), tmp_path)
    word(shown, "circle").hover()
    most = np.abs(strong.matrix[:, : GRID**2]).max()
    assert most > FLOOR
    assert shown.locator("#scale-b .most").inner_text() == f"+{most:.3f}"
    assert shown.locator("#scale-b .of").inner_text() == "of a patch, with “circle”"
    assert shown.locator("#scale-a .of").inner_text() == "of a word, with the whole picture"
    assert "with a stroke" in shown.locator("#scale-b .legend").get_attribute("aria-label")


def test_unlike_pairs_look_unlike(browser, tmp_path):
    shown = browser.open(page(pictured(grid=14, strength=0.012)), tmp_path)
    assert max(map(abs, patches(shown))) < 0.5
    word(shown, "circle").hover()
    assert 0.1 < max(map(abs, patches(shown))) < 0.3
    assert max(map(abs, strengths(shown, "text-a"))) < 0.25


def test_a_box_shades_the_words_by_its_sum(shown, x):
    first, last = (3, 0), (4, 2)
    drag(shown, first, last)
    values = x.matrix[:, in_box(first, last)].sum(1)
    limit = min(0.25, 6 * FLOOR)
    assert strengths(shown, "text-a") == expected(values, max(limit, np.abs(values).max()))
    assert status(shown).startswith(
        f"The box of 2 × 3 patches (rows 4–5, columns 1–3): +{values.sum():.3f} of +{x.score:.3f}; with “red” +"
    )
    assert "“blue” -" in status(shown)
    assert "+0.000" not in status(shown)
    assert shown.locator("#picture-b .kept").count() == 1
    word(shown, "red").hover()  # a word and a box together
    both = x.matrix[x.tokens_a.index("red"), in_box(first, last)].sum()
    assert f"with the box of 2 × 3 patches (rows 4–5, columns 1–3): +{both:.3f} of" in status(shown)
    drag(shown, (4, 2), (3, 0))  # from the other corner
    assert shown.url.endswith("#box=b3.0.4.2")
    shown.locator("h1").click()
    assert shown.locator("#picture-b .kept").count() == 0
    assert strengths(shown, "text-a") == expected(x.matrix.sum(1), 0.25)


def test_a_drag_that_leaves_the_picture_ends_at_its_edge(shown):
    shown.mouse.move(*place(shown, 5, 5))
    shown.mouse.down()
    shown.mouse.move(1279, 790, steps=3)
    shown.mouse.up()
    assert shown.url.endswith("#box=b5.5.6.6")


def test_a_patch_shades_the_words(shown, x):
    row, column = 3, 5
    values = x.matrix[:, row * GRID + column]
    shown.mouse.move(*place(shown, row, column))
    assert strengths(shown, "text-a") == expected(values, FLOOR)
    assert status(shown).startswith(f"Row 4, column 6: +{values.sum():.4f} of +{x.score:.3f}; with “circle” +")
    shown.mouse.click(*place(shown, row, column))
    shown.mouse.move(1, 1)
    assert strengths(shown, "text-a") == expected(values, FLOOR)
    shown.mouse.click(*place(shown, row, column))  # once more lets it go
    shown.mouse.move(1, 1)
    assert strengths(shown, "text-a") == expected(x.matrix.sum(1), 0.25)


def test_a_box_is_made_by_keys(shown, x):
    for _ in range(3):
        shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.id") == "picture-b"
    shown.keyboard.press("ArrowDown")
    shown.keyboard.press("ArrowRight")
    assert status(shown).startswith("Row 2, column 2: ")
    assert shown.locator("#picture-b .now").count() == 1
    for key in ("Shift+ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight"):
        shown.keyboard.press(key)
    total = x.matrix[:, in_box((1, 1), (2, 3))].sum()
    assert status(shown).startswith(f"The box of 2 × 3 patches (rows 2–3, columns 2–4): {total:+.3f} of")
    shown.keyboard.press("Escape")
    assert "box of" not in status(shown)
    shown.keyboard.press("ArrowUp")
    shown.keyboard.press("Enter")
    shown.locator("#text-a .w").first.focus()
    assert shown.url.endswith("#box=b1.3.1.3")
    shown.keyboard.press("ArrowRight")
    assert status(shown).startswith("“red” with row 2, column 4: ")


def test_a_finger_taps_words_and_draws_boxes(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path, width=360, touch=True)
    word(shown, "circle").tap()
    assert patches(shown) == expected(x.matrix[x.tokens_a.index("circle"), : GRID**2], FLOOR)
    shown.locator("h1").tap()
    assert "box of" not in status(shown)
    send = """([type, x, y]) => document.querySelector('#picture-b').dispatchEvent(new PointerEvent(
        type, { pointerId: 1, pointerType: 'touch', button: 0, clientX: x, clientY: y, bubbles: true }))"""
    shown.evaluate("Element.prototype.setPointerCapture = () => {}")  # of a finger that there is
    for kind, at in (("pointerdown", (2, 4)), ("pointermove", (3, 5)), ("pointerup", (3, 5))):
        shown.evaluate(send, [kind, *place(shown, *at)])
    assert status(shown).startswith("The box of 2 × 2 patches")
    assert shown.locator("#picture-b").evaluate("e => getComputedStyle(e).touchAction") == "pinch-zoom"


def test_two_pictures_shade_each_other(browser, tmp_path):
    x = two_pictures((GRID, 5))
    shown = browser.open(page(x), tmp_path, width=1280)
    assert shown.locator("h1").inner_text() == "Why are these two pictures similar?"
    limit = scales(x)["limit"]
    shown.mouse.move(*place(shown, 3, 1, "a"))
    row = x.matrix[3 * GRID + 1]
    assert patches(shown, "b") == expected(row, limit)
    best = int(row.argmax())
    assert f"most with the patch in row {best // 5 + 1}, column {best % 5 + 1}" in status(shown)
    drag(shown, (3, 0), (4, 2), "a")
    values = x.matrix[in_box((3, 0), (4, 2))].sum(0)
    found = np.array(patches(shown, "b"))
    assert found.argmax() == values.argmax()
    assert found.max() > 0.5


def test_what_the_model_did_not_see_is_grey(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    assert shown.locator("#picture-b .unseen").get_attribute("d") == "M0 0H420V300H0ZM60 0V300H360V0Z"
    assert shown.get_by_text("grey: the model did not see it").is_visible()
    box = shown.locator("#picture-b").bounding_box()
    shown.mouse.move(box["x"] + 5, box["y"] + 50)
    assert shown.locator("#picture-b .now").count() == 0
    whole = browser.open(page(replace(x, picture_b=picture(GRID, 300, 300))), tmp_path)
    assert whole.locator(".unseen").count() == 0
    assert not whole.get_by_text("grey: the model did not see it").is_visible()


def test_what_the_model_adds_is_told_and_not_drawn(browser, shown, x, tmp_path):
    assert shown.locator("#picture-b .patches > rect").count() == GRID**2
    shown.get_by_text("details", exact=True).click()
    share = f"{x.matrix[:, -1].sum():+.3f}"
    assert f"To the patches of picture B the model adds [CLS]: it has {share} of the sum" in (
        shown.locator("header").inner_text()
    )
    strong = x.matrix.copy()
    strong[:, -1] = 0.5  # more than any patch has
    other = browser.open(page(replace(x, matrix=strong)), tmp_path)
    assert patches(other) == patches(shown)
    other.get_by_text("the strongest pairs, and files").click()
    assert all(text.startswith("row") for text in other.locator("#pairs td:nth-child(2)").all_inner_texts())
    assert "the model adds" not in page(replace(x, matrix=x.matrix[:, :-1], tokens_b=x.tokens_b[:-1],
                                                offsets_b=x.offsets_b[:-1]))  # fmt: skip


def test_a_row_of_the_table_shows_its_word_and_patch(shown, x):
    shown.get_by_text("the strongest pairs, and files").click()
    assert shown.locator("#strongest th").all_inner_texts() == ["word of A", "patch of B", "attribution"]
    first = shown.locator("#pairs tr").first
    i, j = np.unravel_index(np.abs(x.matrix).argmax(), x.matrix.shape)
    assert first.locator("td").all_inner_texts()[:2] == [x.tokens_a[i], f"row {j // GRID + 1}, column {j % GRID + 1}"]
    first.hover()
    assert shown.locator(".chosen").inner_text() == x.tokens_a[i]
    assert shown.locator("#picture-b .now").count() == 1
    with shown.expect_download() as download:
        shown.get_by_role("button", name="csv").click()
    download.value.save_as(path := download.value.path().with_suffix(".csv"))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(rows) == 1 + x.matrix.size
    assert rows[2][:4] == ["0", "A", "1", "row 1, column 2"]
    assert sum(float(row[4]) for row in rows[1:]) == pytest.approx(x.score, abs=1e-4)


def test_a_finding_can_be_sent_by_its_address(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    word(shown, "square").click()
    drag(shown, (1, 2), (2, 4))
    address = shown.url.partition("#")[2]
    assert address == "w=a2&box=b1.2.2.4"
    before = status(shown)
    other = browser.open(page(x), tmp_path)
    other.goto(other.url + "#" + address)
    assert status(other) == before
    other.goto(other.url.partition("#")[0] + "#w=a99&box=b9.9.9.9&box=c1.1.1.1&x=7")
    assert other.locator(".kept, [aria-pressed=true]").count() == 0


def test_a_picture_that_is_not_kept_is_a_grid(browser, x, tmp_path):
    shown = browser.open(page(replace(x, picture_b=picture(GRID, data=""))), tmp_path)
    assert shown.locator("img").count() == 0
    stroke = "p => getComputedStyle(p).stroke"
    assert shown.locator("#picture-b .patches > rect").first.evaluate(stroke) != "none"
    word(shown, "blue").hover()
    assert max(patches(shown)) > 0.2


def test_the_picture_alone_has_its_colours(shown):
    image, patch = shown.locator("#picture-b img"), shown.locator("#picture-b .patches > rect").first
    assert image.get_attribute("alt") == "scene.png"
    assert shown.get_by_role("application", name="scene.png, in 7 rows of 7 patches. Arrow keys").count() == 1
    assert "grayscale" in image.evaluate("e => getComputedStyle(e).filter")
    shown.get_by_label("the picture alone").check()
    assert image.evaluate("e => getComputedStyle(e).filter") == "none"
    assert not patch.is_visible()


def test_names_and_words_are_data(browser, x, tmp_path):
    hostile = '"><img src=x onerror="window.hacked = 1"></script><script>window.hacked = 1</script>'
    caption = "<b>A</b> red </script><script>window.hacked=1</script>"
    shown = browser.open(page(replace(pictured(caption), text_b=hostile)), tmp_path)
    word(shown, "red").hover()
    assert shown.evaluate("window.hacked") is None
    assert shown.locator("#text-a").inner_text() == caption
    assert shown.locator("#name-b").inner_text() == hostile
    assert shown.locator("img").count() == 1
    assert shown.locator("#picture-b").get_attribute("aria-label").startswith(hostile)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_torn_at_any_width(browser, tmp_path, width):
    for x in (pictured(), two_pictures(), replace(pictured(), picture_b=picture(GRID, 90, 2000))):
        shown = browser.open(page(x), tmp_path, width=width)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        box, inner = (shown.locator(f"#picture-b {part}").bounding_box() for part in ("img", "svg"))
        assert box == pytest.approx(inner)
        picture_b = x.picture_b
        assert box["width"] / box["height"] == pytest.approx(picture_b.width / picture_b.height, rel=0.02)
