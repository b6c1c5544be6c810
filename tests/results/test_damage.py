"""Files that are damaged or made up: each is read whole and right, or refused by its name; seeds are fixed."""

import io
import json
import random
import zipfile

import numpy as np
import pytest

from xsbert import Attribution, Ranking, TokenVectors, contrast
from xsbert.command.terminal.characters import fitted, shown, width
from xsbert.models import HiddenStates
from xsbert.models.loading.download import unpack
from xsbert.plot import page
from xsbert.results.parts.words import group, word_starts
from xsbert.training.output import Output

A, B = "The coffee is bad.", "This is not a good coffee."
ODD = (
    *(None, True, False, 0, 1, -1, 3, 10**20, 10**399, 0.5, -0.5, 1e308, "", "x", "\ud800", [], [[]], {}, {"a": 1}),
    *([0], [0, 1], [1, 0], [0, 10**6], [-1, 2], [0, 1, 2], [None], ["a", "b"], [True, False], [[0, 1]] * 3),
    *(float("nan"), float("inf"), float("-inf")),
)
KINDS = {"Attribution": Attribution, "Ranking": Ranking, "TokenVectors": TokenVectors, "Contrast": None}


@pytest.fixture(scope="module")
def results(minilm):
    ranking = minilm.explain_ranking(A, [B, "Tea", ""], method=HiddenStates(layer=-1), ids=["x", "y", "z"])
    (vectors,) = minilm.token_vectors([A], method=HiddenStates(layer=-1))
    return {
        "Attribution": ranking[0],
        "Ranking": ranking,
        "TokenVectors": vectors,
        "Contrast": contrast(ranking[0], ranking[1]),
    }


def changed(data, chance):
    """A copy with one value anywhere replaced, left out, or put in."""
    data = json.loads(json.dumps(data))
    at, key = data, chance.choice(list(data))
    while isinstance(at[key], (dict, list)) and at[key] and chance.random() < 0.7:
        at = at[key]
        key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
    what = chance.random()
    if what < 0.15:
        del at[key]
    elif what < 0.25 and isinstance(at, list):
        at.insert(key, chance.choice(ODD))
    else:
        at[key] = chance.choice(ODD)
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_result_is_whole_or_refused_by_name(results, tmp_path, kind):
    chance, file, refused = random.Random(kind), tmp_path / "result.json", 0
    plain = results[kind].to_dict()
    for _ in range(400):
        file.write_text(json.dumps(changed(plain, chance)), encoding="utf-8", errors="surrogatepass")
        x, message = attempted(lambda: type(results[kind]).load(file))
        if message:
            assert str(file) in message
            refused += 1
        else:
            used(x)
    assert refused > 150
    results[kind].save(file)
    assert type(results[kind]).load(file) == results[kind]


def attempted(read):
    """What was read, or the message of the ValueError; no other error is one that a reader may raise."""
    try:
        return read(), ""
    except ValueError as error:
        return None, str(error)


def used(x):
    """All that people do with a result."""
    assert repr(x)
    json.dumps(x.to_dict(), allow_nan=False)
    hash(x)
    if hasattr(x, "top"):
        x.top(3)
    if hasattr(x, "words"):
        x.words()
        x.folded()
    if isinstance(x, (Attribution, Ranking)) and (isinstance(x, Attribution) or len(x)):
        page(x)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": "xsbert.Attribution", "version": true}',
        b'{"format": "xsbert.Attribution", "version": 1}',
        b'{"format": "xsbert.Attribution", "version": ' + b"9" * 5000 + b"}",
        b"null",
    ],
    ids=range(8),
)
def test_what_is_no_result_is_refused_by_name(tmp_path, content):
    file = tmp_path / "pair.json"
    file.write_bytes(content)
    for kind in (Attribution, Ranking, TokenVectors):
        with pytest.raises(ValueError, match=r"pair\.json"):
            kind.load(file)


def test_an_error_without_a_size_is_kept(results, tmp_path):
    from dataclasses import replace

    x = replace(results["Attribution"], errors=(float("inf"), 0.0))
    x.save(tmp_path / "pair.json")
    assert "Infinity" not in (tmp_path / "pair.json").read_text()
    assert Attribution.load(tmp_path / "pair.json") == x


def test_a_damaged_zip_is_a_model_or_refused_by_name(tmp_path):
    chance, content = random.Random(0), io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/modules.json", "[]")
        archive.writestr("m/weights", bytes(range(256)) * 20)
    for number in range(150):
        damaged = bytearray(content.getvalue())
        for _ in range(chance.randint(1, 10)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        file, folder = tmp_path / f"{number}.zip", tmp_path / "kept" / str(number)
        file.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        _, message = attempted(lambda file=file, folder=folder: unpack(file, folder))
        assert (folder / "modules.json").is_file() == (not message)
        assert str(file) in message or not message
    outside = [path for path in tmp_path.iterdir() if path.suffix != ".zip" and path.name != "kept"]
    assert outside == []
    assert not [path for path in (tmp_path / "kept").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["figures.json", "recipe.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000], ids=range(5))
def test_a_torn_file_of_a_run_is_named(tmp_path, name, content):
    (tmp_path / "recipe.json").write_text("{}")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is damaged .* Delete it"):
        Output(tmp_path, {}, resume=True).figures  # noqa: B018


STRANGE = (
    "ab 日é\u0301👍🏽\u200d☕\ufe0f🇩🇪\u202e\u200f"
    "\r\n\t\u2028\u00ad\u0600\u0e33\u1112\u1161\uffff\U000e0001\x1b\x00<&\"'`"
)


def test_strange_characters_pass_through_everything(results, tmp_path):
    from dataclasses import replace

    chance = random.Random(0)
    for _ in range(300):
        text = "".join(chance.choices(STRANGE, k=chance.randint(1, 30)))
        starts = word_starts(text)
        assert len(starts) == len(text)
        assert all(start <= i for i, start in enumerate(starts))
        offsets = [(i, i + 1) for i in range(len(text))]
        assert sum(len(each.positions) for each in group(text, offsets)) == len(text)
        assert width(fitted(shown(text), 8)) <= 8
    for number in range(20):
        text = "".join(chance.choices(STRANGE, k=5))
        tokens, offsets = tuple(text), tuple((i, i + 1) for i in range(5))
        x = replace(
            results["Attribution"], text_a=text, tokens_a=tokens, offsets_a=offsets, read_a=(),
            matrix=np.ones((5, 9), np.float32),
        )  # fmt: skip
        x.save(tmp_path / f"{number}.json")
        assert Attribution.load(tmp_path / f"{number}.json") == x
        assert "<script>" in page(x.words())
