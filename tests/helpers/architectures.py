"""Encoders of many architectures: one table, which tests and tests/SUPPORTED.md are made from.

python -m tests.helpers.architectures > tests/SUPPORTED.md

Each row is a small random model made from its transformers configuration, with the real all-MiniLM-L6-v2's
tokenizer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from sentence_transformers.base.modules import Transformer
from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
from sentence_transformers.sentence_transformer.modules import Pooling
from sentence_transformers.sparse_encoder.modules import SpladePooling

from xsbert import XSMultiVectorEncoder, XSSparseEncoder, XSTransformer
from xsbert.models.loading.default import packaged_model

TEXTS = ("The coffee is bad.", "This is not a good coffee.", "Unbelievably expensive.")
SIZES = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24}
SIZES |= {"max_position_embeddings": 64, "pad_token_id": 0}
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 3, "num_heads": 2, "pad_token_id": 0}
ONE_HEAD = SIZES | {"num_key_value_heads": 1, "head_dim": 8}
SMALL = SIZES | {"embedding_size": 8}
RELATIVE = SIZES | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}


@dataclass(frozen=True)
class Row:
    """An architecture.

    Args:
        config: the name of its configuration's class in transformers.
        sizes: the configuration's arguments.
        remark: what is particular about it.
        decoder: whether it is a causal model, embedded by its last token and padded on the left.
        padded: whether its own embedding of a text stays the same in a padded batch.
        scale: what the weights are multiplied by; as most are made they are nearly linear.
        refused: what the error says where it can't be explained.
        no_presence: whether `Presence` refuses it, because it mixes tokens by something else than softmax attention.
    """

    config: str
    sizes: dict[str, Any] = field(default_factory=lambda: SIZES)
    remark: str = ""
    decoder: bool = False
    padded: bool = True
    scale: float = 4
    refused: str = ""
    no_presence: bool = False


TABLE = {
    "BERT": Row("BertConfig"),
    "RoBERTa": Row("RobertaConfig"),
    "XLM-RoBERTa": Row("XLMRobertaConfig"),
    "XLM-RoBERTa-XL": Row("XLMRobertaXLConfig"),
    "CamemBERT": Row("CamembertConfig"),
    "MPNet": Row("MPNetConfig"),
    "DistilBERT": Row(
        "DistilBertConfig", {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 64}
    ),
    "ALBERT": Row("AlbertConfig", SMALL, "shared layers: each pass is a layer of its own"),
    "ELECTRA": Row("ElectraConfig", SMALL),
    "DeBERTa": Row("DebertaConfig", RELATIVE),
    "DeBERTa-v2, v3": Row("DebertaV2Config", RELATIVE | {"position_buckets": 8, "share_att_key": True}),
    "DeBERTa-v2 with a convolution": Row(
        "DebertaV2Config",
        RELATIVE | {"conv_kernel_size": 3},
        "the convolution goes round the first layer: from layer 1 on",
        refused="DebertaV2Model can't be split at layer 0",
    ),
    "ModernBERT": Row("ModernBertConfig", SIZES | {"local_attention": 8, "global_attn_every_n_layers": 2}),
    "NomicBERT": Row("NomicBertConfig", remark="rotary positions"),
    "EuroBERT": Row("EuroBertConfig", SIZES | {"num_key_value_heads": 2}, "rotary positions"),
    "Jina embeddings v3": Row("JinaEmbeddingsV3Config", remark="rotary positions"),
    "RoFormer": Row("RoFormerConfig", remark="rotary positions"),
    "ERNIE": Row("ErnieConfig"),
    "ESM": Row("EsmConfig"),
    "RemBERT": Row("RemBertConfig", SIZES | {"input_embedding_size": 8, "output_embedding_size": 8}),
    "MegatronBERT": Row("MegatronBertConfig"),
    "Data2Vec": Row("Data2VecTextConfig"),
    "X-MOD": Row("XmodConfig", SIZES | {"languages": ["en_XX"], "default_language": "en_XX"}),
    "I-BERT": Row("IBertConfig"),
    "LayoutLM": Row("LayoutLMConfig"),
    "Splinter": Row("SplinterConfig"),
    "BigBird": Row("BigBirdConfig", SIZES | {"attention_type": "original_full"}, "with full attention"),
    "ConvBERT": Row("ConvBertConfig", SMALL, "its convolutions see padding", padded=False, no_presence=True),
    "Nyströmformer": Row("NystromformerConfig", remark="its convolutions see padding", padded=False, no_presence=True),
    "FNet": Row(
        "FNetConfig",
        {"hidden_size": 16, "num_hidden_layers": 3, "intermediate_size": 24, "max_position_embeddings": 64},
        "Fourier transforms in place of attention, which see padding",
        padded=False,
        no_presence=True,
    ),
    "MobileBERT": Row("MobileBertConfig", SMALL | {"intra_bottleneck_size": 8}),
    "MRA": Row("MraConfig", remark="no forward mode: by backward passes", no_presence=True),
    "CLIP's text model": Row("CLIPTextConfig", SIZES | {"eos_token_id": 102, "bos_token_id": 101}, "its tower alone"),
    "T5": Row("T5Config", T5, "its encoder", scale=1),
    "mT5": Row("MT5Config", T5, "its encoder", scale=1),
    "Mamba": Row(
        "MambaConfig",
        {"hidden_size": 16, "num_hidden_layers": 3, "state_size": 4},
        "a state-space model",
        scale=1,
        no_presence=True,
    ),
    "Qwen2": Row("Qwen2Config", SIZES | {"num_key_value_heads": 1}, decoder=True),
    "Qwen3": Row("Qwen3Config", ONE_HEAD, decoder=True),
    "Gemma": Row("GemmaConfig", ONE_HEAD, decoder=True),
    "Gemma 3": Row("Gemma3TextConfig", ONE_HEAD | {"sliding_window": 8}, decoder=True),
    "Mistral": Row("MistralConfig", ONE_HEAD, decoder=True),
    "Mixtral": Row(
        "MixtralConfig", ONE_HEAD | {"num_local_experts": 2}, "no forward mode: by backward passes", decoder=True
    ),
    "Llama": Row("LlamaConfig", SIZES | {"num_key_value_heads": 1}, decoder=True),
    "Phi-3": Row("Phi3Config", SIZES | {"num_key_value_heads": 1}, decoder=True),
    "GPT-2": Row(
        "GPT2Config",
        {"n_embd": 16, "n_layer": 3, "n_head": 2, "n_positions": 64},
        "its positions count padding on the left",
        decoder=True,
        padded=False,
    ),
    "GPT-NeoX": Row("GPTNeoXConfig", decoder=True),
    "BLOOM": Row("BloomConfig", {"hidden_size": 16, "n_layer": 3, "n_head": 2}, decoder=True),
    "Longformer": Row("LongformerConfig", SIZES | {"attention_window": 8}, "pads inside", refused="are given shape"),
    "XLNet": Row(
        "XLNetConfig",
        {"d_model": 16, "n_layer": 3, "n_head": 2, "d_inner": 24},
        "its layers hold tokens first",
        refused="are given shape",
    ),
    "XLM": Row(
        "XLMConfig",
        {"emb_dim": 16, "n_layers": 3, "n_heads": 2},
        "its layers are no modules",
        refused="can't be split",
    ),
    "SqueezeBERT": Row(
        "SqueezeBertConfig", SIZES | {"embedding_size": 16}, "calls its layers past hooks", refused="runs 0 times"
    ),
}


def has_word_head(name: str) -> bool:
    """Whether there is a masked language model of this architecture, as sparse encoders are made from."""
    return getattr(transformers, TABLE[name].config) in transformers.MODEL_FOR_MASKED_LM_MAPPING


def build(name: str, folder: Path, kind: type = XSTransformer) -> Any:
    """The row's model, an encoder of this class, in a folder."""
    row = TABLE[name]
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(packaged_model()))
    if row.decoder:
        tokenizer.padding_side = "left"
    tokenizer.save_pretrained(folder)
    config = getattr(transformers, row.config)(vocab_size=len(tokenizer), **row.sizes)
    torch.manual_seed(0)
    auto = transformers.AutoModelForMaskedLM if kind is XSSparseEncoder else transformers.AutoModel
    encoder = auto.from_config(config)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.dim() > 1:
                parameter *= row.scale
    encoder.eval().save_pretrained(folder)
    task = "fill-mask" if kind is XSSparseEncoder else "feature-extraction"
    transformer = Transformer(str(folder), transformer_task=task)
    if kind is XSSparseEncoder:
        return kind(modules=[transformer, SpladePooling()], device="cpu")
    if kind is XSMultiVectorEncoder:
        return kind(modules=[transformer, MultiVectorMask()], device="cpu")
    pooling = Pooling(transformer.get_embedding_dimension(), "lasttoken" if row.decoder else "mean")
    return kind(modules=[transformer, pooling], device="cpu")


def page() -> str:
    """The table, in Markdown."""
    lines = ["# Encoders that are tested", "", "Made from the table of tests/helpers/architectures.py.", ""]
    lines += ["| architecture | by presence | by hidden states | remark |", "|---|---|---|---|"]
    for name, row in TABLE.items():
        remarks = ["causal, pooled at its last token"] if row.decoder else []
        explained = "no" if row.refused and "from layer" not in row.remark else "yes"
        present = "no" if row.no_presence else explained
        lines.append(f"| {name} | {present} | {explained} | {'; '.join([*remarks, *filter(None, [row.remark])])} |")
    lines += [
        "| CLIP | yes | yes | texts and pictures, each with each (tests/models/test_pictures.py) |",
        "| SigLIP | yes | yes | the same; of a picture no token stays |",
    ]
    lines += [
        "",
        "`Presence` needs softmax attention: what mixes tokens otherwise can't leave a word out, and is refused.",
        "Other encoders of pictures are refused in one line, as are patches of several sizes.",
        "",
        "`Removal` explains whatever embeds texts, those that are refused above too. It was tried on the real",
        "all-MiniLM-L6-v2 in PyTorch and in ONNX Runtime, on static embeddings, on bags of words",
        "(tests/models/test_removal.py), and on an API (tests/models/test_functions.py). The host's own backends for",
        "ONNX and OpenVINO were not run: optimum, which they need, has no release for transformers 5.23.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
