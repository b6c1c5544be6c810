"""The app: what it answers and refuses, and the whole of it in a browser, two users at once."""

import builtins
import re
from urllib.parse import parse_qs

import pytest

from tests.helpers.browser import browsers
from xsbert.__main__ import main
from xsbert.app import demo
from xsbert.app.answers import LONGEST, MOST_DOCUMENTS, Answers
from xsbert.command.options import parse

A, B = "The coffee is bad.", "This is not a good coffee."


@pytest.fixture
def answers(minilm):
    return Answers({"minilm": minilm, "other": minilm})


def test_a_pair_is_answered_by_its_page_and_a_link(answers, minilm):
    page, link = answers.pair(A, B, "minilm", "presence", None)
    assert f"{minilm.explain(A, B).score:.3f}" in page
    assert parse_qs(re.search(r"\((\?.*)\)", link)[1][1:]) == {"a": [A], "b": [B]}
    page, link = answers.pair(A, B, "other", "hidden states", -1.0)
    assert "compared with texts of padding" in page
    asked = {"a": [A], "b": [B], "model": ["other"], "method": ["hidden states"], "layer": ["-1"]}
    assert parse_qs(re.search(r"\((\?.*)\)", link)[1][1:]) == asked
    assert answers.link(a="word " * 700, model="minilm") == ""  # longer than addresses are


def test_nothing_is_answered_while_a_box_is_empty(answers):
    assert answers.pair(A, " ", "minilm", "presence", None) == ("", "")
    assert answers.ranking("", A, "minilm", "presence", None) == ("", "")
    assert answers.ranking("coffee", "\n \n", "minilm", "presence", None) == ("", "")


def test_a_query_is_answered_by_a_ranking(answers, minilm):
    page, link = answers.ranking("bad coffee", f"{B}\n\n{A}\n", "minilm", "presence", None)
    assert "What does the query find?" in page
    best = minilm.explain_ranking("bad coffee", [A, B])[0]
    assert page.index(f"{best.score:.3f}") > 0
    assert "q=bad+coffee" in link


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("a" * (LONGEST + 1), B, "minilm", "presence", None), "a text of 4,001 characters; expected at most 4,000"),
        ((A, B, "none", "presence", None), "got the model 'none'; expected one of minilm, other"),
        ((A, B, "minilm", "magic", None), "got the method 'magic'"),
        ((A, B, "minilm", "presence", 1.5), "got layer 1.5; expected a whole number"),
        ((A, B, "minilm", "presence", 99), "layer"),
    ],
)
def test_refusals_are_a_line(answers, asked, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        answers.pair(*asked)
    with pytest.raises(ValueError, match="101 documents; expected at most 100"):
        answers.ranking("a", "b\n" * (MOST_DOCUMENTS + 1), "minilm", "presence", None)


def test_without_gradio_the_remedy_is_named(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "gradio":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "xsbert\[app\]"'):
        demo()
    assert main(["serve", "--no-browser"]) == 2
    assert 'the app needs gradio, which is not installed: pip install "xsbert[app]"' in capsys.readouterr().err


def test_two_models_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two models are called 'minilm_cos'"):
        demo("minilm_cos", "elsewhere/minilm_cos")


def test_what_serve_is_asked():
    options = parse(["serve", "--model", "minilm_cos", "--model", "x", "--port", "8000", "--no-browser"])
    assert (options.command, options.model, options.host, options.port) == (
        "serve",
        ["minilm_cos", "x"],
        "127.0.0.1",
        8000,
    )


def test_two_users_at_once_in_a_browser():
    app = demo()
    _, address, _ = app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, share=False)
    asked, troubles = [], []
    try:
        with browsers() as browser:
            users = [browser._browser.new_page() for _ in range(2)]
            for page in users:
                page.set_default_timeout(30_000)
                page.on("request", lambda request: asked.append(request.url))
                page.on("pageerror", lambda error: troubles.append(str(error)))
                page.goto(address)
            texts = [(A, B), ("Dogs run.", "Two dogs are running.")]
            for page, pair in zip(users, texts, strict=True):
                for label, text in zip(("text A", "text B"), pair, strict=True):
                    page.get_by_label(label).fill(text)
            for page, (_, text_b) in zip(users, texts, strict=True):
                page.frame_locator("iframe").locator("#text-b", has_text=text_b).wait_for()
            first, second = users
            link = first.get_by_role("link", name="link to this result").get_attribute("href")
            second.goto(address + link)
            second.frame_locator("iframe").locator("#text-b", has_text=B).wait_for()
            layer = first.get_by_label("layer (empty: the method's own)")
            layer.fill("99")
            layer.press("Tab")
            first.get_by_text("layer got 99").wait_for()
    finally:
        app.close(verbose=False)
    assert not [url for url in asked if not url.startswith((address, "about:", "data:", "blob:"))]
    assert troubles == []
