"""Pages, in a real browser: what is seen on pointing, by keyboard, with the slider, and with hostile texts."""

import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from tests.helpers.browser import strengths
from xsbert import Ranking
from xsbert.attribution import GaussLegendre, ranked
from xsbert.models import HiddenStates
from xsbert.plot import page
from xsbert.plot.html.iframe import frame
from xsbert.plot.html.page_data import printable

A, B = "The coffee is bad.", "This is not a good coffee."
FAST = HiddenStates(layer=5, quadrature=GaussLegendre(2))
HOSTILE = [
    "</script><script>window.hacked = 1; alert(1)</script>",
    '<img src=https://example.com/x onerror="window.hacked = 1"> \'single\' "double" `back` ${1+1} {{table}}',
    "null \x00 escape \x1b[31m bell \x07 paragraph \u2028 \u202eoverride\u202c &lt; &amp; &#60;",
    "שלום עולם <b>bold</b> مرحبا 今日は👩\u200d👩\u200d👧",
]


@pytest.fixture
def server():
    """A server on loopback, with the paths that it was asked for."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        server.asked, server.url = [], f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def x(minilm_cos):
    return minilm_cos.explain(A, B, method=HiddenStates())


@pytest.fixture(scope="module")
def subwords(minilm):
    return minilm.explain(
        "Unbelievably overpriced lattes!", "Cappuccinos were ridiculously expensive.", method=HiddenStates()
    )


def expected(values: np.ndarray, limit: float) -> list[float]:
    """The colours that a page gives to values: none to the weakest."""
    share = np.minimum(1, np.abs(values) / limit) ** 0.65
    return np.where(share < 0.1, 0, np.copysign(share, values)).tolist()


def test_with_nothing_chosen_words_have_their_sums(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    rows, columns = x.matrix.sum(1), x.matrix.sum(0)
    most = max(np.abs(rows).max(), np.abs(columns).max())
    assert strengths(shown, "text-a") == pytest.approx(expected(rows, most), abs=2e-3)
    assert strengths(shown, "text-b") == pytest.approx(expected(columns, most), abs=2e-3)
    assert shown.locator("#links path").count() == 0
    assert shown.locator(".lead").inner_text() == "0.814 similar = the sum of all word pairs"
    assert "PaddingReference()" not in shown.locator("header").inner_text()
    shown.get_by_text("details").click()
    for part in ("cosine similarity", "layer=4", "error ", "PaddingReference()"):
        assert part in shown.locator("header").inner_text()


@pytest.mark.parametrize("view", ["words", "tokens"])
def test_what_a_page_unpacks_sums_to_what_its_head_says(browser, subwords, tmp_path, view):
    """Weak cells beside one large: each is next to nothing, and all together are not."""
    matrix = np.random.default_rng(0).normal(scale=1e-6, size=(150, 170)).astype(np.float32) + np.float32(2e-6)
    matrix[70, 80] = 1
    text_a, text_b = (" ".join(["word s"] * (count // 2)) for count in matrix.shape)
    offsets_a, offsets_b = (
        tuple(span for i in range(count // 2) for span in ((7 * i, 7 * i + 2), (7 * i + 2, 7 * i + 4)))
        for count in matrix.shape
    )
    x = replace(
        subwords, text_a=text_a, text_b=text_b, tokens_a=("t",) * 150, tokens_b=("t",) * 170,
        offsets_a=offsets_a, offsets_b=offsets_b, matrix=matrix, prompted_a=(), prompted_b=(),
    )  # fmt: skip
    shown = browser.open(page(x), tmp_path)
    total = shown.evaluate(f"explanations[0].views.{view}.matrix.values.reduce((sum, value) => sum + value, 0)")
    assert total == pytest.approx(x.explained, abs=1e-4)
    assert abs(x.explained - 1) > 0.04
    assert len(page(x)) < 400_000


def test_the_head_of_an_approximate_page_adds_up(browser, minilm, tmp_path):
    x = minilm.explain(A, B, method=HiddenStates())
    shown = browser.open(page(x), tmp_path)
    assert shown.locator(".lead").inner_text() == (
        f"{x.score:.3f} similar where all word pairs add {x.explained:.3f}, compared with texts of padding"
    )
    shown.get_by_text("details").click()
    said = shown.locator(".comparison").inner_text()
    assert f"Compared with texts of padding, which this model itself finds {x.reference_terms[2]:.3f} alike" in said
    score, *terms = (
        float(part) for part in re.findall(r"[-+]?\d+\.\d+", said.split("Similarity")[1].replace("−", "-"))
    )
    assert len(terms) == 4
    assert score == pytest.approx(sum(terms), abs=2e-3)


@pytest.mark.parametrize("side", ["a", "b"])
def test_pointing_at_a_word_colours_the_other_text(browser, x, tmp_path, side):
    shown = browser.open(page(x), tmp_path)
    index = (x.tokens_a if side == "a" else x.tokens_b).index("coffee")
    values = x.matrix[index] if side == "a" else x.matrix[:, index]
    other = "b" if side == "a" else "a"
    shown.locator(f"#text-{side} .w").nth(index).hover()
    assert strengths(shown, f"text-{other}") == pytest.approx(expected(values, np.abs(values).max()), abs=2e-3)
    assert set(strengths(shown, f"text-{side}")) == {0}
    assert shown.locator(".chosen").inner_text() == "coffee"
    assert shown.locator("#links path").count() >= 1
    assert f"“coffee” +{values.max():.3f}" in shown.locator("#status").inner_text()
    shown.mouse.move(1, 1)
    assert shown.locator(".chosen").count() == 0


def test_a_click_keeps_a_word_until_escape(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    word = shown.locator("#text-a .w", has_text="bad")
    word.click()
    shown.mouse.move(1, 1)
    assert word.get_attribute("aria-pressed") == "true"
    shown.locator("#text-a .w", has_text="coffee").hover()
    assert shown.locator(".chosen").inner_text() == "coffee"  # others can be looked at
    shown.mouse.move(1, 1)
    assert shown.locator(".chosen").inner_text() == "bad"
    shown.keyboard.press("Escape")
    assert word.get_attribute("aria-pressed") == "false"


def test_everything_can_be_done_by_keyboard(browser, subwords, tmp_path):
    shown = browser.open(page(subwords), tmp_path)
    reached = []
    for _ in range(4):
        shown.keyboard.press("Tab")
        reached.append(
            shown.evaluate("document.activeElement.closest('[id]')?.id || document.activeElement.value || 'details'")
        )
    assert reached == ["details", "text-a", "text-b", "words"]
    shown.locator("#text-a .w").first.focus()
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("document.activeElement.textContent") == "Unbelievably"
    assert shown.locator(".chosen").inner_text() == "Unbelievably"
    assert "“Unbelievably” in text A" in shown.locator("#status").inner_text()
    shown.keyboard.press("Enter")
    shown.keyboard.press("End")
    assert shown.locator(".chosen").inner_text() == "[SEP]"
    assert shown.locator("[aria-pressed=true]").inner_text() == "Unbelievably"  # kept
    shown.keyboard.press("Escape")
    shown.keyboard.press("Home")
    assert shown.locator(".chosen").inner_text() == "[CLS]"


def test_arrows_follow_the_direction_of_the_writing(browser, minilm, tmp_path):
    shown = browser.open(page(minilm.explain("שלום עולם", B, method=HiddenStates())), tmp_path)
    shown.locator("#text-a .w").first.focus()
    shown.keyboard.press("ArrowLeft")
    assert shown.evaluate("document.activeElement.textContent") == "שלום"


def test_the_slider_hides_weak_pairs(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    shown.locator("#slider").fill("10")
    kept = np.where(np.abs(x.matrix) >= 0.1 * x.limit, x.matrix, 0)
    said = shown.locator("#share").inner_text()
    assert said == (
        f"{np.count_nonzero(kept)} of 63 pairs are left; hidden: weaker than 10 % of full colour; "
        f"together +{kept.sum():.3f}"
    )
    most = max(x.limit, kept.sum(1).max(), kept.sum(0).max())
    assert strengths(shown, "text-a") == pytest.approx(expected(kept.sum(1), most), abs=2e-3)


def test_words_and_tokens_are_switched(browser, subwords, tmp_path):
    shown = browser.open(page(subwords), tmp_path)
    words = subwords.words()
    assert shown.locator("#text-a .w").all_inner_texts() == list(words.tokens_a)
    shown.get_by_label("tokens", exact=True).check()
    assert shown.locator("#text-a .w").all_inner_texts() == list(subwords.tokens_a)
    assert shown.locator("#text-b .w").count() == len(subwords.tokens_b)
    shown.locator("#text-b .w").nth(2).hover()
    assert len(strengths(shown, "text-a")) == len(subwords.tokens_a)


def test_words_alone_need_no_switch(browser, subwords, tmp_path):
    assert browser.open(page(subwords.words()), tmp_path).locator("[name=view]").count() == 0


def test_the_heatmap_shows_the_pair_under_the_pointer(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    i, j = strongest(x.matrix)
    place = place_of(shown, j, i)
    canvas = shown.locator("#heatmap")
    pixel = "([x, y]) => [...$('heatmap').getContext('2d').getImageData(x, y, 1, 1).data]"
    assert shown.evaluate(pixel, place) == [0xEE, 0x7B, 0x5B, 255]  # the pole
    canvas.hover(position={"x": place[0], "y": place[1]})
    said = f"“{x.tokens_a[i]}” with “{x.tokens_b[j]}”: +{x.matrix[i, j]:.3f}"
    assert shown.locator("#status").inner_text() == said
    assert shown.locator(".chosen").all_inner_texts() == [x.tokens_a[i], x.tokens_b[j]]


def test_the_table_follows_the_switch_and_the_slider(browser, subwords, tmp_path):
    shown = browser.open(page(subwords), tmp_path)
    rows = "[...document.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"

    def table():
        return [(a, b, float(value.replace("−", "-"))) for a, b, value in shown.evaluate(rows)]

    def near(pairs):
        return [(a, b, pytest.approx(value, abs=6e-4)) for a, b, value in pairs]

    assert table() == near(subwords.words().top(10))
    shown.get_by_label("tokens", exact=True).check()
    assert table() == near(subwords.top(10))
    shown.locator("#slider").fill("80")
    left = [pair for pair in subwords.top(10) if abs(pair.value) >= 0.8 * subwords.limit]
    assert table() == near(left)
    assert len(left) < 10
    shown.get_by_label("words", exact=True).check()
    shown.locator("#slider").fill("0")
    assert table() == near(subwords.words().top(10))


def test_in_all_stays_in_all(browser, x, tmp_path):
    """What the slider hides is left out of what is shown, not of the sum."""
    shown = browser.open(page(x), tmp_path)
    index = x.tokens_a.index("coffee")
    row, most = x.matrix[index], x.limit
    shown.locator("#text-a .w").nth(index).click()
    status = shown.locator("#status")
    assert f"+{row.sum():.3f} in all; with" in status.inner_text()
    shown.locator("#slider").fill("30")
    left = row[np.abs(row) >= 0.3 * most].sum()
    assert abs(left - row.sum()) > 2e-3
    assert f"+{row.sum():.3f} in all (+{left:.3f} in pairs that are not hidden)" in status.inner_text()


def place_of(shown, column, row):
    """Where a cell of the heatmap has its middle."""
    return shown.evaluate(f"[map.left + ({column} + 0.5) * map.cell, map.top + ({row} + 0.5) * map.cell]")


def test_the_heatmap_says_what_a_hidden_pair_has(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path)
    shown.locator("#slider").fill("50")
    i, j = np.unravel_index(np.abs(x.matrix - 0.3 * x.matrix.max()).argmin(), x.matrix.shape)
    left, top = place_of(shown, j, i)
    shown.locator("#heatmap").hover(position={"x": left, "y": top})
    said = f"“{x.tokens_a[i]}” with “{x.tokens_b[j]}”: +{x.matrix[i, j]:.3f} (hidden as weak)"
    assert shown.locator("#status").inner_text() == said


def test_the_heatmap_answers_a_tap(browser, x, tmp_path):
    shown = browser.open(page(x), tmp_path, touch=True)
    status, (i, j) = shown.locator("#status"), strongest(x.matrix)
    left, top = place_of(shown, j, i)
    shown.locator("#text-a .w", has_text="bad").tap()
    shown.locator("#heatmap").tap(position={"x": left, "y": top})
    assert status.inner_text() == f"“{x.tokens_a[i]}” with “{x.tokens_b[j]}”: +{x.matrix[i, j]:.3f}"
    assert shown.locator(".chosen").all_inner_texts() == [x.tokens_a[i], x.tokens_b[j]]
    shown.locator("h1").tap()
    assert shown.locator(".chosen").count() == 0


def test_a_ranking_answers_a_tap_and_says_what_is_nothing(browser, minilm_cos, tmp_path):
    ranking = minilm_cos.explain_ranking("cheap hotel", [A, "A cheap hotel."])
    faint = ranking[1].matrix.copy()
    faint[:, 1] = 0
    ranking = replace(ranking, results=(ranking[0], replace(ranking[1], matrix=faint)))
    shown = browser.open(page(ranking), tmp_path, touch=True)
    status = shown.locator("#status")
    shown.locator("li .place b").nth(1).tap()
    assert status.inner_text().startswith("What each word of the query adds to the score of document 2")
    shown.locator("#document-1 .w", has_text="The").tap()
    assert status.inner_text() == ("“The” in document 2 is found by: nothing as strong as 1 % of the strongest pair")
    shown.locator("h1").tap()
    assert status.inner_text().startswith("Words have the colour")


def painted(shown, i, j):
    """The heatmap's colour for a pair, beside the stroke of a negative one."""
    script = """([i, j]) => {
      const pen = new OffscreenCanvas(1, 1).getContext("2d");  // of a canvas that is read often Chromium complains
      const x = map.left + (j + 0.25) * map.cell, y = map.top + (i + 0.25) * map.cell;
      pen.drawImage($("heatmap"), -Math.floor(x), -Math.floor(y));
      return [...pen.getImageData(0, 0, 1, 1).data];
    }"""
    return shown.evaluate(script, [int(i), int(j)])


def strongest(matrix):
    return np.unravel_index(np.abs(matrix).argmax(), matrix.shape)


def test_the_heatmap_follows_the_slider_and_the_switch(browser, subwords, tmp_path):
    shown = browser.open(page(subwords), tmp_path)
    words = subwords.words().matrix
    size = np.abs(words) / subwords.words().limit
    weak = np.unravel_index(np.where(size < 0.1, size, 0).argmax(), size.shape)
    assert size[weak] > 0.05
    before = painted(shown, *weak)
    shown.locator("#slider").fill("10")
    assert painted(shown, *weak) == shown.evaluate("[...colours().paper, 255]") != before
    shown.get_by_label("tokens", exact=True).check()
    place = strongest(subwords.matrix)
    mixed = "([value, limit]) => [...mixed(value, limit, colours()), 255]"
    colour = shown.evaluate(mixed, [float(subwords.matrix[place]), subwords.limit])
    assert painted(shown, *place) == pytest.approx(colour, abs=1)
    left = np.where(np.abs(subwords.matrix) >= 0.1 * subwords.limit, subwords.matrix, 0)
    most = max(subwords.limit, np.abs(left.sum(1)).max(), np.abs(left.sum(0)).max())
    assert strengths(shown, "text-a") == pytest.approx(expected(left.sum(1), most), abs=2e-3)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_data(browser, minilm, tmp_path, text):
    x = minilm.explain(text, B + " " + text, method=FAST)
    x.save(tmp_path / "hostile.html")
    shown = browser.open((tmp_path / "hostile.html").read_text(encoding="utf-8"), tmp_path)
    assert shown.evaluate("window.hacked") is None
    read = "[...document.querySelectorAll('#text-a .chip')].forEach(c => c.remove()); $('text-a').textContent"
    assert shown.evaluate(read) == printable(text)
    assert shown.evaluate("document.querySelectorAll('main b, img').length") == 0


def test_what_the_model_did_not_read_is_data_too(browser, minilm, tmp_path):
    with pytest.warns(UserWarning, match="cut"):
        x = minilm.explain("coffee " * 300 + HOSTILE[0], B, method=FAST)  # in one piece, where words are in pieces
    html = page(x)
    assert HOSTILE[0] not in html
    shown = browser.open(html, tmp_path)
    assert shown.locator("#text-a .cut").inner_text().endswith(HOSTILE[0])
    assert shown.evaluate("window.hacked") is None


def test_a_script_that_got_in_would_not_run(browser, x, tmp_path, server):
    intruder = f"<script>window.hacked = 1</script><img src='{server.url}/x'>"
    shown = browser.open(page(x).replace("</main>", "</main>" + intruder), tmp_path)
    shown.wait_for_load_state("networkidle")
    assert shown.evaluate("window.hacked") is None
    assert server.asked == []
    assert sum("Content Security Policy" in trouble for trouble in browser.troubles) == 2
    browser.troubles.clear()


def test_a_megabyte_of_text_is_cut_where_the_model_stopped(browser, minilm, tmp_path):
    with pytest.warns(UserWarning, match="cut"):
        x = minilm.explain("coffee " * 150_000, B, method=FAST)
    html = page(x)
    assert len(html) < 500_000
    shown = browser.open(html, tmp_path)
    assert "more characters" in shown.locator("#text-a .cut").inner_text()
    assert "did not read all of A" in shown.locator("header").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_can_be_read_on_its_colour(browser, minilm_cos, tmp_path, dark):
    x = minilm_cos.explain("A dog runs after two kittens in the yard.", "Stocks fell today, the dog said.")
    shown = browser.open(page(x), tmp_path, dark=dark)
    for act in (None, *(shown.locator("#text-a .w").nth(i) for i in range(3))):
        if act:
            act.hover()
        shown.wait_for_timeout(200)  # colours fade in
        assert min(shown.evaluate(CONTRASTS)) >= 4.5


CONTRASTS = """() => {
  const channels = (colour) => { const c = document.createElement('canvas').getContext('2d');
    c.fillStyle = getComputedStyle(document.body).backgroundColor; c.fillRect(0, 0, 1, 1);
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const linear = (v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => { const [r, g, b] = rgb.map(linear); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const all = '.w, small, .quiet, .status, output, caption, th, td, h2, figcaption';
  return [...document.querySelectorAll(all)].map((e) => {
    const s = getComputedStyle(e); return ratio(light(channels(s.color)), light(channels(s.backgroundColor))); });
}"""


@pytest.mark.parametrize("kind", ["pair", "ranking"])
def test_a_narrow_screen_needs_no_scrolling_sideways(browser, subwords, minilm, tmp_path, kind):
    x = (
        subwords
        if kind == "pair"
        else minilm.explain_ranking("coffee", [A, B, "Donaudampfschifffahrt" * 9], method=FAST)
    )
    shown = browser.open(page(x), tmp_path, width=360)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_a_screen_reader_is_told(browser, subwords, tmp_path):
    shown = browser.open(page(subwords), tmp_path)
    assert shown.get_by_role("group", name="Text A. Arrow keys move from word to word.").count() == 1
    assert shown.get_by_role("button", name="overpriced").count() == 1
    assert shown.get_by_role("slider", name="hide weak pairs").count() == 1
    assert shown.get_by_role("radio", name="tokens").count() == 1
    assert shown.get_by_role("status").count() >= 1
    assert shown.get_by_role("table", name="The strongest pairs").get_by_role("row").count() == 11
    assert "Heatmap of" in shown.locator("canvas").get_attribute("aria-label")
    assert shown.locator("html").get_attribute("lang") == "en"


def test_pages_in_one_notebook_do_not_disturb_each_other(browser, x, subwords, tmp_path):
    shown = browser.open(f"<p>before</p>{x._repr_html_()}{subwords._repr_html_()}<p>after</p>", tmp_path)
    one, other = shown.frames[1:]
    before = strengths(other, "text-a")
    one.locator("#text-a .w").nth(2).hover()
    assert one.locator(".chosen").inner_text() == "coffee"
    assert other.locator(".chosen").count() == 0
    assert strengths(other, "text-a") == before
    for inner, outer in zip((one, other), shown.locator("iframe").all(), strict=True):
        height = inner.evaluate("document.documentElement.scrollHeight")
        assert height <= outer.bounding_box()["height"] + 1  # nothing scrolls inside


def test_where_frames_are_not_shown_there_is_a_line(x):
    assert "Attribution(&#39;The coffee is bad.&#39;" in frame(x).split(">", 1)[1]


def test_a_ranking_shows_what_the_query_finds(browser, minilm_cos, tmp_path):
    ranking = minilm_cos.explain_ranking(
        "cheap hotel in Rome",
        ["Luxury suites in Rome.", "A cheap hotel near Rome's main station.", HOSTILE[1]],
        method=FAST,
    )
    ranking.save(tmp_path / "ranking.html")
    shown = browser.open((tmp_path / "ranking.html").read_text(encoding="utf-8"), tmp_path)
    words = ranking.words()
    assert [float(text) for text in shown.locator(".place div").all_inner_texts()] == pytest.approx(
        words.scores, abs=5e-4
    )
    most = max(np.abs(x.matrix.sum(0)).max() for x in words)
    for n, x in enumerate(words):
        assert strengths(shown, f"document-{n}") == pytest.approx(expected(x.matrix.sum(0), most), abs=2e-3)
    limit = max(np.abs(x.matrix).max() for x in words)
    shown.locator("#query .w", has_text="cheap").hover()
    i = words[0].tokens_a.index("cheap")
    for n, x in enumerate(words):
        assert strengths(shown, f"document-{n}") == pytest.approx(expected(x.matrix[i], limit), abs=2e-3)
    assert "“cheap” finds: “cheap” in document 1" in shown.locator("#status").inner_text()
    shown.locator("#document-0 .w", has_text="hotel").hover()
    assert "“hotel” in document 1 is found by: “hotel”" in shown.locator("#status").inner_text()
    assert shown.evaluate("window.hacked") is None


def test_a_rankings_head_is_true_of_all_its_documents(browser, minilm_cos, tmp_path):
    one, two, three = minilm_cos.explain_ranking("cheap hotel", [A, B, "A cheap hotel in Rome."])
    two = replace(two, score=two.score + 0.25, nodes=(2, 77), truncated=(False, True))
    three = replace(three, reference_terms=(0.0, -0.5, 0.0), score=two.score - 0.5, model="another")
    ranking = Ranking((one, two, three), (7, 3, 11), compared=4000)
    shown = browser.open(page(ranking), tmp_path)
    shown.get_by_text("details").click()
    said = shown.locator("header").inner_text()
    for part in (
        "3 of 4,000 documents, the most similar first",
        f"error up to {max(x.error for x in ranking):.0e}",
        "2 to 77 nodes a text",
        "did not read all of document 2",
        "Reference terms of up to 0.500 are what the word pairs leave unexplained in document 3",
        "minilm_cos and another",
    ):
        assert part in said
    assert "2 documents, the most similar first. Each similarity = the sum of all its word pairs." in (
        browser.open(page(ranked([one, one])), tmp_path).locator("header").inner_text()
    )
    lost = replace(two, errors=(0.0, 0.5))
    assert "missed by 50%, so the pairs do not account for the embeddings (document 2)" in page(ranked([one, lost]))


def test_long_documents_open_on_request(browser, minilm, tmp_path):
    ranking = minilm.explain_ranking("coffee", ["The coffee was bad. " * 40, A], method=FAST)
    shown = browser.open(page(ranking), tmp_path)
    button = shown.get_by_role("button", name="Show all")
    height = f"$('document-{[len(x.text_b) > 99 for x in ranking].index(True)}').clientHeight"
    before = shown.evaluate(height)
    button.click()
    assert shown.evaluate(height) > 1.5 * before
    assert shown.get_by_role("button", name="Show less").get_attribute("aria-expanded") == "true"
