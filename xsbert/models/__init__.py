"""Encoders: sentence-transformers in, functions and hidden states out."""

from xsbert.models.architectures import XSMPNet as XSMPNet
from xsbert.models.architectures import XSRoberta as XSRoberta
from xsbert.models.checkpoints import load_model as load_model
from xsbert.models.default import default_model as default_model
from xsbert.models.default import load_reachable as load_reachable
from xsbert.models.encoder import XSTransformer as XSTransformer
from xsbert.models.late import XSMultiVectorEncoder as XSMultiVectorEncoder
from xsbert.models.losses import DotSimilarityLoss as DotSimilarityLoss
from xsbert.models.neutral import NeutralReference as NeutralReference
from xsbert.models.reference import PaddingReference as PaddingReference
from xsbert.models.reference import Reference as Reference
from xsbert.models.references_other import ItselfReference as ItselfReference
from xsbert.models.references_other import MaskReference as MaskReference
from xsbert.models.references_other import MeanReference as MeanReference
from xsbert.models.references_other import ZeroReference as ZeroReference
from xsbert.models.shift import ReferenceTransformer as ReferenceTransformer
from xsbert.models.shift import ShiftingReferenceTransformer as ShiftingReferenceTransformer
from xsbert.models.sparse import XSSparseEncoder as XSSparseEncoder
