"""What a pair's page answers: rows, filters, sentences, several explanations, the way to the score, files, address."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.browser import strengths
from xsbert.models import HiddenStates, Presence
from xsbert.plot import page
from xsbert.plot.html.kinds import function_words, kinds, sentences

A, B = "The man plays a guitar.", "Somebody makes music, and a woman dances."
LONG_A = "We slept well. Breakfast was rich. " + "The staff was friendly and the rooms were clean. " * 5
LONG_B = "The night was calm. " + "People at the desk were kind, and the bath was new. " * 5 + "The food was good."


@pytest.fixture(scope="module")
def x(minilm):
    return minilm.explain(A, B).words()


@pytest.fixture(scope="module")
def long(minilm):
    return minilm.explain(LONG_A, LONG_B).words()


def number(text):
    return float(text.replace("−", "-"))


def test_a_row_shows_its_pair_and_a_click_keeps_it(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    first, second = x.top(2)
    shown.locator("#pairs tr").nth(0).hover()
    assert shown.locator(".chosen").all_inner_texts() == [first.token_a, first.token_b]
    assert shown.locator("#links path").count() == 1
    shown.locator("#pairs tr").nth(1).click()
    shown.mouse.move(1, 1)
    assert shown.locator(".chosen").all_inner_texts() == [second.token_a, second.token_b]
    assert shown.locator("#pairs tr").nth(1).get_attribute("class") == "chosen-row"
    shown.keyboard.press("Escape")
    assert shown.locator(".chosen").count() == 0


def test_rows_are_sorted_by_any_column(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    strongest = shown.locator("#pairs td:first-child").all_inner_texts()
    shown.get_by_role("button", name="word of A").click()
    by_place = shown.locator("#pairs td:first-child").all_inner_texts()
    assert by_place == sorted(strongest, key=x.tokens_a.index) != strongest
    assert shown.get_by_role("columnheader", name="word of A").get_attribute("aria-sort") == "ascending"
    shown.get_by_role("button", name="attribution").click()
    assert shown.locator("#pairs td:first-child").all_inner_texts() == strongest


def test_words_that_are_left_out_add_nothing(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    shown.get_by_label("punctuation").check()
    shown.get_by_label("function words").check()
    x = x.trimmed()
    keep_a = [word in ("man", "plays", "guitar") for word in x.tokens_a]
    keep_b = [word in ("Somebody", "makes", "music", "woman", "dances") for word in x.tokens_b]
    left = np.where(np.outer(keep_a, keep_b), x.matrix, 0)
    assert f"together {left.sum():+.3f}".replace("-", "−") in shown.locator("#share").inner_text()
    most = max(x.limit, np.abs(left.sum(0)).max(), np.abs(left.sum(1)).max())
    share = np.minimum(1, np.abs(left.sum(1)) / most) ** 0.65
    expected = np.where(share < 0.1, 0, np.copysign(share, left.sum(1)))
    assert strengths(shown, "text-a") == pytest.approx(expected.tolist(), abs=2e-3)
    assert shown.locator(".off").all_inner_texts() == ["The", "a", ".", ",", "and", "a", "."]


def test_what_is_left_out_goes_by_the_language():
    german = function_words(["Der", "Mann", "spielt", "auf", "der", "Gitarre", "und", "sie", "singt"])
    assert kinds(("[CLS]", "und", "Gitarre", "!"), (None, (0, 3), (4, 11), (11, 12)), german) == [
        "special",
        "function",
        "",
        "punctuation",
    ]
    assert function_words(["咖啡", "很", "难喝"]) == frozenset()
    assert "the" in function_words(["the", "man", "is", "at", "the", "sea"])


def test_sentences_are_those_of_the_text():
    text = "One two. “Three?” four… Five\nsix 七。八"
    spans = [match.span() for match in re.finditer(r"\w+", text)]
    parts = [part for *_, part in sentences(text, [None, *spans])]
    assert parts == ["One two", "Three", "four", "Five", "six 七", "八"]
    found = sentences(text, [None, *spans, None])
    assert [(start, end) for start, end, _ in found] == [(0, 3), (3, 4), (4, 5), (5, 6), (6, 8), (8, 10)]
    assert sentences("", []) == []


def test_a_long_pair_is_shown_by_sentences_that_open(browser, long, tmp_path):
    shown = browser.open(page(long), tmp_path)
    assert "by sentences; click one" in shown.locator("#caption").inner_text()
    rows, columns = (sentences(text, at) for text, at in ((long.text_a, long.offsets_a), (long.text_b, long.offsets_b)))
    (i0, i1, _), (j0, j1, _) = rows[1], columns[-1]
    total = long.matrix[i0:i1, j0:j1].sum()
    place = "([i, j]) => ({ x: map.left + (j + 0.5) * map.cell, y: map.top + (i + 0.5) * map.cell })"
    at = shown.evaluate(place, [1, len(columns) - 1])
    shown.locator("#heatmap").hover(position=at)
    said = shown.locator("#status").inner_text()
    assert said.startswith("“Breakfast was rich.” with “The food was good.”: +")
    assert number(re.search(r"[+−]\d\.\d+", said)[0]) == pytest.approx(total, abs=1e-3)
    shown.locator("#heatmap").click(position=at)
    strongest = np.unravel_index(np.abs(long.matrix[i0:i1, j0:j1]).argmax(), (i1 - i0, j1 - j0))
    shown.locator("#heatmap").hover(position=shown.evaluate(place, [int(n) for n in strongest]))
    assert shown.locator(".chosen").all_inner_texts() == [
        long.tokens_a[i0 + strongest[0]],
        long.tokens_b[j0 + strongest[1]],
    ]
    shown.get_by_role("button", name="All sentences").click()
    assert "by sentences" in shown.locator("#caption").inner_text()


def test_what_a_word_of_a_long_text_goes_with_scrolls_into_view(browser, long, tmp_path):
    shown = browser.open(page(long), tmp_path, width=500)
    shown.evaluate("$('text-b').style.maxHeight = '4rem'")
    shown.locator("#text-a .w", has_text="Breakfast").hover()
    best = long.tokens_b[int(np.abs(long.matrix[long.tokens_a.index("Breakfast")]).argmax())]
    assert best == "food"
    inside = """word => { const [w, b] = [word, word.parentElement].map(e => e.getBoundingClientRect());
      return w.top >= b.top && w.bottom <= b.bottom; }"""
    assert shown.locator("#text-b .w", has_text=best).evaluate(inside)


def test_links_do_not_cross_the_lines_of_a_text(browser, minilm, tmp_path):
    x = minilm.explain("guitar " + "and so on " * 15 + "music", "A guitar makes music.").words()
    shown = browser.open(page(x), tmp_path, width=400)
    shown.locator("#text-a .w", has_text="guitar").hover()
    assert shown.locator("#links path").count() == 0  # lines of its own text are between
    assert strengths(shown, "text-b")[1] > 0.5
    shown.locator("#text-a .w", has_text="music").hover()
    assert shown.locator("#links path").count() > 0


def test_several_explanations_of_a_pair_are_switched(browser, minilm, x, tmp_path):
    other = minilm.explain(A, B, method=HiddenStates()).words()
    shown = browser.open(page([x, other]), tmp_path)
    assert shown.get_by_role("radio", name="Presence, layer 3").is_checked()
    shown.get_by_role("radio", name="HiddenStates, layer 4").check()
    assert "compared with texts of padding" in shown.locator(".lead:visible").inner_text()
    assert shown.locator(".lead:visible").count() == 1
    table = shown.locator("#pairs td.num").all_inner_texts()
    assert list(map(number, table)) == pytest.approx([pair.value for pair in other.trimmed().top(10)], abs=6e-4)
    assert shown.url.endswith("#x=1")
    same = replace(x, layer=2)
    assert [label for label in re.findall(r"> ([^<]*)</label>", page([x, same])) if "layer" in label] == [
        "layer 3",
        "layer 2",
    ]
    with pytest.raises(ValueError, match="attributions of different texts; expected one pair"):
        page([x, minilm.explain(A, A, method=Presence(-1))])
    with pytest.raises(ValueError, match="page got no attributions"):
        page([])
    with pytest.raises(TypeError, match="page got a str"):
        page([x, "text"])


def test_the_way_from_zero_to_the_score(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)

    def bars():
        texts = shown.locator("#fall text").all_text_contents()
        return dict(zip(texts[::2], map(number, texts[1::2]), strict=True))

    words = [word for word in x.tokens_a if word not in ("[CLS]", "[SEP]")]
    found = bars()
    assert list(found) == [*words, "score"]
    by_word = dict(zip(x.tokens_a, x.matrix.sum(1), strict=True))
    assert found["guitar"] == pytest.approx(by_word["guitar"], abs=1e-3)
    assert sum(v for name, v in found.items() if name != "score") == pytest.approx(x.score, abs=4e-3)
    assert found["score"] == pytest.approx(x.score, abs=1e-3)
    shown.locator("[name=fall][value=b]").check()
    assert "music" in bars()
    shown.locator("#slider").fill("60")
    assert "what is hidden" in bars()


def saved(shown, name, folder):
    with shown.expect_download() as download:
        shown.get_by_role("button", name=name, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def test_what_is_shown_can_be_saved(browser, minilm, tmp_path):
    x = minilm.explain('The "man" plays | 50 % of_it & more.', "Somebody <makes> music.").words()
    shown = browser.open(page(x), tmp_path)
    rows = list(csv.reader(io.StringIO(saved(shown, "csv", tmp_path).decode())))
    assert rows[0] == ["position_a", "a", "position_b", "b", "attribution"]
    kept = x.trimmed()
    assert len(rows) == kept.matrix.size + 1
    assert sum(float(row[4]) for row in rows[1:]) == pytest.approx(x.score, abs=2e-3)
    for row in rows[1:]:
        assert (kept.tokens_a[int(row[0])], kept.tokens_b[int(row[2])]) == (row[1], row[3])
    markdown = saved(shown, "Markdown", tmp_path).decode().splitlines()
    assert len(markdown) == 12
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in markdown)
    latex = saved(shown, "LaTeX", tmp_path).decode()
    assert latex.count("\\\\\n") == 11
    assert not re.search(r"(?<!\\)[%&](?= more| of)", latex)
    picture = saved(shown, "SVG", tmp_path).decode()
    from xml.etree import ElementTree

    texts = [element.text for element in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"man", "music", "makes"} <= set(texts)
    assert saved(shown, "PNG", tmp_path).startswith(b"\x89PNG")


def test_a_finding_can_be_sent(browser, minilm, tmp_path):
    x = minilm.explain("Unbelievably overpriced lattes!", "Cappuccinos were expensive.")
    html = page(x)
    shown = browser.open(html, tmp_path)
    shown.get_by_label("tokens", exact=True).check()
    shown.locator("#slider").fill("20")
    shown.get_by_label("punctuation").check()
    shown.locator("#text-a .w").nth(3).click()
    address = shown.url.partition("#")[2]
    assert address == "view=tokens&min=20&off=punctuation&w=a3"
    before = shown.locator("#status").inner_text()
    other = browser.open(html, tmp_path)
    other.goto(other.url + "#" + address)
    assert other.locator("#status").inner_text() == before
    assert other.locator("#slider").input_value() == "20"
    assert other.get_by_label("tokens", exact=True).is_checked()
    assert other.locator("[aria-pressed=true]").inner_text() == shown.locator("[aria-pressed=true]").inner_text()
    other.goto(other.url.partition("#")[0] + "#x=9&view=none&min=-5&w=b99")
    assert other.locator("[aria-pressed=true]").count() == 0


def test_what_the_model_does_not_know_is_marked_and_counted(browser, minilm, tmp_path):
    with pytest.warns(UserWarning, match="knows only"):
        x = minilm.explain("咖啡 很难喝 tea", "coffee")
    shown = browser.open(page(x), tmp_path)
    count = len(x.unknown_a)
    every = len([at for at in x.offsets_a + x.offsets_b if at])
    assert f"{count} of {every} tokens are not in the model's vocabulary" in shown.locator("header").inner_text()
    assert shown.locator("#text-a .unknown").first.get_attribute("title") == "not in the model's vocabulary"
    assert "repeating-linear-gradient" in shown.locator("#text-a .unknown").first.evaluate(
        "e => getComputedStyle(e).backgroundImage"
    )


def test_unlike_texts_look_unlike(browser, minilm, tmp_path):
    x = minilm.explain("The bank is closed.", "A child eats an apple.").words()
    assert abs(x.score) < 0.1
    shown = browser.open(page(x), tmp_path)
    assert max(map(abs, strengths(shown, "text-a") + strengths(shown, "text-b"))) < 0.6
    assert shown.locator("#most").inner_text() == "+0.250"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_torn_at_any_width(browser, x, long, tmp_path, width, dark):
    for each in (x, long):
        shown = browser.open(page(each), tmp_path, width=width, dark=dark)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        size = shown.locator(".w").first.evaluate("e => parseFloat(getComputedStyle(e.parentElement).fontSize)")
        assert size >= 16


def test_writing_that_stands_upright_does(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    upright = [
        shown.evaluate(f"isUpright({word!r})") for word in ("咖啡", "カフェ", "👩\u200d👩\u200d👧", "tea", "кофе")
    ]
    assert upright == [True, True, True, False, False]


def test_names_of_bars_are_whole_or_shortened_and_stand_in_their_picture(browser, minilm, tmp_path):
    shown = browser.open(
        page(minilm.explain("WWWWWWWWWWWWWWWWWW coffee", "Donaudampfschifffahrtsgesellschaft")), tmp_path
    )
    for side in "ab":
        shown.locator(f"[name=fall][value={side}]").check()
        assert shown.evaluate("Math.min(...[...document.querySelectorAll('#fall text')].map(t => t.getBBox().x))") >= 0
        assert "…" in shown.locator("#fall text").first.text_content()


@pytest.mark.parametrize("touch", [False, True])
def test_nothing_moves_under_the_pointer_on_a_narrow_screen(browser, x, tmp_path, touch):
    shown = browser.open(page(x), tmp_path, width=360, touch=touch)
    canvas, word = shown.locator("#heatmap"), shown.locator("#text-a .w", has_text="guitar")
    canvas.scroll_into_view_if_needed()
    tops = [shown.evaluate("document.getElementById('heatmap').getBoundingClientRect().top + scrollY")]
    for each in (word, shown.locator("#pairs tr").first):
        each.tap() if touch else each.hover()
        tops.append(shown.evaluate("document.getElementById('heatmap').getBoundingClientRect().top + scrollY"))
    assert max(tops) - min(tops) < 1
