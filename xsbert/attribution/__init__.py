"""Mathematics on functions and tensors: rules, token vectors, the pair's matrix, results."""

from xsbert.attribution.mode import ByLength as ByLength
from xsbert.attribution.mode import Forward as Forward
from xsbert.attribution.mode import Mode as Mode
from xsbert.attribution.mode import Reverse as Reverse
from xsbert.attribution.pair import attribute as attribute
from xsbert.attribution.quadrature.adaptive import Adaptive as Adaptive
from xsbert.attribution.quadrature.fixed import GaussLegendre as GaussLegendre
from xsbert.attribution.quadrature.fixed import RightRiemann as RightRiemann
from xsbert.attribution.quadrature.rule import Nodes as Nodes
from xsbert.attribution.quadrature.rule import Rule as Rule
from xsbert.results.attribution import Attribution as Attribution
from xsbert.results.rankings.contrast import Contrast as Contrast
from xsbert.results.rankings.contrast import contrast as contrast
from xsbert.results.rankings.ranking import Ranking as Ranking
from xsbert.results.rankings.ranking import ranked as ranked
from xsbert.results.token_vectors import TokenVectors as TokenVectors
