"""A model's store: made, or opened where it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from xsbert.attribution.pair import check_similarity
from xsbert.corpus.opening import PROBE, probe_of
from xsbert.corpus.recipe import Recipe
from xsbert.corpus.schema import PRECISIONS, schema_of
from xsbert.corpus.store import VectorStore
from xsbert.corpus.table import Table
from xsbert.models.encoders.transformer import XSTransformer
from xsbert.models.host import loaded_name
from xsbert.models.inputs.prompts import Both, TextInput, both, text_inputs
from xsbert.models.methods.method import Method
from xsbert.models.methods.presence import Presence
from xsbert.models.methods.removal import Removal
from xsbert.models.references.weights_digest import weights_digest


def vector_store(
    model: XSTransformer,
    path: str | Path,
    *,
    method: Method | None = None,
    similarity: str | None = None,
    precision: str | None = None,
    prompt: Both = None,
    prompt_name: Both = None,
    task: Both = None,
    matmul_dtype: torch.dtype | None = None,
) -> VectorStore:
    """Makes a model's store, or opens it: `XSTransformer.vector_store`, where the arguments are told.

    Raises:
        FileExistsError: there is a file, or a folder with something else.
        ValueError: the store is another model's, or was made otherwise than is asked here.
    """
    inputs = _inputs(model, prompt, prompt_name, task or ("query", "document"))
    try:
        store = VectorStore(path, model, method=method)
    except FileNotFoundError:
        chosen = method or Presence()
        recipe = _recipe(model, chosen, similarity, precision or PRECISIONS[0], inputs, matmul_dtype)
        schema = schema_of(recipe.dimensions, recipe.precision).with_metadata(recipe.to_metadata())
        Table.create(str(path), schema)
        store = VectorStore(path, model, method=chosen)
    asked: dict[str, Any] = {"similarity": similarity, "precision": precision}
    if matmul_dtype is not None:
        asked["products"] = _named(matmul_dtype)
    if (prompt, prompt_name, task) != (None, None, None):
        asked |= {name: tuple(getattr(each, name[:-1]) for each in inputs) for name in ("prompts", "tasks")}
    store.check(**asked)
    return store


def _recipe(
    model: XSTransformer,
    method: Method,
    similarity: str | None,
    precision: str,
    inputs: tuple[TextInput, TextInput],
    matmul_dtype: torch.dtype | None,
) -> Recipe:
    """How the model's token vectors will be made. What it can't explain is refused here.

    Args:
        inputs: a query and a document, as they are put to the model.

    Raises:
        TypeError, ValueError: as of `explain`, and for a precision that is not known.
    """
    if isinstance(method, Removal):
        raise TypeError(
            f"method got {method!r}; expected Presence() or HiddenStates(): a store keeps no standard errors. Use "
            "explain_ranking(…, method=Removal()) in its place."
        )
    schema_of(1, precision)
    chosen = str(similarity or model.similarity_fn_name)
    check_similarity(chosen)
    query, document = inputs
    vectors = model.token_vectors(
        [PROBE], method=method, prompt=document.prompt, task=document.task or None, matmul_dtype=matmul_dtype
    )[0]
    return Recipe(
        model=vectors.model,
        source=loaded_name(model),
        weights=weights_digest(model),
        probe=probe_of(model, document.prompt, document.task),
        method=repr(method),
        made_by=vectors.method,
        layer=vectors.layer,
        quadrature=vectors.quadrature,
        similarity=chosen,
        prompts=(query.prompt, document.prompt),
        tasks=(query.task, document.task),
        dimensions=len(vectors.embedding),
        precision=precision,
        products="" if matmul_dtype is None else _named(matmul_dtype),
    )


def _inputs(model: XSTransformer, prompt: Both, name: Both, task: Both) -> tuple[TextInput, TextInput]:
    """How a query and a document are put to the model."""
    prompts, names, tasks = both(prompt), both(name), both(task)
    query, document = (text_inputs(model, [PROBE], prompts[i], names[i], tasks[i])[0] for i in (0, 1))
    return query, document


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
