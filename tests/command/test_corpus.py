"""`xsbert corpus`, and rankings of what it keeps."""

import json

import pytest

from tests.helpers.commands import command  # noqa: F401  # a fixture
from xsbert import Ranking
from xsbert.corpus import VectorStore

DOCUMENTS = ["The coffee is bad.", "A dog barks loudly.", "Tea, please!", "Good coffee in the morning."]
QUERY = "bad coffee"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("sku,text\n" + "".join(f'B{i},"{text}"\n' for i, text in enumerate(DOCUMENTS)) + "B9,\n")
    return str(path)


@pytest.fixture
def store(command, table, tmp_path):  # noqa: F811
    path = str(tmp_path / "reviews.lance")
    status, output, _ = command("corpus", "add", table, "--store", path, "--column", "text", "--id", "sku")
    assert status == 0
    assert output.startswith(f"added  4 documents\nstore  {path}\n       4 documents in 1 fragment, no index")
    assert "384 dimensions, int16, cosine\n       Presence(layer=3," in output
    return path


def test_a_collection_is_ranked_from_its_store(command, table, store, tmp_path, minilm):  # noqa: F811
    status, kept, _ = command("rank", QUERY, "--store", store, "--json")
    assert status == 0
    _, anew, _ = command("rank", QUERY, table, "--column", "text", "--id", "sku", "--json")
    kept, anew = json.loads(kept), json.loads(anew)
    assert kept["ids"] == anew["ids"]
    assert [x["score"] for x in kept["results"]] == pytest.approx([x["score"] for x in anew["results"]], abs=1e-5)
    page = tmp_path / "ranking.html"
    arguments = ("--store", store, "--id", "B2", "--id", "B0", "--output", str(page))
    status, output, _ = command("rank", QUERY, *arguments)
    assert "2 of 2 documents, the most similar first" in output
    assert "id B0   " in output
    assert "id <bdi>B2</bdi>" in page.read_text(encoding="utf-8")
    _, output, _ = command("rank", QUERY, "--store", store, "--top", "1", "--tokens")
    assert "1 of 4 documents" in output


def test_what_is_added_again_is_skipped(command, table, store):  # noqa: F811
    status, output, _ = command("corpus", "add", table, "--store", store, "--column", "text", "--id", "sku")
    assert (status, output.split("\n")[0]) == (0, "added  0 documents")
    assert len(VectorStore(store)) == 4
    status, output, error = command("corpus", "optimize", store, "--search-index")
    assert (status, "4 documents in 1 fragment" in output) == (0, True)
    assert error == "joining what was appended …\n"
    assert command("corpus", "info", store)[1] == output


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("corpus", "info", "no.lance"), "no.lance holds no collection; expected one that"),
        (("corpus",), "the following arguments are required: add|info|optimize"),
        (("rank", QUERY), "got a query alone; expected a file of documents, or --store"),
        (("rank", QUERY, "TABLE", "--store", "STORE"), "beside a file or its column; expected one of the two"),
        (("rank", QUERY, "--store", "STORE", "--column", "text"), "beside a file or its column"),
        (("rank", QUERY, "--store", "STORE", "--id", "x"), "has no document 'x'; expected ids that were added"),
        (("rank", QUERY, "--store", "STORE", "--method", "hidden-states"), "method got 'HiddenStates("),
        (("rank", QUERY, "--store", "STORE", "--similarity", "dot"), "similarity got 'dot'; "),
        (("rank", QUERY, "TABLE", "--id", "sku", "--id", "text"), "--id got 2 columns; expected one"),
        (("corpus", "add", "TABLE", "--store", "NEW"), "expected --column with one of them"),
        (("corpus", "add", "no.csv", "--store", "NEW"), "'no.csv', which is no file"),
        (("corpus", "add", "TABLE", "--store", "STORE", "--column", "sku", "--id", "sku"), "with another text"),
        (("corpus", "add", "TABLE", "--store", "STORE", "--precision", "int8"), "expected --column"),
        (
            ("corpus", "add", "TABLE", "--store", "NEW", "--column", "text", "--method", "removal"),
            "a store keeps no standard errors",
        ),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(command, table, store, tmp_path, arguments, error):  # noqa: F811
    new = str(tmp_path / "new.lance")
    known = {"TABLE": table, "STORE": store, "NEW": new}
    status, output, said = command(*(known.get(each, each) for each in arguments))
    assert (status, output) == (2, "")
    assert error in said.splitlines()[-1]
    assert not (tmp_path / "new.lance").exists()
    assert len(VectorStore(store)) == 4


def test_a_ranking_from_a_store_is_saved(command, store, tmp_path):  # noqa: F811
    path = tmp_path / "r.json"
    assert command("rank", QUERY, "--store", store, "--output", str(path))[0] == 0
    assert Ranking.load(path).compared == 4
