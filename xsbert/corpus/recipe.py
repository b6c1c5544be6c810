"""How a table's token vectors are made: what tells whether two belong together, kept in the table itself."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from xsbert.attribution import Adaptive, GaussLegendre, RightRiemann
from xsbert.corpus.schema import PRECISIONS
from xsbert.models import HiddenStates, MaskReference, PaddingReference, Presence, ZeroReference
from xsbert.results.token_vectors import TokenVectors

VERSION = 1
KEY = b"xsbert"
"""Under which the recipe stands in the schema's metadata, as JSON."""


@dataclass(frozen=True)
class Recipe:
    """How token vectors are made, and compared.

    Args:
        model: what results call the model.
        source: the name or the folder that it was loaded from; empty where there is none.
        weights: the digest of its weights.
        probe: the beginning of its embedding of a short text, which changes with its modules and their settings.
        method: the repr of the method, as the caller gave it.
        made_by, layer, quadrature: what results say of it.
        similarity: "cosine" or "dot".
        prompts: what stands before a query, and before a document.
        tasks: the route that a query takes, and a document.
        dimensions: D.
        precision: how vectors are kept.
        products: the precision of products with weights, such as "bfloat16"; empty for their own.
    """

    model: str
    source: str
    weights: str
    probe: tuple[float, ...]
    method: str
    made_by: str
    layer: int
    quadrature: str
    similarity: str
    prompts: tuple[str, str]
    tasks: tuple[str, str]
    dimensions: int
    precision: str
    products: str

    def to_metadata(self) -> dict[bytes, bytes]:
        """The schema's metadata."""
        return {KEY: json.dumps({"version": VERSION, **asdict(self)}).encode()}

    @classmethod
    def from_metadata(cls, metadata: dict[bytes, bytes] | None, where: str) -> Recipe:
        """The recipe of a table.

        Raises:
            ValueError: the table is not ours, damaged, or of a later version.
        """
        expected = "expected what model.vector_store(path) or xsbert corpus add made"
        if KEY not in (metadata or {}):
            raise ValueError(f"{where} is a table of something else; {expected}.")
        try:
            said = json.loads((metadata or {})[KEY])
            version = int(said.pop("version"))
            if version <= VERSION:
                named: dict[str, Any] = {each.name: said[each.name] for each in fields(cls)}
                recipe = cls(**named | {name: tuple(named[name]) for name in ("probe", "prompts", "tasks")})
                if recipe.precision in PRECISIONS:
                    return recipe
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            raise ValueError(f"{where} is damaged ({type(cause).__name__}: {cause}); {expected}.") from cause
        raise ValueError(f"{where} is of version {version}; this xsbert reads {VERSION} at most. Install a newer one.")

    def check_same(self, asked: dict[str, Any], where: str) -> None:
        """Raises ValueError where something else is asked for than the table holds; with the first that differs."""
        for name, value in asked.items():
            if (kept := getattr(self, name)) != value:
                raise ValueError(
                    f"{name} got {value!r:.120}; {where} holds {kept!r:.120}. Leave {name.removesuffix('s')} out to "
                    "take the store's, or name another folder."
                )

    def restored_method(self) -> Any:
        """The method, from its repr; None where that does not tell all of it, such as a corpus's mean."""
        try:
            method = _value(ast.parse(self.method, mode="eval").body)
        except (KeyError, SyntaxError, TypeError, ValueError):
            return None
        return method if repr(method) == self.method else None

    def fields_of_vectors(self) -> dict[str, Any]:
        """What all token vectors of the table have in common."""
        return {
            "layer": self.layer,
            "method": self.made_by,
            "quadrature": self.quadrature,
            "model": self.model,
            "prompt": self.prompts[1],
        }

    def check_made(self, vectors: TokenVectors) -> None:
        """Raises ValueError for token vectors that were made otherwise, such as with products in bfloat16."""
        for name, value in self.fields_of_vectors().items():
            if (got := getattr(vectors, name)) != value:
                raise ValueError(f"got token vectors of {name} {got!r:.100}; the store holds {value!r:.100}.")


RULES = (Adaptive, GaussLegendre, RightRiemann)
PARTS: dict[str, Any] = {
    part.__name__: part for part in (Presence, HiddenStates, PaddingReference, MaskReference, ZeroReference, *RULES)
}
"""What the repr of a method is made of."""


def _value(node: ast.expr) -> Any:
    """What a part of a repr stands for: a call of a method, reference or rule with constants, or a constant."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    if node.args or not isinstance(node.func, ast.Name):
        raise ValueError(ast.dump(node))
    return PARTS[node.func.id](**{str(each.arg): _value(each.value) for each in node.keywords})
