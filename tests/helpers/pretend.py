"""Explanations on a device that is none, held against the processor's: `python -m tests.helpers.pretend FOLDER`.

FOLDER holds the tiny golden encoders, and gets the device, built from pretend.cpp. A process of its own, because
torch never forgets a device. What is printed is JSON: for each case how far its numbers are off, over the
largest of the processor's, or the error that it raised.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
from sentence_transformers.sparse_encoder.modules import SpladePooling
from sentence_transformers.util import batch_to_device
from torch import nn

from xsbert import XSMultiVectorEncoder, XSSparseEncoder, XSTransformer
from xsbert.attribution import Adaptive, Forward, GaussLegendre, Reverse, RightRiemann
from xsbert.evaluation import AttentionRollout, Cosines, Relevance
from xsbert.models import (
    DotSimilarityLoss,
    HiddenStates,
    MaskReference,
    MeanReference,
    ZeroReference,
)

A, B = "The coffee is bad.", "This is not a good coffee, said the man."
Cases = dict[str, Callable[[Any], Any]]

RULES = {"Riemann": RightRiemann(3), "Legendre": GaussLegendre(3), "adaptive": Adaptive()}
REFERENCES = (MaskReference(), ZeroReference(), MeanReference((A, B)))
ENCODER: Cases = {
    **{
        f"token vectors, {name}": lambda model, rule=rule: (
            model.token_vectors([A, B], method=HiddenStates(quadrature=rule))[1].vectors
        )
        for name, rule in RULES.items()
    },
    **{
        f"pulled back, {name}": lambda model, rule=rule: (
            model.explain(A, B, method=HiddenStates(quadrature=rule, mode=Reverse())).matrix
        )
        for name, rule in RULES.items()
    },
    **{
        f"{reference!r}": lambda model, reference=reference: (
            model.explain(A, B, method=HiddenStates(reference=reference)).matrix
        )
        for reference in REFERENCES
    },
    "layer 0": lambda model: model.explain(A, B, method=HiddenStates(layer=0)).matrix,
    "little memory": lambda model: model.explain(A, B, memory=200_000).matrix,
    "rounded products": lambda model: (
        model.explain(
            A, B, method=HiddenStates(mode=Forward(), quadrature=GaussLegendre(3)), matmul_dtype=torch.bfloat16
        ).matrix
    ),
    "beside autocast": lambda model: beside_autocast(model),
    "ranking": lambda model: [x.score for x in model.explain_ranking(A, [B, A + "?", ""])],
    "published": lambda model: published(model, True),
    "uncompressed": lambda model: published(model, False),
    "decomposition": lambda model: model.explain_by_decomposition(A, B)[0].cpu().numpy(),
    "score": lambda model: model.score((A, B)),
    "relevance": lambda model: Relevance(model, 1).explain([(A, B)])[0].matrix,
    "rollout": lambda model: AttentionRollout(model).explain([(A, B)])[0].matrix,
    "cosines": lambda model: Cosines(model).explain([(A, B)])[0].matrix,
    "training": lambda model: trained(model),
}
SPARSE: Cases = {
    name: lambda model, rule=rule: (
        model.explain(A, B, method=HiddenStates(layer=-1, quadrature=rule, mode=Forward())).matrix
    )
    for name, rule in (RULES | {"adaptive": Adaptive(2e-2)}).items()
}
LATE: Cases = {
    "matrix": lambda model: model.explain(A, B).matrix,
    "ranking": lambda model: [x.score for x in model.explain_ranking(A, [B, A + "?"])],
}
PLACES = ("model", "default device", "both", "model, no float64", "both, no float64")
"""What is on the device: the model, torch's default device, or both."""


def beside_autocast(model: XSTransformer) -> Any:
    """What the caller's autocast must not reach: without float64 the work is on the processor."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model.explain(A, B, method=HiddenStates(mode=Forward(), quadrature=GaussLegendre(3))).matrix


def published(model: XSTransformer, compressed: bool) -> Any:
    model.reset_attribution()
    model.init_attribution_to_layer(1, 3)
    options = {"verbose": False, "return_lhs_terms": True, "compress_embedding_dim": compressed}
    matrix, _, _, score, *terms = model.explain_similarity(A, "Good coffee!", **options)
    assert matrix.device.type == model.device.type
    return np.append(matrix.cpu().numpy(), [score, *terms])


def trained(model: XSTransformer) -> Any:
    """Embeddings after a step of training, which is taken back."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    features = [batch_to_device(model.preprocess([text, text + "!"]), model.device) for text in (A, B)]
    torch.manual_seed(0)
    loss = DotSimilarityLoss(model.train(), self_similarity=1.0)(features, torch.ones(2, device=model.device))
    loss.backward()
    torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=False).step()
    embeddings = model.eval().encode([A, B])
    model.load_state_dict(before)
    model.zero_grad()
    return embeddings


def encoder(folder: Path, name: str) -> XSTransformer:
    model = XSTransformer(str(folder / f"tiny_{name}"), device="cpu")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # its draws are the device's own
    return model


def sparse(folder: Path) -> XSSparseEncoder:
    transformers.AutoTokenizer.from_pretrained(folder / "tiny_mpnet_shelf").save_pretrained(folder / "splade")
    torch.manual_seed(0)
    model = transformers.MPNetForMaskedLM(transformers.AutoConfig.from_pretrained(folder / "tiny_mpnet_shelf"))
    model.save_pretrained(folder / "splade")
    transformer = Transformer(str(folder / "splade"), transformer_task="fill-mask")
    return XSSparseEncoder(modules=[transformer, SpladePooling()], device="cpu")


def late(folder: Path) -> XSMultiVectorEncoder:
    names = {"module_input_name": "token_embeddings", "module_output_name": "token_embeddings"}
    torch.manual_seed(0)
    project = Dense(32, 12, bias=False, activation_function=nn.Identity(), **names)
    modules = [Transformer(str(folder / "tiny_mpnet_shelf")), project, MultiVectorMask(), Normalize(**names)]
    return XSMultiVectorEncoder(modules=modules, device="cpu")


def build(folder: Path) -> None:
    """Compiles the device, and makes it known to torch."""
    torch_folder, made = Path(torch.__file__).parent, folder / "pretend.so"
    command = ["g++", "-O0", "-std=c++20", "-shared", "-fPIC", str(Path(__file__).with_suffix(".cpp")), "-o", str(made)]
    libraries = [f"-L{torch_folder}/lib", "-ltorch", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch_folder}/lib"]
    subprocess.run([*command, f"-I{torch_folder}/include", *libraries], check=True)
    torch.utils.rename_privateuse1_backend("pretend")
    torch.ops.load_library(str(made))
    module: Any = types.ModuleType("torch.pretend")
    module.is_available = lambda: True
    module.device_count = lambda: 1
    module.current_device = lambda: 0
    module._is_in_bad_fork = lambda: False
    module.manual_seed_all = lambda seed: None
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16]
    torch._register_device_module("pretend", module)


def outcomes(make: Callable[[], Any], cases: Cases) -> dict[str, float | str]:
    """What each case at each place is off by, or the error."""
    model, found = make(), {}
    expected = {name: np.asarray(case(model)) for name, case in cases.items()}
    for place in PLACES:
        model = make()
        if "default" not in place:
            model.to("pretend")
        torch.set_default_device("cpu" if place.startswith("model") else "pretend")
        torch.ops.pretend.set_float64("no float64" not in place)
        for name, case in cases.items():
            try:
                off = np.abs(np.asarray(case(model)) - expected[name]).max() / np.abs(expected[name]).max()
                found[f"{place}: {name}"] = float(off)
            except Exception as error:
                found[f"{place}: {name}"] = f"{type(error).__name__}: {error}"
        torch.ops.pretend.set_float64(True)
        torch.set_default_device("cpu")
    return found


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    build(folder)
    found = {
        "encoder": outcomes(lambda: encoder(folder, "mpnet_cos"), ENCODER),
        "sparse": outcomes(lambda: sparse(folder), SPARSE),
        "late": outcomes(lambda: late(folder), LATE),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
