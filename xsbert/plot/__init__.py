"""Pictures of an attribution. matplotlib is imported when one is drawn."""

from xsbert.plot.heatmap import heatmap as heatmap
from xsbert.plot.heatmap import save as save
from xsbert.plot.heatmap import shared_limit as shared_limit
from xsbert.plot.page import page as page
from xsbert.plot.published import plot_attributions as plot_attributions
