"""The published package's helpers, by their published names."""

from xsbert.plot import plot_attributions as plot_attributions
