"""Encoders: sentence-transformers in, functions and hidden states out."""

from xsbert.models.encoders.late_interaction import XSMultiVectorEncoder as XSMultiVectorEncoder
from xsbert.models.encoders.sparse import XSSparseEncoder as XSSparseEncoder
from xsbert.models.encoders.transformer import XSMPNet as XSMPNet
from xsbert.models.encoders.transformer import XSRoberta as XSRoberta
from xsbert.models.encoders.transformer import XSTransformer as XSTransformer
from xsbert.models.exact.losses import DotSimilarityLoss as DotSimilarityLoss
from xsbert.models.exact.shift import ReferenceTransformer as ReferenceTransformer
from xsbert.models.exact.shift import ShiftingReferenceTransformer as ShiftingReferenceTransformer
from xsbert.models.loading.checkpoints import load_model as load_model
from xsbert.models.loading.default import default_model as default_model
from xsbert.models.loading.default import load_reachable as load_reachable
from xsbert.models.methods.hidden_states import HiddenStates as HiddenStates
from xsbert.models.methods.method import Method as Method
from xsbert.models.methods.presence import Presence as Presence
from xsbert.models.methods.removal import Removal as Removal
from xsbert.models.references.others import MaskReference as MaskReference
from xsbert.models.references.others import MeanReference as MeanReference
from xsbert.models.references.others import ZeroReference as ZeroReference
from xsbert.models.references.padding import PaddingReference as PaddingReference
from xsbert.models.references.padding import Reference as Reference
from xsbert.models.removal.encodings import EncodeError as EncodeError
from xsbert.models.removal.function import XSFunction as XSFunction
