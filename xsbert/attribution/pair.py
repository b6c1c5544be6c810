"""Two texts' token vectors → the attribution of the pair.

    A[s, t] = u_s(a) · u_t(b) / n,   n = ‖f(a)‖ ‖f(b)‖ for cosine

The norms are constants: no gradient flows through them (EACL 2024, arXiv 2402.02883).

Law 2: ΣA = [f(a)·f(b) − f(r_a)·f(b) − f(a)·f(r_b) + f(r_a)·f(r_b)] / n. All four terms share one
normaliser. (The published code divides its reference terms by their own norms; there the identity
fails for cosine.)
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from xsbert.results.attribution import Attribution
from xsbert.results.token_vectors import EmbeddedText, TokenVectors

SIMILARITIES = ("cosine", "dot")
STATIC = "StaticEmbedding"
"""The method for an encoder that sums static embeddings: its token vectors are there, and f(r) = 0."""


def attribute(a: TokenVectors, b: TokenVectors, similarity: str = "cosine") -> Attribution:
    """The attribution of a pair from its texts' token vectors: two small matrix products.

    Args:
        a, b: token vectors of the same model and layer.
        similarity: "cosine" or "dot". For a model that normalises its embeddings the two agree.

    Raises:
        ValueError: an unknown similarity, or vectors of different layers or models.
    """
    check_similarity(similarity)
    check_same(a, b)
    return assemble(a, b, products_of(a, b), similarity)


def products_of(a: TokenVectors, b: TokenVectors) -> Float[np.ndarray, "S_a S_b"]:
    """The products of two texts' token vectors, `(S_a, S_b)`, in float64."""
    products: np.ndarray = a.vectors.astype(np.float64) @ b.vectors.astype(np.float64).T  # (S_a, D) @ (D, S_b)
    return products


def assemble(a: EmbeddedText, b: EmbeddedText, products: Float[np.ndarray, "S_a S_b"], similarity: str) -> Attribution:
    """The attribution of a pair from the products of its token vectors, `(S_a, S_b)`."""
    norms = _norm(a.embedding), _norm(b.embedding)
    integrated = [each for each in (a, b) if each.method != STATIC] or [a]
    n = norms[0] * norms[1] if similarity == "cosine" else a.norm * b.norm
    terms = (
        _dot(a.embedding, b.embedding, n),
        _dot(a.reference_embedding, b.embedding, n),
        _dot(a.embedding, b.reference_embedding, n),
        _dot(a.reference_embedding, b.reference_embedding, n),
    )
    return Attribution(
        text_a=a.text,
        text_b=b.text,
        tokens_a=a.tokens,
        tokens_b=b.tokens,
        offsets_a=a.offsets,
        offsets_b=b.offsets,
        matrix=(products / n if n else np.zeros_like(products)).astype(a.embedding.dtype),
        score=terms[0],
        reference_terms=terms[1:],
        similarity=similarity,
        norms=norms,
        normalizer=n,
        errors=(a.error, b.error),
        nodes=(a.nodes, b.nodes),
        truncated=(a.truncated, b.truncated),
        layer=integrated[0].layer,
        method=" and ".join(dict.fromkeys(each.method for each in integrated)),
        quadrature=" and ".join(dict.fromkeys(each.quadrature for each in integrated)),
        model=a.model,
        prompts=(a.prompt, b.prompt),
        prompted_a=a.prompted,
        prompted_b=b.prompted,
        unknown_a=a.unknown,
        unknown_b=b.unknown,
        read_a=a.read,
        read_b=b.read,
        picture_a=a.picture,
        picture_b=b.picture,
        standard_errors=_standard_errors(a, b, n),
    )


def _standard_errors(a: EmbeddedText, b: EmbeddedText, n: float) -> np.ndarray | None:
    """The standard error of each pair, `(S_a, S_b)`, where orders of words were drawn; None where none were.

    Two texts' orders are drawn by themselves; a text beside itself has one draw.
    """
    if not isinstance(a, TokenVectors) or not isinstance(b, TokenVectors) or not n:
        return None
    if a.spread is None and b.spread is None:
        return None
    u, v = (each.vectors.astype(np.float64) for each in (a, b))
    spread_a, spread_b = (_of(each) for each in (a, b))
    left, right = spread_a @ v.T, u @ spread_b.transpose(0, 2, 1)  # (P_a, S_a, S_b), (P_b, S_a, S_b)
    if (a.text, a.prompt) == (b.text, b.prompt):
        variances = ((left + right) ** 2).sum(axis=0)
    else:
        both = (np.einsum("pid,qjd->pqij", spread_a, spread_b) ** 2).sum(axis=(0, 1))  # which both others count
        variances = (left**2).sum(axis=0) + (right**2).sum(axis=0) - both
    errors: np.ndarray = (np.sqrt(variances.clip(min=0)) / n).astype(a.embedding.dtype)
    return errors


def _of(vectors: TokenVectors) -> np.ndarray:
    none = np.zeros((0, *vectors.vectors.shape))
    return none if vectors.spread is None else vectors.spread.astype(np.float64)


def check_same(a: EmbeddedText, b: EmbeddedText) -> None:
    """Raises ValueError for texts embedded by different models, or split at different layers.

    A text and a picture run through parts of their own, each with its layers.
    """
    static = STATIC in (a.method, b.method)  # these have no layers
    apart = static or (a.picture is None) != (b.picture is None)
    for name in ("model",) if apart else ("layer", "model"):
        if getattr(a, name) != getattr(b, name):
            raise ValueError(
                f"attribute() got vectors of {name} {getattr(a, name)!r} and {getattr(b, name)!r}; "
                f"expected one {name}. Compute both with the same model and method."
            )


def check_similarity(similarity: object) -> None:
    """Raises ValueError for a similarity that law 2 has no form for."""
    if similarity not in SIMILARITIES:
        raise ValueError(
            f"similarity got {similarity!r}; expected 'cosine' or 'dot': only these are sums over token pairs. "
            "Pass similarity='cosine' to explain the angle between the embeddings instead."
        )


def _norm(vector: np.ndarray) -> float:
    return float(np.linalg.norm(vector.astype(np.float64)))


def _dot(left: np.ndarray, right: np.ndarray, n: float) -> float:
    # An embedding of length zero has similarity zero, as in the host's cosine.
    return float(left.astype(np.float64) @ right.astype(np.float64)) / n if n else 0.0
