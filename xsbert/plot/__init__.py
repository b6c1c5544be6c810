"""Pictures of an attribution. matplotlib is imported when one is drawn."""

from xsbert.plot.bipartite import bipartite as bipartite
from xsbert.plot.convergence import convergence as convergence
from xsbert.plot.cumulative import cumulative as cumulative
from xsbert.plot.heatmap import heatmap as heatmap
from xsbert.plot.heatmap import save as save
from xsbert.plot.heatmap import shared_limit as shared_limit
from xsbert.plot.layers import layers as layers
from xsbert.plot.page import page as page
from xsbert.plot.published import plot_attributions as plot_attributions
