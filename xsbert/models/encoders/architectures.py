"""The published model classes. An `XSTransformer` explains both architectures, and others."""

from xsbert.models.encoders.transformer import XSTransformer


class XSMPNet(XSTransformer):
    """The published class for MPNet encoders, such as all-mpnet-base-v2."""


class XSRoberta(XSTransformer):
    """The published class for RoBERTa encoders, such as all-distilroberta-v1."""
