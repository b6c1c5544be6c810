"""A collection's token vectors, kept in a Lance table: made once, explained from storage."""

from xsbert.corpus.store import VectorStore as VectorStore
from xsbert.corpus.vectorizer import Appender as Appender
from xsbert.corpus.vectorizer import Vectorizer as Vectorizer
