"""Tokens as the characters they stand for, with offsets into the user's own string, for every kind of tokenizer."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.helpers.architectures import SIZES
from xsbert import XSTransformer
from xsbert.attribution import GaussLegendre
from xsbert.models import HiddenStates
from xsbert.models.inputs.text import read

CORPUS = [
    "The coffee is bad. This is not a good coffee.",
    "Unbelievably naïve Zoë drinks ﬁne coffee, isn't she?",
    "我喜欢咖啡。私はコーヒーが好きです。",
    "القهوة سيئة. मुझे कॉफ़ी पसंद है। กาแฟดี",
    "👩\u200d🔬 ☕ 🇩🇪 cafe\u0301 Ⅳ ½",
]
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
TEXTS = [
    *CORPUS,
    "",
    " ",
    "  two  spaces ",
    "\n\ttabs\n",
    "Ǆ İ ﷺ",
    "a\u0300\u0301\u0302",
    "\x00\x07",
    "🏳️\u200d🌈",
    "x" * 30,
]


def unigram():
    """As SentencePiece's: XLM-RoBERTa, T5, ALBERT."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    return tokenizer, trainer


def bytes_in_reserve():
    """As Llama's and Gemma's: pieces with ▁, bytes for what is unknown, no pre-tokenizer."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, limit_alphabet=60, show_progress=False)
    return tokenizer, trainer


def byte_level():
    """As RoBERTa's, GPT-2's and Qwen's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    return tokenizer, trainer


def word_piece():
    """As BERT's."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer, trainers.WordPieceTrainer(vocab_size=200, special_tokens=SPECIAL, show_progress=False)


KINDS = {kind.__name__: kind for kind in (unigram, bytes_in_reserve, byte_level, word_piece)}


@pytest.fixture(scope="module", params=KINDS)
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer, trainer = KINDS[request.param]()
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=len(fast), **(SIZES | {"max_position_embeddings": 512}))
    transformers.BertModel(config).save_pretrained(folder)
    return XSTransformer(str(folder), device="cpu")


def check(model, string):
    text = read(model, string)
    ends = 0
    for token, offset, special in zip(text.tokens, text.offsets, text.special.tolist(), strict=True):
        assert token, "a token is shown as nothing"
        if special:
            assert offset is None
            continue
        start, end = offset
        assert 0 <= start <= end <= len(string)
        if start < end:
            assert token == string[start:end]
            assert token == token.strip()
        assert start >= ends - 30  # in the text's order, but for what a normalizer turns round
        ends = max(ends, end)
    return text


@pytest.mark.parametrize("string", TEXTS, ids=lambda string: repr(string[:12]))
def test_tokens_are_the_texts_own_characters(model, string):
    check(model, string)


@pytest.mark.parametrize("string", CORPUS, ids=lambda string: repr(string[:12]))
def test_nothing_of_a_text_is_lost(model, string):
    """Every character but white space and what the normalizer drops belongs to a word."""
    text = check(model, string)
    covered = {i for offset in text.offsets if offset for i in range(*offset)}
    lost = {string[i] for i in range(len(string)) if i not in covered and not string[i].isspace()}
    assert not {char for char in lost if char.isalnum() and char.isascii()}


@drawn(string=st.text(max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_at_all(model, string):
    check(model, string)


@pytest.mark.parametrize("string", TEXTS, ids=lambda string: repr(string[:12]))
def test_words_keep_the_total(model, string):
    x = model.explain(string, CORPUS[0], method=HiddenStates(layer=-1, quadrature=GaussLegendre(3)))
    words = x.words()
    assert words.explained == pytest.approx(x.explained, abs=1e-5 * max(1e-3, float(np.abs(x.matrix).sum())))
    for token, offset in zip(words.tokens_a, words.offsets_a, strict=True):
        assert offset is None or token == string[slice(*offset)] or offset[0] == offset[1]
