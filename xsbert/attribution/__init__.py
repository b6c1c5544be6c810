"""Mathematics on functions and tensors: rules, token vectors, the pair's matrix, results."""

from xsbert.attribution.adaptive import Adaptive as Adaptive
from xsbert.attribution.contrast import Contrast as Contrast
from xsbert.attribution.contrast import contrast as contrast
from xsbert.attribution.embedded import TokenVectors as TokenVectors
from xsbert.attribution.modes import ByLength as ByLength
from xsbert.attribution.modes import Forward as Forward
from xsbert.attribution.modes import Mode as Mode
from xsbert.attribution.modes import Reverse as Reverse
from xsbert.attribution.pair import attribute as attribute
from xsbert.attribution.quadrature import GaussLegendre as GaussLegendre
from xsbert.attribution.quadrature import Nodes as Nodes
from xsbert.attribution.quadrature import RightRiemann as RightRiemann
from xsbert.attribution.quadrature import Rule as Rule
from xsbert.attribution.ranking import Ranking as Ranking
from xsbert.attribution.ranking import ranked as ranked
from xsbert.attribution.result import Attribution as Attribution
