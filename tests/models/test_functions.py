"""Any function that gives embeddings: an API behind a real server on loopback, and its faults."""

import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import xsbert
from xsbert import XSFunction
from xsbert.evaluation.judges.deletion import DeletionInteractions
from xsbert.evaluation.judges.encodings import Encodings
from xsbert.evaluation.methods.explainer import IntegratedJacobian
from xsbert.evaluation.methods.matrices import WordMatrix
from xsbert.models import EncodeError, Presence, Removal

A, B = "The coffee is bad.", "This is not a good coffee."


class Service:
    """An API on loopback that embeds texts by a model. `fault(call, vectors)` may spoil an answer."""

    def __init__(self, model):
        self.calls, self.texts, self.fault = 0, [], None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
                service.calls += 1
                service.texts += texts
                vectors = model.encode(texts).astype(float)
                if service.fault:
                    vectors = service.fault(service.calls, vectors)
                self.send_response(503 if vectors is None else 200)
                self.end_headers()
                if vectors is not None:
                    self.wfile.write(json.dumps({"embeddings": np.asarray(vectors).tolist()}).encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def embed(self, texts):
        """The client."""
        address = f"http://127.0.0.1:{self.server.server_port}/embed"
        request = urllib.request.Request(address, json.dumps({"input": texts}).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["embeddings"]


@pytest.fixture
def service(minilm):
    found = Service(minilm)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_api_is_explained_as_the_model_behind_it(service, minilm):
    x = xsbert.explain(service.embed, A, B)
    expected = minilm.explain(A, B, method=Removal())
    np.testing.assert_allclose(x.matrix, expected.matrix, atol=1e-5)
    assert x.score == pytest.approx(expected.score, abs=1e-6)
    assert x.model == "embed"
    assert "" not in service.texts  # which many APIs refuse
    assert len(set(service.texts)) == 154 < 31 + 127  # equal sub-texts once
    assert len(service.texts) == len(set(service.texts)) + 1  # and one again, to see whether it is the same
    assert service.calls == 3


def test_the_number_of_calls_is_known_before_and_shown(service, capsys):
    model = XSFunction(service.embed, batch_size=10, name="service")
    assert model.calls([A, B]) == 16
    assert service.calls == 0
    model.explain(A, B, show_progress_bar=True)
    assert service.calls == 16
    assert "in 16 calls" in capsys.readouterr().err
    assert model.calls([A, B]) == 0
    model.explain(B, A, show_progress_bar=True)
    assert service.calls == 16
    assert capsys.readouterr().err == ""


def test_a_second_run_is_free(service, tmp_path):
    cache = tmp_path / "kept.sqlite"
    first = xsbert.explain(service.embed, A, B, name="service", cache=cache)
    calls = service.calls
    second = xsbert.explain(service.embed, A, B, name="service", cache=cache)
    assert service.calls == calls
    assert second == first
    xsbert.explain(service.embed, A, B, name="service 2", cache=cache)
    assert service.calls == 2 * calls


@pytest.mark.parametrize("on_disk", [True, False], ids=["on disk", "in memory"])
def test_what_was_paid_for_is_not_lost(service, tmp_path, on_disk):
    kept = {"cache": tmp_path / "kept.sqlite"} if on_disk else {}
    service.fault = lambda call, vectors: None if call == 4 else vectors
    with pytest.raises(EncodeError, match=r"failed in call 4 of 8 \(HTTPError") as caught:
        xsbert.explain(service.embed, A, B, name="service", batch_size=20, **kept)
    assert ("kept.sqlite" if on_disk else "in memory") in str(caught.value)
    assert isinstance(caught.value.__cause__, urllib.error.HTTPError)
    paid = set(service.texts[:60])
    assert len(paid) == 60
    del service.texts[:]
    if on_disk:
        x = xsbert.explain(service.embed, A, B, name="service", batch_size=20, **kept)
    else:
        x = caught.value.encoder.explain(A, B)
    assert paid.isdisjoint(service.texts[:-1])  # the last one is asked again
    assert x.matrix.sum() == pytest.approx(x.score, abs=1e-5)


def test_calls_keep_to_a_rate(service):
    began = time.monotonic()
    xsbert.explain(service.embed, A, B, batch_size=40, per_minute=300)  # four calls
    assert 0.6 <= time.monotonic() - began < 10
    assert service.calls == 4


def spoiled(change):
    return lambda call, vectors: change(vectors) if call == 2 else vectors


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (spoiled(lambda v: v[:-1]), r"encode gave shape \(63, 384\) for 64 texts"),
        (spoiled(lambda v: v[:, :100]), "encode gave 100 dimensions, and 384 before"),
        (spoiled(lambda v: v[0]), r"encode gave shape \(384,\) for 64 texts"),
        (spoiled(lambda v: v * np.nan), "holds NaN or infinity"),
        (spoiled(lambda v: [["a"]] * 64), "encode gave a list for 64 texts; expected an array of numbers"),
        (lambda call, v: v + 5 * (call == 3), "differ by [0-9]+% of their length"),
    ],
)
def test_what_is_no_embedding_is_refused(service, fault, message):
    service.fault = fault
    with pytest.raises((ValueError, TypeError), match=message):
        xsbert.explain(service.embed, A, B)


def test_a_function_that_changes_its_mind_is_told_of(minilm):
    random = np.random.default_rng(0)

    def shaky(texts):
        return minilm.encode(texts) + random.normal(size=(len(texts), 384)) * 0.01 / 384**0.5

    with pytest.warns(UserWarning, match=r"changes its mind: two embeddings of .* differ by 1\.\d% of their length"):
        xsbert.explain(shaky, "Coffee with a lot of milk.", "Tea!")


def test_rankings_and_pairs_of_a_function(service, minilm):
    documents = ["Tea is fine.", B, "Trains run late today.", "Bad coffee."]
    model = XSFunction(service.embed, name="service")
    ranking = model.explain_ranking(A, documents, top=2, ids=["t", "g", "r", "b"])
    scores = minilm.similarity(minilm.encode([A]), minilm.encode(documents))[0].tolist()
    assert list(ranking.positions) == sorted(range(4), key=lambda i: -scores[i])[:2]
    assert ranking.compared == 4
    assert ranking.ids == ("b", "g")
    x, y = model.explain_pairs([(A, B), (B, A)])
    np.testing.assert_allclose(x.matrix, y.matrix.T, atol=1e-6)
    (vectors,) = model.token_vectors([A])
    np.testing.assert_allclose(vectors.vectors.sum(axis=0), vectors.embedding, atol=1e-5)


def test_judges_take_a_function(service, minilm):
    model = XSFunction(service.embed, name="service")
    (x,) = IntegratedJacobian(model, Removal()).explain([(A, B)])
    found, encode, judge = WordMatrix.of(x), Encodings(model), DeletionInteractions()
    figures = judge.figures(found, judge.evidence(found.a, found.b, encode), encode)
    own = Encodings(minilm)
    assert figures == pytest.approx(judge.figures(found, judge.evidence(found.a, found.b, own), own), abs=1e-6)
    assert figures["words"] > 0


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: XSFunction("model"), TypeError, "encode got 'model'; expected a function"),
        (lambda: XSFunction(len, "euclidean"), ValueError, "similarity got 'euclidean'"),
        (lambda: XSFunction(len, batch_size=0), ValueError, "batch_size got 0"),
        (lambda: XSFunction(len, per_minute=0), ValueError, "per_minute got 0"),
        (lambda: XSFunction(len, cache="x.sqlite"), ValueError, "no name"),
        (lambda: XSFunction(len, name="m", cache="none/x.sqlite"), FileNotFoundError, "folder is not there"),
        (lambda: XSFunction(len, name="m", cache=__file__), ValueError, "can't be used"),
        (lambda: xsbert.explain(len, A, 3), TypeError, "text_b got 3"),
        (lambda: xsbert.explain(len, A, B, method=Presence()), TypeError, r"expected Removal\(\)"),
    ],
)
def test_bad_settings_are_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


def test_several_processes_may_keep_embeddings_in_one_file(minilm, tmp_path):
    """Many writers at once, each with its own connection: nothing is lost, nothing damaged."""
    texts = [f"word{i} coffee" for i in range(8)]

    def run(text):
        xsbert.explain(minilm_like, text, "tea", name="m", cache=tmp_path / "kept.sqlite", batch_size=1)

    def minilm_like(texts):
        return np.array([[len(text), text.count("o") + 1.0, 1.0] for text in texts])

    threads = [threading.Thread(target=run, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model = XSFunction(minilm_like, name="m", cache=tmp_path / "kept.sqlite")
    assert model.calls([*texts, "tea"]) == 0
