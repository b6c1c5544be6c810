"""Tokens of every kind of tokenizer: slow ones, which know no offsets, and those inside processors."""

import json

import numpy as np
import pytest
import transformers
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling

from xsbert import XSTransformer
from xsbert.attribution import Adaptive, GaussLegendre
from xsbert.models import HiddenStates, Presence
from xsbert.models.inputs.encoding import aligned

A, B = "Tôi uống cà phê đen", "cà  phê ngon"
RULE = HiddenStates(layer=-1, quadrature=GaussLegendre(12))


@pytest.fixture
def phobert(tmp_path):
    """A small model with PhoBERT's own tokenizer, which has no fast version."""
    pieces = ["Tôi", "u@@", "ống", "cà", "phê", "ng@@", "on"]
    (tmp_path / "vocab.txt").write_text("".join(f"{piece} 1\n" for piece in pieces), encoding="utf-8")
    merges = ["T ô", "Tô i</w>", "ố n", "ốn g</w>", "c à</w>", "p h", "ph ê</w>", "n g", "o n</w>"]
    (tmp_path / "bpe.codes").write_text("".join(f"{merge} 1\n" for merge in merges), encoding="utf-8")
    tokenizer = transformers.PhobertTokenizer(str(tmp_path / "vocab.txt"), str(tmp_path / "bpe.codes"))
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    config = transformers.RobertaConfig(vocab_size=len(tokenizer), pad_token_id=1, max_position_embeddings=40, **sizes)
    transformers.set_seed(0)
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    transformer = Transformer(str(tmp_path), processor_kwargs={"model_max_length": 20})
    return XSTransformer(modules=[transformer, Pooling(16)], device="cpu")


def test_a_tokenizer_without_a_fast_version_is_explained_by_tokens_at_their_places(phobert):
    x = phobert.explain(A.removesuffix(" đen"), B, method=RULE)
    assert x.tokens_b == ("<s>", "cà", "phê", "ng", "on", "</s>")
    assert x.offsets_b == (None, (0, 2), (4, 7), (8, 10), (10, 12), None)
    assert x.words().tokens_b == ("<s>", "cà", "phê", "ngon", "</s>")
    assert x.score == pytest.approx(float(phobert.similarity(*phobert.encode([x.text_a, B]))), abs=1e-5)
    assert max(x.errors) < 1e-2


def test_an_unknown_token_takes_its_word_where_the_rest_is_certain(phobert):
    assert phobert.token_vectors([A], method=RULE)[0].offsets[-4:] == ((16, 19), (16, 19), (16, 19), None)


def test_what_is_not_certain_has_no_offsets_and_is_said_once(phobert, monkeypatch):
    monkeypatch.setattr("xsbert.models.checks._SAID", set())
    text = "cà phê đen"
    monkeypatch.setattr(type(phobert.tokenizer), "convert_ids_to_tokens", lambda self, ids: [f"t{i}" for i in ids])
    with pytest.warns(UserWarning, match="tokens of a PhobertTokenizer can't all be found") as warned:
        x = phobert.explain(text, B, method=RULE)
    assert len([each for each in warned if "can't all be found" in str(each.message)]) == 1
    assert not any(x.offsets_a + x.offsets_b)
    assert x.words().tokens_a == x.tokens_a
    assert x.prompted_a == ()
    assert max(x.errors) < 1e-2


def test_a_prompt_and_a_cut_are_told_by_alignment(phobert):
    with pytest.warns(UserWarning, match="was cut to 20 tokens"):
        (vectors,) = phobert.token_vectors(["ngon " * 30], prompt="cà phê ", method=RULE)
    assert vectors.prompted == (1, 2)
    assert vectors.tokens[1:3] == ("cà", "phê")
    assert vectors.truncated


@pytest.mark.parametrize(
    ("string", "pieces", "expected"),
    [
        ("a  bc", ["a", "b@@", "c"], [(0, 1), (3, 4), (4, 5)]),
        ("Über", ["ü", "##ber"], [(0, 1), (1, 4)]),
        ("a # b", ["a", "#", "b"], [(0, 1), (2, 3), (4, 5)]),
        ("a ? b", ["▁a", None, "▁b"], [(0, 1), (2, 3), (4, 5)]),
        ("a ?b", ["a", None, "b"], None),
        ("a ? ! b", ["a", None, None, "b"], [(0, 1), (2, 3), (4, 5), (6, 7)]),
        ("a ?! b", ["a", None, None, "b"], [(0, 1), (2, 4), (2, 4), (5, 6)]),
        ("? b b c", [None, None, "b"], None),
        ("é", ["e"], None),
        ("", ["a"], None),
    ],
)
def test_pieces_stand_one_behind_the_other_or_nowhere(string, pieces, expected):
    assert aligned(string, pieces) == expected


def clip_processor(folder):
    """CLIP's own tokenizer over a few words, and its image processor."""
    words = ["a</w>", "photo</w>", "of</w>", "cat</w>", "dog</w>"]
    letters = sorted({letter for word in words for letter in word.removesuffix("</w>")})
    parts = [*letters, *[f"{letter}</w>" for letter in letters]]
    merges = ["c a", "ca t</w>", "d o", "do g</w>", "o f</w>"]
    vocabulary = [*parts, *[merge.replace(" ", "") for merge in merges], "<|startoftext|>", "<|endoftext|>"]
    ids = {piece: i for i, piece in enumerate(dict.fromkeys(vocabulary))}
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(str(folder))
    return ids, transformers.CLIPProcessor(transformers.CLIPImageProcessorPil(), tokenizer)


SIZES = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}


@pytest.mark.parametrize("kind", ["CLIP", "SigLIP"])
@pytest.mark.parametrize("layer", [0, -1])
def test_text_and_text_of_a_processor_based_model(kind, layer, tmp_path):
    """CLIP pads by its end token, pools there, and has a deeper tower for images."""
    ids, processor = clip_processor(tmp_path)
    end = ids["<|endoftext|>"]
    text = SIZES | {"num_hidden_layers": 2, "vocab_size": len(ids), "max_position_embeddings": 24}
    text |= {"bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end}
    vision = SIZES | {"num_hidden_layers": 3, "image_size": 8, "patch_size": 4}
    config, model = {
        "CLIP": (transformers.CLIPConfig, transformers.CLIPModel),
        "SigLIP": (transformers.SiglipConfig, transformers.SiglipModel),
    }[kind]
    transformers.set_seed(0)
    model(config(text_config=text, vision_config=vision)).save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    host = XSTransformer(modules=[Transformer(str(tmp_path))], device="cpu")
    x = host.explain("a cat", "a photo of a dog", method=HiddenStates(layer=layer, quadrature=GaussLegendre(20)))
    assert x.tokens_a == ("<|startoftext|>", "a", "cat", "<|endoftext|>")
    assert x.offsets_a == (None, (0, 1), (2, 5), None)
    own = host.similarity(*(host.encode(text) for text in ("a cat", "a photo of a dog")))
    assert x.score == pytest.approx(float(own), abs=1e-5)
    assert x.layer == range(2)[layer]
    assert max(x.errors) < 1e-2
    assert np.abs(x.matrix).max() > 0
    present = host.explain("a cat", "a photo of a dog", method=Presence(layer, quadrature=Adaptive(1e-4)))
    assert present.explained == pytest.approx(float(own), abs=1e-4)
    assert not present.matrix[[0, -1]].any()
