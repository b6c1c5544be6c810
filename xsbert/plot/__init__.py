"""Pictures of an attribution. matplotlib is imported when one is drawn."""

from xsbert.plot.figures.bipartite import bipartite as bipartite
from xsbert.plot.figures.convergence import convergence as convergence
from xsbert.plot.figures.cumulative import cumulative as cumulative
from xsbert.plot.figures.heatmap import heatmap as heatmap
from xsbert.plot.figures.heatmap import save as save
from xsbert.plot.figures.heatmap import shared_limit as shared_limit
from xsbert.plot.figures.layers import layers as layers
from xsbert.plot.figures.published import plot_attributions as plot_attributions
from xsbert.plot.figures.words import words as words
from xsbert.plot.html.document import page as page
