"""The reader of parses, "not" by rule, and the package's lists."""

import builtins
import re

import pytest

from xsbert.results.parts.words import word_starts
from xsbert.studies.questions.opposites import CONDITIONS, items
from xsbert.studies.questions.swaps import Clause
from xsbert.studies.texts.lists import records
from xsbert.studies.texts.negated import negated, rules
from xsbert.studies.texts.parses import NEGATIONS, ROLES, TAGS, Parser


def spans(text):
    starts = word_starts(text)
    return [(s, starts.count(s) + s) for s in sorted(set(starts) - {-1})]


def test_each_word_has_its_lemma_part_of_speech_and_role(parser):
    text = "The old man isn't reading books."
    assert [tuple(word)[:3] for word in parser.words(text, spans(text))] == [
        ("the", "determiner", "function word"),
        ("old", "adjective", "modifier"),
        ("man", "noun", "subject"),
        ("be", "verb", "function word"),  # "isn't" is one word, read as what governs the others
        ("read", "verb", "root"),
        ("book", "noun", "object"),
        (".", "punctuation", "punctuation"),
    ]
    content = [word.lemma for word in parser.words(text, spans(text)) if word.is_content]
    assert content == ["old", "man", "read", "book"]
    assert parser.words("dogs", [(0, 0)])[0].tag == "other"


def test_what_is_joined_has_the_role_of_the_first(parser):
    text = "Dogs and cats chase mice."
    roles = [word.role for word in parser.words(text, spans(text))]
    assert roles[0] == roles[2] == "subject"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A man is playing a guitar.", "A man is not playing a guitar."),
        ("The coffee was bad.", "The coffee was not bad."),
        ("She has been sleeping.", "She has not been sleeping."),
        ("A man plays the guitar.", "A man does not play the guitar."),
        ("They built a tower.", "They did not build a tower."),
        ("Dogs run through the snow.", "Dogs do not run through the snow."),
        ("The train will leave soon.", "The train will not leave soon."),
    ],
)
def test_not_is_put_in_by_rule(parser, text, expected):
    found = negated(text, parser)
    assert found.negated == expected
    assert found.negated[found.place :].startswith("not")
    assert found.with_adverb[found.place :].startswith("also")
    assert found.with_adverb.replace("also", "not") == expected


@pytest.mark.parametrize(
    "text",
    [
        "The train will not leave.",
        "Nobody came.",
        "A dog in the snow",
        "Close the door!",
        "He's playing.",
        "Have you tried it?",
    ],
)
def test_where_no_rule_fits_there_is_none(parser, text):
    assert negated(text, parser) is None


def test_another_language_is_refused(parser, monkeypatch):
    monkeypatch.setattr(Parser, "language", "de")
    with pytest.raises(ValueError, match="English rules; got a parser of 'de'"):
        negated("Der Hund schläft.", parser)


def test_clauses_have_a_verb_a_subject_and_an_object(parser):
    assert parser.has_core("The dog chases a cat.")
    assert not parser.has_core("The dog sleeps.")
    assert not parser.has_core("A dog with a cat")


def test_a_missing_parser_says_how_to_get_one(monkeypatch):
    with pytest.raises(ValueError, match=r"no model 'xx_none'.*xsbert\[studies\].*--parser NAME.*need none"):
        Parser("xx_none")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "spacy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"spaCy. Install it: pip install \"xsbert\[studies\]\""):
        Parser()


def test_a_model_without_trees_is_refused(tmp_path):
    import spacy

    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="has no parts; expected one with a parser"):
        Parser(str(tmp_path / "blank"))


def test_our_lists_are_whole():
    adjectives = records("adjectives.csv", ("adjective", "synonym", "opposite", "noun"))
    assert len(adjectives) == 50
    assert all(len(set(row)) == 4 and all(row) for row in adjectives)
    assert len({word for row in adjectives for word in (row[0], row[2])}) == 100
    clauses = records("clauses.csv", Clause._fields)
    nouns = [word for row in clauses for word in (row[0], *row[2:])]
    assert len(set(nouns)) == len(nouns) == 72
    assert all(re.fullmatch(r"[a-z]+", word) for row in clauses for word in row)
    after, support = rules()
    assert set(support) == {"VBZ", "VBP", "VBD"}
    assert all(put.endswith("not") for put in (*after.values(), *support.values()))
    with pytest.raises(
        ValueError, match=r"adjectives.csv has the columns adjective, synonym, opposite, noun; expected"
    ):
        records("adjectives.csv", ("adjective",))
    assert not set(NEGATIONS) & set(TAGS) | set(TAGS) & set(ROLES)


def test_frames_are_filled_for_each_condition():
    first = items(200)[0]
    assert [text for text, _ in first.others] == [
        "The soup is hot.",
        "The soup is scorching.",
        "The soup is cold.",
        "The soup is not cold.",
        f"The soup is {first.others[-1][1]}.",
    ]
    assert len(first.others) == len(CONDITIONS)
    assert first.others[-1][1] not in ("hot", "scorching", "cold")
    assert len({item.text for item in items(200)}) == 200
    assert len({item.adjective for item in items(50)}) == 50
