"""The published implementation's methods, a thin face on the same engine.

Names and behaviour of lucasmllr/xsbert (EMNLP 2023, EACL 2024): a layer and a number of steps are
set first, and explained with after. `N_steps=n` is `RightRiemann(n)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from xsbert.attribution.integration.feature_vectors import check_size, feature_vectors, uncompressed
from xsbert.attribution.quadrature.fixed import RightRiemann
from xsbert.models.encoders.engine import Engine, undisturbed
from xsbert.models.inputs.batches import batched
from xsbert.models.inputs.text import check_string, read
from xsbert.models.methods.hidden_states import HiddenStates
from xsbert.models.splitting.split import Split
from xsbert.results.attribution import Attribution

if TYPE_CHECKING:
    from xsbert.models.encoders.transformer import XSTransformer

SIMILARITIES = {"cos": "cosine", "cosine": "cosine", "dot": "dot"}


class PublishedMethods:
    """What users of the published package call on a model."""

    _attribution_setting: tuple[int, RightRiemann] | None = None

    def init_attribution_to_layer(self, idx: int, N_steps: int) -> None:
        """Sets the layer (0 to L − 1) and the number of right-Riemann steps for `explain_similarity`.

        Raises:
            AttributeError: already set; call `reset_attribution` first.
            TypeError, ValueError: `idx` is out of range, or `N_steps` below 1.
        """
        if self._attribution_setting is not None:
            raise AttributeError(
                f"init_attribution_to_layer was called before, with idx={self._attribution_setting[0]}; "
                "expected one call. Call reset_attribution() first."
            )
        self._attribution_setting = Split(list(cast(Any, self)), idx).layer, RightRiemann(N_steps)

    def reset_attribution(self) -> None:
        """Forgets the layer and the steps. Harmless where none are set."""
        self._attribution_setting = None

    def explain_similarity(
        self,
        text_a: str,
        text_b: str,
        sim_measure: str = "cos",
        return_lhs_terms: bool = False,
        move_to_cpu: bool = False,
        verbose: bool = True,
        compress_embedding_dim: bool = True,
    ) -> tuple[Any, ...]:
        """The attributions of a pair, as the published code returns them.

        Args:
            text_a, text_b: the texts.
            sim_measure: "cos" or "dot".
            return_lhs_terms: also return the score and the reference terms.
            move_to_cpu: return the matrix on the CPU, not on the model's device.
            verbose: show a progress bar.
            compress_embedding_dim: False for one number for every pair of features, `(S_a, H, S_b, H)`.

        Returns:
            `A, tokens_a, tokens_b` and, where asked for, `score, ra, rb, rr`. A is a tensor,
            `(S_a, S_b)`. As published, `ra` is f(a)·f(r_b) and `rb` is f(r_a)·f(b), the other way round
            than in `Attribution.reference_terms`; here they share the score's normaliser.

        Raises:
            AttributeError: no layer is set; call `init_attribution_to_layer` first.
            TypeError, ValueError: bad texts, an unknown measure, or an uncompressed size over the limit.
        """
        layer, rule = self._setting()
        if sim_measure not in SIMILARITIES:
            raise ValueError(f"sim_measure got {sim_measure!r}; expected 'cos' or 'dot'.")
        model = cast("XSTransformer", self)
        if not compress_embedding_dim:
            lengths = (len(read(model, text).tokens) for text in (text_a, text_b))
            check_size(*lengths, hidden=cast(Any, model.config).hidden_size)  # before any work is done
        (x,) = model.explain_pairs(
            [(text_a, text_b)],
            method=HiddenStates(layer, quadrature=rule),
            similarity=SIMILARITIES[sim_measure],
            show_progress_bar=verbose,
        )
        matrix = torch.from_numpy(x.matrix.copy()) if compress_embedding_dim else self._uncompressed(x)
        result = (
            matrix.to("cpu" if move_to_cpu else model.device),
            self.tokenize_text(text_a),
            self.tokenize_text(text_b),
        )
        ra, rb, rr = x.reference_terms
        return (*result, x.score, rb, ra, rr) if return_lhs_terms else result

    def tokenize_text(self, text: str) -> list[str]:
        """The tokens as the published code labels them: CLS and EOS at the ends, no space marks."""
        encoded = read(cast("XSTransformer", self), text)
        labels = [
            piece.lstrip("Ġ▁") if piece.isascii() or piece.lstrip("Ġ▁").isascii() else token
            for piece, token in zip(encoded.pieces, encoded.tokens, strict=True)
        ]
        special = encoded.special.tolist()
        labels[0] = "CLS" if special[0] else labels[0]
        labels[-1] = "EOS" if special[-1] else labels[-1]
        return labels

    def explain_by_decomposition(
        self, text_a: str, text_b: str, normalize: bool = False
    ) -> tuple[Tensor, list[str], list[str]]:
        """The dot product of the mean-pooled embeddings, split over their last token embeddings.

        Args:
            text_a, text_b: the texts.
            normalize: divide by the embeddings' norms, for cosine.

        Returns:
            `A, tokens_a, tokens_b`; A is `(S_a, S_b)`.
        """
        rows, norms = [], []
        for text in (text_a, text_b):
            output = self._run(text)
            embeddings = output["token_embeddings"][0]  # (S, H)
            rows.append(embeddings / len(embeddings))
            norms.append(torch.linalg.vector_norm(embeddings.mean(dim=0)))
        matrix = rows[0] @ rows[1].T
        return (
            matrix / (norms[0] * norms[1]) if normalize else matrix,
            self.tokenize_text(text_a),
            self.tokenize_text(text_b),
        )

    def score(self, texts: tuple[str, str] | list[str]) -> float:
        """The dot product of two texts' embeddings.

        Raises:
            ValueError: not two texts.
        """
        if isinstance(texts, str) or len(texts) != 2:
            raise ValueError(f"score got {texts!r:.60}; expected two texts, such as ('a text', 'another').")
        a, b = (self._run(text)["sentence_embedding"][0] for text in texts)
        return float(a @ b)

    def _run(self, text: str) -> dict[str, Any]:
        """The model's output for one text, in evaluation mode; each module's own mode is put back."""
        model = cast("XSTransformer", self)
        check_string(text)
        training = [module for module in model.modules() if module.training]
        model.eval()
        try:
            with torch.no_grad():
                return model(dict(read(model, text).features))
        finally:
            for module in training:
                module.training = True

    def _setting(self) -> tuple[int, RightRiemann]:
        if self._attribution_setting is None:
            raise AttributeError(
                "explain_similarity got no layer; expected init_attribution_to_layer(idx, N_steps) before it. "
                "Or use explain(text_a, text_b), which needs no setting."
            )
        return self._attribution_setting

    def _uncompressed(self, x: Attribution) -> Tensor:
        layer, rule = self._setting()
        model = cast("XSTransformer", self)
        with undisturbed(model.device):
            engine = Engine(model, HiddenStates(layer, quadrature=rule))
            a, b = (feature_vectors(engine.paths(batched([read(model, text)])), rule) for text in (x.text_a, x.text_b))
        return uncompressed(a, b, x.normalizer)
