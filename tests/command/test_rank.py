"""`xsbert rank`: what it reads, which documents it explains, what it prints and writes."""

import csv
import gzip
import io
import json
import re
import signal
import subprocess
import sys

import pytest

from tests.helpers.commands import command, without_colours  # noqa: F401
from xsbert import Attribution, Ranking, XSTransformer
from xsbert.command.actions.rank import report
from xsbert.command.inputs import documents as documents_of
from xsbert.command.terminal.characters import width
from xsbert.models import HiddenStates

QUERY = "Bad coffee in the office"
DOCUMENTS = [
    "Stocks fell today.",
    "An awful espresso.",
    "The coffee is bad, said the man.",
    "An awful espresso.",
    "咖啡很难喝。",
    'The "view" from my office is nice.',
    "We had a long meeting about the budget, the building, the parking lot, the summer party, the tea that nobody "
    "drinks, the broken lift and, at the very end of the afternoon, the bad coffee in the kitchen.",
]


@pytest.fixture(scope="module")
def full(minilm):
    """All documents, explained."""
    return minilm.explain_ranking(QUERY, DOCUMENTS)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "documents.txt"
    path.write_text("\n".join(DOCUMENTS) + "\n", encoding="utf-8")
    return str(path)


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return str(path)


def places(output):
    """Place and score of each document printed."""
    heads = [line.split()[:2] for line in output.splitlines() if line[:2].strip().isdigit()]
    return [(int(place), float(score)) for place, score in heads]


def test_it_prints_the_best_in_order_with_the_words_that_made_them(command, file, full):  # noqa: F811
    status, output, messages = command("rank", QUERY, file, "--top", "3")
    assert status == 0
    assert places(output) == [(i + 1, pytest.approx(full[i].score, abs=1e-4)) for i in range(3)]
    assert f"3 of {len(DOCUMENTS)} documents, the most similar first" in output
    assert "each similarity = the sum of all its word pairs" in output
    assert "ranking 7 documents, explaining 3" in messages
    for a, b, value in full[0].words().top(3):
        assert f"{a} → {b} {value:.3f}" in output
    assert "[CLS]" not in output, "it has no part"
    output = command("rank", QUERY, file, "--top", "3", "--method", "hidden-states")[1]
    assert "reference terms of up to 1." in output
    assert re.search(r"outside the texts \(\[CLS\], \[SEP\]\) -?\d\.\d{3}", output)


@pytest.mark.parametrize("columns", [10, 40, 60, 100])
def test_documents_are_shortened_around_their_strongest_words(full, columns):
    lines = report(full.words(), columns).splitlines()
    head = lines.index("")
    (line,) = [line for line in lines[head:] if "bad coffee" in line]
    assert "… " in line
    assert "We had" not in line
    assert max(map(width, lines[head:])) <= max(columns, 40)


def test_a_terminal_gets_colours_and_otherwise_what_a_pipe_gets(command, tmp_path, monkeypatch):  # noqa: F811
    path = written(tmp_path, "two.txt", "\n".join(DOCUMENTS[:2]))
    monkeypatch.setenv("COLUMNS", "80")
    plain = command("rank", QUERY, path, "--layer", "-1")[1]
    coloured = command.at_terminal("rank", QUERY, path, "--layer", "-1", COLUMNS="80")
    assert "\x1b" not in plain
    assert coloured != plain == without_colours(coloured)


@pytest.mark.parametrize("top", [2, 50])
def test_the_nearest_are_those_of_the_whole_ranking(minilm, full, top):
    found = minilm.explain_ranking(QUERY, DOCUMENTS, top=top, method=HiddenStates(-1))
    assert found.positions == full.positions[:top]
    assert found.scores == pytest.approx(full.scores[:top], abs=1e-6)
    assert found.documents == tuple(DOCUMENTS[i] for i in found.positions)


@pytest.mark.parametrize("similarity", ["cosine", "dot", None])
@pytest.mark.parametrize("name", ["mpnet_shelf", "droberta_cos"])
def test_the_nearest_go_by_the_similarity_and_by_the_prompts(tiny, name, similarity):
    model = XSTransformer.wrap(tiny[name])
    model.prompts = {"query": "a long query about coffee: ", "document": "x y z "}
    options = {"method": HiddenStates(-1), "similarity": similarity}
    full = model.explain_ranking(QUERY, DOCUMENTS[:6], **options)
    assert model.explain_ranking(QUERY, DOCUMENTS[:6], top=2, **options).positions == full.positions[:2]


def test_only_the_best_are_explained(command, file, minilm, monkeypatch):  # noqa: F811
    asked = []
    explain = minilm.explain_pairs

    def counted(pairs, **options):
        asked.extend(pairs)
        return explain(pairs, **options)

    monkeypatch.setattr(minilm, "explain_pairs", counted)
    assert command("rank", QUERY, file, "--top", "2", "--layer", "-1")[0] == 0
    assert len(asked) == 2


def test_json_is_the_ranking_and_nothing_else(command, file, full, tmp_path):  # noqa: F811
    path = tmp_path / "ranking.json"
    _, output, messages = command("rank", QUERY, file, "--top", "2", "--layer", "-1", "--json", "--output", str(path))
    found = Ranking.load(path)
    assert json.loads(output) == found.to_dict() == json.loads(path.read_text(encoding="utf-8"))
    assert output.isascii()
    assert found.positions == full.positions[:2]
    assert found[0].tokens_b == full[0].words().tokens_b
    assert f"written: {path}" in messages
    tokens = json.loads(command("rank", QUERY, file, "--top", "1", "--layer", "-1", "--json", "--tokens")[1])
    assert tokens["results"][0]["tokens_b"] == list(full[0].tokens_b)


def test_the_page_of_a_ranking(command, file, tmp_path):  # noqa: F811
    pytest.importorskip("xsbert.plot.html.document")
    path = tmp_path / "ranking.html"
    assert command("rank", QUERY, file, "--output", str(path))[0] == 0
    page = path.read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html")
    assert "Stocks" in page


QUOTED = ['"' + text.replace('"', '""') + '"\n' for text in DOCUMENTS]
TABLE = "id,text\n" + "".join(f"{i},{text}" for i, text in enumerate(QUOTED))


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("d.txt", "\n".join(DOCUMENTS), None),
        ("d", "\r\n".join(DOCUMENTS), None),
        ("d.md", b"\xef\xbb\xbf" + "\n\n \n".join(DOCUMENTS).encode(), None),
        ("d.csv", TABLE, "text"),
        ("d.CSV", "\ufeff" + TABLE.replace("text", " text ", 1).replace("\n", "\r\n"), "text"),
        ("d.csv", "text\n" + "".join(QUOTED), None),
        ("d.tsv", "".join(f"{i}\t{d}\n" for i, d in [("id", "text"), *enumerate(DOCUMENTS)]), "text"),
        ("d.tsv", "text\n" + "\n".join(DOCUMENTS), None),
        ("d.jsonl", "".join(json.dumps({"id": 1, "text": d}) + "\n" for d in DOCUMENTS), "text"),
        ("d.jsonl", "\n".join(json.dumps({"text": d}) for d in [*DOCUMENTS, None]), None),
        ("d.json", json.dumps([{"id": 1, "text": d} for d in DOCUMENTS]), "text"),
        ("d.json", "\ufeff" + json.dumps([*DOCUMENTS, None, " "], indent=1), None),
        ("d.jsonl", "\n".join(map(json.dumps, DOCUMENTS)), None),
        ("d.csv.gz", gzip.compress(TABLE.encode()), "text"),
        ("-", "\n".join(DOCUMENTS), None),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 10 else "",
)  # fmt: skip
def test_files_of_every_kind_hold_the_same_documents(tmp_path, monkeypatch, name, content, column):
    content = content if isinstance(content, bytes) else content.encode("utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
    path = name if name == "-" else written(tmp_path, name, content)
    assert documents_of(path, column, None).texts == DOCUMENTS


@pytest.mark.parametrize(
    ("name", "content", "options", "expected"),
    [
        ("d.txt", "\na\n\nb\n", (None, None), (["2", "4"], "line")),
        ("d.csv", 'text\n"a\na"\n\nb\n', (None, None), (["2", "5"], "line")),
        ("d.csv", "n,text,n\n1,a,2\n", ("text", None), (["2"], "line")),
        ("d.csv", "sku,text\nB7,a\nB9,b\n", (None, "sku"), (["B7", "B9"], "sku")),
        ("d.tsv", "sku\ttext\tn\nB7\ta\t1\nB9\tb\t2\n", ("text", "sku"), (["B7", "B9"], "sku")),
        ("d.jsonl", '{"n": 7, "t": "a"}\n\n{"n": "x", "t": "b"}', (None, "n"), (["7", "x"], "n")),
        ("d.json", '["a", null, "b"]', (None, None), (["1", "3"], "item")),
        ("d.json", '[{"t": "a", "n": 1}, {"t": "", "n": null}, {"n": 2, "t": "b"}]', ("t", "n"), (["1", "2"], "n")),
    ],
)
def test_documents_keep_what_tells_them_apart(tmp_path, name, content, options, expected):
    documents = documents_of(written(tmp_path, name, content), *options)
    assert (documents.ids, options[1] or documents.unit) == expected


def test_a_ranking_says_which_documents_these_are(command, tmp_path):  # noqa: F811
    rows = [f"B{i},{quoted}" for i, quoted in enumerate(QUOTED)]
    path, page, kept = (
        written(tmp_path, "d.csv", "sku,text\n" + "".join(rows)),
        tmp_path / "r.html",
        tmp_path / "r.json",
    )
    options = (QUERY, path, "--top", "3", "--layer", "-1")
    _, output, _ = command("rank", *options, "--id", "sku", "--output", str(page))
    ranking = json.loads(command("rank", *options, "--id", "sku", "--json")[1])
    assert ranking["ids"] == [f"B{i}" for i in ranking["positions"]]
    for number in ranking["ids"]:
        assert f"sku {number}   " in output
        assert f"sku <bdi>{number}</bdi>" in page.read_text(encoding="utf-8")
    _, output, _ = command("rank", *options, "--column", "text", "--output", str(kept))
    assert Ranking.load(kept).ids == tuple(str(i + 2) for i in ranking["positions"])
    assert f"line {ranking['positions'][0] + 2}   " in output


def test_blank_lines_are_counted_and_a_long_document_is_read(tmp_path, capsys):
    path = written(tmp_path, "d.csv", 'text\n"' + "coffee " * 30_000 + '"\n""\n" "\ntea\n')
    documents = documents_of(path, None, None)
    assert documents == ([("coffee " * 30_000).strip(), "tea"], ["2", "5"], "line", 2)
    assert capsys.readouterr().err == "skipped 2 blank lines\n"
    assert csv.field_size_limit() == 131072


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("d.csv", "id,text\n1,a\n", (), "has the columns 'id', 'text'; expected --column with one of them"),
        ("d.csv", "id,text\n1,a\n", ("--column", "body"), "line 2, has no column 'body'; it has 'id', 'text'"),
        ("d.csv", "text,text\na,b\n", (), "has two columns 'text'; expected one"),
        ("d.csv", "n,text,n\n1,a,2\n", ("--column", "text", "--id", "n"), "has two columns 'n'"),
        ("d.csv", "text\na, b\n", (), "line 2, has 2 columns; expected 1"),
        ("d.csv", "id,text\n1,a\n2\n", ("--column", "text"), "line 3, has 1 columns; expected 2"),
        ("d.csv", "text\n", (), "holds no document"),
        ("d.csv", "", (), "holds no document"),
        ("d.jsonl", '{"a": 1, "b": "x"}\n', (), "has the columns 'a', 'b'"),
        ("d.jsonl", '{"a": "x"}\n\n{"b": "x"}\n', (), "line 3, has no column 'a'; it has 'b'"),
        ("d.jsonl", '{"a": 1}\n', (), "line 1: the column 'a' holds 1; expected a text"),
        ("d.jsonl", '{"a": "x"}\n{"a": \n', (), "line 2, is not JSON"),
        ("d.jsonl", '["x"]\n', (), "line 1, holds a list; expected a JSON object"),
        ("d.json", '{"a": "x"}', (), "holds a dict; expected an array of strings or objects"),
        ("d.json", '["x"', (), "is not JSON"),
        ("d.json", "[" * 100_000, (), "is JSON that can't be read"),
        ("d.jsonl", "1" * 5000, (), "line 1, is JSON that can't be read"),
        ("d.json", '["x", 3]', (), "item 2, holds a int; expected a JSON object or a string"),
        ("d.json", '["x"]', ("--column", "a"), "item 1, is a string; expected an object with the column 'a'"),
        ("d.json", '[{"a": "x"}, {"a": NaN}]', (), "item 2: the column 'a' holds nan; expected a text"),
        ("d.json", "[]", (), "holds no document; expected at least one item"),
        ("d.csv", 'text\nfirst\n"second\nthird\nfourth\n', (), "line 3: a quotation mark opens a text here and is not"),
        ("d.csv", 'text\n"first\nsecond\n"third, here"\n', (), "line 2: a quotation mark opens"),
        ("d.csv.gz", b"text", (), "expected what gzip wrote"),
        ("d.jsonl", '{"a": "\\ud83d"}\n', (), "half a surrogate pair"),
        ("d.txt", "a\n", ("--column", "text"), "--column got text, but "),
        ("d.txt", "a\n", ("--id", "sku"), "--id got sku, but "),
        ("d.csv", "text\na\n", ("--id", "sku"), "line 2, has no column 'sku'; it has 'text'"),
        ("d.csv", "sku,text\n1,a\n", ("--column", "text", "--id", "n"), "line 2, has no column 'n'"),
        ("d.json", '[{"t": "a", "n": 1.5}]', ("--id", "n"), "item 1: the column 'n' holds 1.5; expected an id"),
        ("d.txt", b"good\n\xff\xfe\n", (), "line 2, is not UTF-8 (byte 0xff)"),
        ("d.txt", " \n\n", (), "holds no document"),
        ("d.txt", "a\n", ("--output", "out.png"), "expected a name that ends in .html, .json"),
        ("d.txt", "a\n", ("--top", "-1"), "argument --top"),
        ("d.txt", "a\n", ("--words", "--tokens"), "not allowed with argument --words"),
        ("d.txt", "a\n", ("--layer", "6"), "layer got 6; this encoder has 6 layers"),
    ],
)
def test_what_cannot_be_ranked_is_one_line_and_status_2(command, tmp_path, name, content, options, message):  # noqa: F811
    status, output, messages = command("rank", QUERY, written(tmp_path, name, content), *options)
    assert (status, output) == (2, "")
    assert message in messages.splitlines()[-1]
    assert messages.splitlines()[-1].startswith("xsbert: ")
    assert len([line for line in messages.splitlines() if line.startswith("xsbert: ")]) == 1
    assert "Traceback" not in messages


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["rank", QUERY], b"", "got a query alone; expected a file of documents, or --store"),
        (["rank", QUERY, "none/such.txt"], b"", "none/such.txt can't be read (No such file or directory)"),
        (["rank", QUERY, "."], b"", "can't be read (Is a directory)"),
        (["rank", "-", "-"], b"", "got - twice"),
        (["rank", QUERY, "-"], b"", "- holds no document"),
        (["-", "-"], b"", "got - twice"),
        (["-", "b"], b" \n", "standard input is empty"),
        (["-", "b"], b"caf\xe9", "standard input, line 1, is not UTF-8 (byte 0xe9)"),
    ],
)
def test_inputs_that_are_refused(command, arguments, given, message):  # noqa: F811
    status, output, messages = command(*arguments, given=given)
    assert (status, output) == (2, "")
    assert message in messages
    assert messages.splitlines()[-1].startswith("xsbert: ")


def test_texts_from_standard_input(command, tmp_path):  # noqa: F811
    file = written(tmp_path, "one.txt", "Tee")
    plain = command("Kaffee ☕", "Tee", "--layer", "-1")[1]
    assert command("-", "Tee", "--layer", "-1", given="Kaffee ☕\n".encode())[1] == plain
    assert command("Kaffee ☕", "-", "--layer", "-1", given=b"\xef\xbb\xbfTee\r\n")[1] == plain
    assert (
        command("rank", "-", file, "--layer", "-1", given=b"tea")[1] == command("rank", "tea", file, "--layer", "-1")[1]
    )


def test_the_text_rank_behind_two_dashes(command):  # noqa: F811
    found = json.loads(command("--json", "--", "rank", "-5 degrees")[1])
    assert (found["text_a"], found["text_b"]) == ("rank", "-5 degrees")
    assert "A      rank" in command("--", "rank", "B")[1].splitlines()


def test_json_of_a_pair_is_the_attribution_and_nothing_else(command, tmp_path):  # noqa: F811
    path = tmp_path / "pair.json"
    _, output, _ = command("Bad ☕", "Good tea", "--json", "--words", "--output", str(path))
    assert json.loads(output) == Attribution.load(path).to_dict()
    assert output.isascii()
    assert output.count("\n") == 1


def test_the_page_of_a_pair_has_the_tokens(command, tmp_path):  # noqa: F811
    pytest.importorskip("xsbert.plot.html.document")
    path = tmp_path / "pair.html"
    assert command("Kaffee", "Tee", "--words", "--output", str(path))[0] == 0
    assert path.read_text(encoding="utf-8").lower().startswith("<!doctype html")


def test_help_of_a_ranking(command, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "80")
    status, output, _ = command("rank", "--help")
    assert status == 0
    for option in (
        "--column",
        "--id",
        "--top",
        "--words",
        "--tokens",
        "--output",
        "--json",
        "example:",
        "standard input",
    ):
        assert option in output
    assert "xsbert rank" in command("--help")[1]
    assert max(map(len, output.splitlines())) <= 80


def test_an_interrupt_while_it_reads():
    run = subprocess.Popen(
        [sys.executable, "-m", "xsbert", "rank", QUERY, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )  # fmt: skip
    run.stdin.write(b"x" * 1_000_000)  # more than a pipe holds: it has begun to read
    run.stdin.flush()
    run.send_signal(signal.SIGINT)
    output, messages = run.communicate()
    assert (run.returncode, output, messages) == (130, b"", b"xsbert: interrupted\n")
