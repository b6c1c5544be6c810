"""What test processes run: a writer that can be killed. Kept apart, so that a fork server imports it once."""

from xsbert.corpus import VectorStore
from xsbert.models import XSTransformer


def write(uri, folder, texts, chunk_size=1):
    """Adds the texts, a few at a time."""
    VectorStore(uri, XSTransformer(folder, device="cpu")).add(texts, chunk_size=chunk_size, show_progress_bar=False)
