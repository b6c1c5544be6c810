"""What reaches a terminal: colours where it has them, aligned columns, and no control character of a text's."""

import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.helpers.commands import COLOURS, command, without_colours  # noqa: F401
from xsbert.command.actions.pair import report
from xsbert.command.terminal import colours
from xsbert.command.terminal.characters import DIRECTIONS, fitted, padded, shown, width
from xsbert.command.terminal.colours import LOWERS, RAISES, Shading
from xsbert.command.terminal.passage import Piece, excerpt, painted, passage

A, B = "The dog runs after the kitten, but nobody likes it.", "A quiet cat sleeps while a dog is barking loudly."
HOSTILE = "\x1b[31mcoffee\x07 \x9b2J\x00 \x1b]0;title\x1b\\ \u202eabc\u2066 is\r\nbad \x7f\u2028end"
unsafe = st.text(st.sampled_from("ab 日é\u0301👍🏽\u200d☕\ufe0f\x1b\x9b\u202e\u200f\r\n\t\x00"))


def is_safe(text):
    """No control character but the ends of lines, and nothing that changes directions."""
    return not any((unicodedata.category(c) == "Cc" and c != "\n") or c in DIRECTIONS for c in text)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("coffee", 6), ("", 0), ("café", 4), ("cafe\u0301", 4), ("咖啡", 4), ("コーヒー", 8), ("ｶﾌｪ", 3), ("커피", 4),
        ("\u1112\u1161\u11ab", 2), ("☕", 2), ("☕\ufe0f", 2), ("❤", 1), ("❤\ufe0f", 2), ("👍🏽", 2),
        ("👨\u200d👩\u200d👧", 2), ("👩🏽\u200d💻", 2), ("🇩🇪", 2),
        ("שלום", 4), ("a\u200bb", 2), ("Ａ", 2), ("…", 1), ("\ufffd", 1),
    ],
)  # fmt: skip
def test_widths(text, columns):
    assert width(text) == columns
    assert width(padded(text, 12)) == 12


@given(unsafe, st.integers(1, 12))
def test_what_is_fitted_fits_and_begins_as_the_text(text, columns):
    found = fitted(text, columns)
    assert width(found) <= columns
    assert text.startswith(found.removesuffix("…")) or found == text
    assert (found == text) == (width(text) <= columns)


@given(unsafe)
def test_what_is_shown_is_safe_and_keeps_its_place(text):
    found = shown(text)
    assert is_safe(found)
    assert "\n" not in found
    assert len(found) == len(text)  # offsets still hold
    assert all(was == now for was, now in zip(text, found, strict=True) if was.isalpha())


def test_every_control_character_is_replaced():
    for code in (*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF, *map(ord, DIRECTIONS)):
        assert shown(chr(code)) == (" " if chr(code).isspace() else "\ufffd")


@example([("coffee", 0.0)] * 3 + [(" ", 0.0), ("咖啡", 1.0), (" ", 0.0)], 20)
@given(
    st.lists(st.tuples(st.sampled_from(["coffee", " ", "咖啡", "."]), st.floats(-1, 1)), min_size=1, max_size=15),
    st.integers(20, 60),
)
def test_an_excerpt_fits_and_holds_the_strongest_word(parts, columns):
    pieces = [Piece(text, None if text == " " else value) for text, value in parts]
    found = excerpt(pieces, columns)
    assert sum(width(piece.text) for piece in found) <= columns
    if sum(width(piece.text) for piece in pieces) <= columns:
        assert found == pieces
    else:
        n = len(pieces)
        runs = [(i, j) for i in range(n) for j in range(i + 1, n + 1)]
        room = {(i, j): columns - 2 * (i > 0) - 2 * (j < n) for i, j in runs}
        fits = [pieces[i:j] for i, j in runs if sum(width(piece.text) for piece in pieces[i:j]) <= room[i, j]]
        assert squares(found) == pytest.approx(max(map(squares, fits)), abs=1e-6)


def squares(pieces):
    return sum((piece.value or 0) ** 2 for piece in pieces)


def test_an_excerpt_of_one_endless_word_is_cut():
    assert painted(excerpt([Piece("a" * 100, 1.0), Piece(" ", None)], 30), lambda text, value: text) == "a" * 29 + "…"


def test_a_passage_is_the_text_with_its_values():
    text = "Café ☕\n is  bad"
    found = passage(text, [None, (0, 4), (5, 6), (5, 6), (8, 10), (12, 15)], [9.0, 1.0, 0.25, 0.5, -1.0, 2.0])
    assert found == [
        Piece("Café", 1.0), Piece(" ", None), Piece("☕", 0.75), Piece(" ", None), Piece("is", -1.0),
        Piece(" ", None), Piece("bad", 2.0),
    ]  # fmt: skip


def luminance(colour):
    """Of one of the 256 colours' cube, as WCAG defines it."""
    levels = (0, 95, 135, 175, 215, 255)
    parts = [levels[(colour - 16) // base % 6] / 255 for base in (36, 6, 1)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("style", [*RAISES, *LOWERS])
def test_shaded_words_can_be_read_on_black_and_on_white(style):
    numbers = [int(part.split(";")[0]) for part in style.split("8;5;")[1:]]
    if len(numbers) == 2:
        assert contrast(*numbers) >= 4.5
    else:
        assert min(contrast(numbers[0], 16), contrast(numbers[0], 231)) >= 3.4


def test_the_sign_is_not_told_by_colour_alone():
    shade = Shading(1.0, True)
    for value in (0.15, 0.5, 1.0):
        assert shade("word", value) != shade("word", value * 0.5)
        assert not any(part == "4" for part in shade("word", value)[2:].split("m")[0].split(";"))
        assert "4" in shade("word", -value)[2:].split("m")[0].split(";")
    assert shade("word", 0.01) == "word" == Shading(1.0, False)("word", 1.0) == Shading(0.0, True)("word", 0.0)


class Stream:
    def __init__(self, terminal):
        self.isatty = lambda: terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "expected"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (True, {"WT_SESSION": "1"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"TERM": "xterm", "FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_where_colours_are_wanted(monkeypatch, terminal, environment, expected):
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert colours.wanted(Stream(terminal)) is expected


def test_words_have_the_colours_of_their_sums(minilm_cos):
    x = minilm_cos.explain(A, B).words()
    line_a, line_b = report(x, 3, "word", coloured=True).splitlines()[2:4]
    sums = np.concatenate([x.matrix.sum(axis=1)[1:-1], x.matrix.sum(axis=0)[1:-1]])
    words = [*x.tokens_a[1:-1], *x.tokens_b[1:-1]]
    shade = Shading(float(np.abs(sums).max()), True)
    expected = [shade(word, value) for word, value in zip(words, sums, strict=True)]
    line = (line_a + line_b).replace(" ", "")
    assert line == "A" + "".join(expected[: len(x.tokens_a) - 2]) + "B" + "".join(expected[len(x.tokens_a) - 2 :])
    assert min(sums) < 0 < max(sums)
    assert "\x1b[4;" in line
    assert "\x1b[1;38" in line


@pytest.mark.parametrize("arguments", [(), ("--words", "--top", "3")])
def test_a_terminal_gets_colours_and_otherwise_what_a_pipe_gets(command, arguments):  # noqa: F811
    plain = command(A, B, "--layer", "-1", *arguments)[1]
    assert "\x1b" not in plain
    coloured = command.at_terminal(A, B, "--layer", "-1", *arguments)
    assert len(COLOURS.findall(coloured)) > 10
    assert without_colours(coloured) == plain


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(command, environment):  # noqa: F811
    assert "\x1b" not in command.at_terminal(A, B, "--layer", "-1", **environment)


def test_a_pipe_gets_colours_by_force_and_json_never(command, monkeypatch):  # noqa: F811
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert COLOURS.search(command(A, B, "--layer", "-1")[1])
    assert "\x1b" not in command(A, B, "--layer", "-1", "--json")[1]


@pytest.mark.parametrize("force", ["", "1"])
@pytest.mark.parametrize("options", [(), ("--words",), ("--json",)])
def test_no_text_commands_the_terminal(command, monkeypatch, force, options):  # noqa: F811
    monkeypatch.setenv("FORCE_COLOR", force)
    status, output, messages = command(HOSTILE, B, "--layer", "-1", *options)
    assert status == 0
    assert is_safe(without_colours(output))
    assert is_safe(messages)
    if not options:
        assert "A      �[31mcoffee� �2J� �]0;title�\\ �abc� is bad � end" in without_colours(output).splitlines()


def test_no_message_commands_the_terminal(command, tmp_path):  # noqa: F811
    for arguments in ([A, B, "--\x1b[31m"], [A, B, "--output", "\x1b[31m.gif"], ["rank", "q", "\x1b[31m\x9b"]):
        status, output, messages = command(*arguments)
        assert (status, output) == (2, "")
        assert "�[31m" in messages
        assert is_safe(messages)
    path = tmp_path / "\x1b[31m.json"
    assert is_safe(command(A, B, "--layer", "-1", "--output", str(path))[2])
    assert path.is_file()


def test_columns_stay_aligned_behind_wide_characters(command):  # noqa: F811
    text = "咖啡 ☕\ufe0f cafe\u0301 " + "x" * 60
    lines = command(text, text, "--words", "--top", "30", "--layer", "-1")[1].splitlines()
    table = lines[lines.index(next(line for line in lines if line.startswith("word of A"))) + 1 :]
    table = table[: table.index("")]
    assert any("咖" in line for line in table)
    assert any("…" in line for line in table)
    label = 40  # the longest label is cut to this
    for line in table:
        number = line.split()[-2]
        assert width(line[: line.rindex(number)] + number) == label + 3 + 11


def test_the_command_at_a_terminal_of_its_own(minilm_folder):
    ours, theirs = os.openpty()
    code = [sys.executable, "-m", "xsbert", A, B, "--layer", "-1", "--model", minilm_folder]
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    run = subprocess.Popen(code, stdout=theirs, stderr=subprocess.PIPE, env=environment | {"TERM": "xterm"})
    os.close(theirs)
    messages = run.stderr.read()
    assert run.wait() == 0, messages
    assert COLOURS.search(os.read(ours, 65536).decode("utf-8", "replace"))
    os.close(ours)
