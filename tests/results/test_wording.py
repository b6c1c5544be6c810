"""What the model read where the tokenizer lower-cases and strips accents: kept with every result."""

import json
from dataclasses import replace

import pytest
from tokenizers import normalizers

from xsbert import Attribution, TokenVectors
from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates
from xsbert.models.inputs.wording import wording
from xsbert.results.parts.wording import differs

RULE = HiddenStates(layer=-1, quadrature=GaussLegendre(6))
A, B = "Café Zoë’s naïveté, cafe\u0301 हिंदी", "my coffee is bad."


@pytest.fixture(scope="module")
def x(minilm):
    return minilm.explain(A, B, method=RULE)


def read(tokens, readings):
    return {token: each for token, each in zip(tokens, readings, strict=True) if each}


def test_what_was_read_is_kept_where_it_is_not_as_written(x):
    assert read(x.tokens_a, x.read_a) == {"Café": "cafe", "Zoë": "zoe", "naïve": "naive", "té": "te"}
    assert x.read_b == ()


def test_words_are_read_as_their_tokens_together(x):
    expected = {"Café": "cafe", "Zoë’s": "zoe’s", "naïveté": "naivete", "cafe\u0301": "cafe", "हिंदी": "हिदी"}
    for words in (x.words(), x.words().words(), x.trimmed().words(), x.words().trimmed(), x.folded().words()):
        assert read(words.tokens_a, words.read_a) == expected
        assert words.read_b == ()


def test_what_was_read_stays_in_its_place(x, minilm):
    spans = [(0, len("Café Zoë"))]
    assert x.grouped(spans).read_a[1] == "cafe zoe"
    prompted = minilm.explain("Café", "tea", prompt="Find É: ", method=RULE)
    at = prompted.tokens_a.index("Café")
    assert prompted.read_a[at] == "cafe"
    assert read(prompted.tokens_a, prompted.read_a) == {"Café": "cafe"}  # a prompt is none of the user's words
    folded = prompted.folded()
    assert folded.read_a[folded.tokens_a.index("Café")] == "cafe"


def test_files_keep_it_and_older_ones_open(x, tmp_path):
    x.save(tmp_path / "x.json")
    assert Attribution.load(tmp_path / "x.json") == x
    older = {k: v for k, v in json.loads((tmp_path / "x.json").read_text()).items() if not k.startswith("read")}
    (tmp_path / "older.json").write_text(json.dumps(older))
    old = Attribution.load(tmp_path / "older.json")
    assert old == replace(x, read_a=(), read_b=())
    assert old.words().trimmed().read_a == ()
    older["read_a"] = ["cafe"]
    (tmp_path / "damaged.json").write_text(json.dumps(older))
    with pytest.raises(ValueError, match="what the model read of 1 tokens where there are"):
        Attribution.load(tmp_path / "damaged.json")


def test_token_vectors_keep_it(minilm, tmp_path):
    (vectors,) = minilm.token_vectors([A], method=RULE)
    vectors.save(tmp_path / "v.json")
    assert TokenVectors.load(tmp_path / "v.json") == vectors
    assert vectors.words().read[1] == vectors.folded().read[1] == "cafe"


@pytest.mark.parametrize(
    ("normalizer", "text", "expected"),
    [
        (normalizers.Lowercase(), "Bad day", ("bad", "")),
        (normalizers.NFC(), "cafe\u0301 day", ()),
        (normalizers.NFKC(), "ﬁne day", ("fine", "")),
        (normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), "Bad day", ()),
        (normalizers.BertNormalizer(), "咖 Bad", ("", "bad")),
        (normalizers.BertNormalizer(), "커피 cafe", ()),
        (None, "Bad", ()),
    ],
    ids=["lower", "composed", "compatible", "marks", "spaced", "syllables", "none"],
)
def test_every_normalizer_is_asked_and_how_accents_are_encoded_is_no_change(normalizer, text, expected):
    class Tokenizer:
        pass

    tokenizer, start, offsets = Tokenizer(), 0, []
    tokenizer.normalizer = normalizer
    for word in text.split():
        start = text.index(word, start)
        offsets.append((start, start + len(word)))
    assert wording(tokenizer, text, offsets, ()) == expected


def test_unknown_tokens_are_not_said_to_be_read():
    class Tokenizer:
        normalizer = normalizers.Lowercase()

    assert wording(Tokenizer(), "Bad Day", [None, (0, 3), (4, 7)], (2,)) == ("", "bad", "")
    assert not differs("e\u0301 x", "é  x")
