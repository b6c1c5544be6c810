"""What the app answers: pages of explanations, and a line where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from urllib.parse import urlencode

from xsbert.models import HiddenStates, Method, Presence, XSTransformer
from xsbert.plot.html.iframe import frame
from xsbert.results.attribution import Attribution
from xsbert.results.rankings.ranking import Ranking

METHODS = ("presence", "hidden states")
LONGEST = 4_000
"""Characters of a text that the app takes."""
MOST_DOCUMENTS = 100
LONGEST_LINK = 2_000
"""Characters of an address that browsers and servers surely take."""


class Answers:
    """Explanations by some models, each loaded once.

    Args:
        models: the models by name; the first is the default.
    """

    def __init__(self, models: dict[str, XSTransformer]) -> None:
        self.models = models
        self._lock = Lock()  # a pass takes all cores: one after the other is as fast, and needs the memory of one

    def pair(self, text_a: str, text_b: str, model: str, method: str, layer: float | None) -> tuple[str, str]:
        """The page of a pair in a frame, and a link to it; both empty while a text is.

        Raises:
            ValueError: a text is too long, or the model has no such layer; as `explain`.
        """
        if not text_a.strip() or not text_b.strip():
            return "", ""
        self._check([text_a, text_b])
        chosen = self._chosen(method, layer)
        with self._lock:
            x = self._model(model).explain(text_a, text_b, method=chosen)
        return _frame(x), self.link(a=text_a, b=text_b, model=model, method=method, layer=layer)

    def ranking(self, query: str, documents: str, model: str, method: str, layer: float | None) -> tuple[str, str]:
        """The page of a ranking in a frame, and a link to it; both empty while there is no query or no document.

        Args:
            query: the query.
            documents: one a line.
            model, method, layer: as of `pair`.

        Raises:
            ValueError: as `pair`, or there are too many documents.
        """
        texts = [line.strip() for line in documents.splitlines() if line.strip()]
        if not query.strip() or not texts:
            return "", ""
        if len(texts) > MOST_DOCUMENTS:
            raise ValueError(f"got {len(texts):,} documents; expected at most {MOST_DOCUMENTS}.")
        self._check([query, *texts])
        chosen = self._chosen(method, layer)
        with self._lock:
            ranking = self._model(model).explain_ranking(query, texts, method=chosen, show_progress_bar=False)
        return _frame(ranking), self.link(q=query, d=documents, model=model, method=method, layer=layer)

    def link(self, **asked: str | float | None) -> str:
        """A link, in Markdown, that asks the same again; empty where it would be too long."""
        model = asked.pop("model")
        if model != next(iter(self.models)):
            asked["model"] = model
        if asked.get("method") == METHODS[0]:
            asked.pop("method")
        address = "?" + urlencode({name: _plain(value) for name, value in asked.items() if value is not None})
        return f"[link to this result]({address})" if len(address) <= LONGEST_LINK else ""

    def _model(self, name: str) -> XSTransformer:
        if name not in self.models:
            raise ValueError(f"got the model {name!r:.80}; expected one of {', '.join(self.models)}.")
        return self.models[name]

    @staticmethod
    def _chosen(method: str, layer: float | None) -> Method:
        if layer is not None and layer != int(layer):
            raise ValueError(f"got layer {layer:g}; expected a whole number, or none.")
        at = None if layer is None else int(layer)
        if method == METHODS[0]:
            return Presence(at)
        if method == METHODS[1]:
            return HiddenStates() if at is None else HiddenStates(at)
        raise ValueError(f"got the method {method!r:.40}; expected one of {', '.join(METHODS)}.")

    @staticmethod
    def _check(texts: Sequence[str]) -> None:
        longest = max(map(len, texts))
        if longest > LONGEST:
            raise ValueError(f"got a text of {longest:,} characters; expected at most {LONGEST:,}.")


def _plain(value: str | float | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _frame(x: Attribution | Ranking) -> str:
    return frame(x) or "This result is too large for a page."
