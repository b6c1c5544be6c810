"""Layers and convergence: panels share what they can, lines show the errors."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from tests.helpers.drawn import legend_of, lines_of, with_matrix, written
from xsbert import Attribution, plot
from xsbert.attribution import GaussLegendre, RightRiemann
from xsbert.models import HiddenStates

# -- layers


def test_panels_share_one_scale_and_say_what_they_show(depths):
    panels = plot.layers(depths)
    images = [panel.get_images()[0] for panel in panels]
    limit = plot.shared_limit(*depths)
    for x, panel, image in zip(depths, panels, images, strict=True):
        np.testing.assert_array_equal(image.get_array(), x.matrix)
        assert image.get_clim() == (-limit, limit)
        assert panel.get_title().startswith(f"layer {x.layer}\nexplains {x.explained:.3f} · error ")
    assert plot.layers(depths, limit=0.3)[0].get_images()[0].get_clim() == (-0.3, 0.3)


def labelled(panel):
    panel.figure.canvas.draw()
    left = any(tick.label1.get_visible() for tick in panel.yaxis.get_major_ticks())
    return left, any(tick.label2.get_visible() for tick in panel.xaxis.get_major_ticks())


def test_only_outer_panels_carry_labels(depths):
    outer = [(True, True), (False, True), (True, False)]
    assert [labelled(panel) for panel in plot.layers(depths, columns=2)] == outer
    _, grid = plt.subplots(2, 2)
    given = list(grid.flat)[:3]
    assert plot.layers(depths, given, colorbar=False) == given
    assert [labelled(panel) for panel in given] == outer


@pytest.mark.parametrize("count", [1, 5, 12])
def test_panels_are_apart_and_inside_the_figure(count, x):
    panels = plot.layers([replace(x, layer=layer) for layer in range(count)])
    panels[0].figure.canvas.draw()
    boxes = [panel.get_tightbbox() for panel in panels]
    whole = panels[0].figure.bbox
    assert all(whole.x0 <= b.x0 and b.x1 <= whole.x1 and whole.y0 <= b.y0 and b.y1 <= whole.y1 for b in boxes)
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


@pytest.mark.parametrize("draw", [plot.heatmap, lambda x: plot.layers([x])[0]])
def test_negative_cells_have_a_minus(draw, x):
    ax = draw(with_matrix(x, [[0.5, -0.5, -0.01], [-0.1, 0.02, 0.3]]))
    marks = lines_of(ax)
    assert [tuple(line.mean(0)) for line in marks.get_segments()] == [(1, 0), (0, 1)]
    assert [to_hex(colour) for colour in marks.get_color()] == ["#ffffff", "#222222"]


def test_layers_refuse_what_does_not_fit(depths, x):
    figure, axes = plt.subplots(1, 2)
    for wrong, ax, options, message in (
        ([*depths, x], None, {}, "different tokens: Attribution"),
        ([depths[0], depths[1].words().folded(), x], None, {}, "different tokens"),
        (depths, axes, {}, "2 axes for 3 attributions"),
        (depths, None, {"titles": ["one"]}, "1 titles for 3 attributions"),
        (depths, None, {"columns": 0}, "columns got 0"),
        (depths, None, {"limit": -1}, "limit got -1"),
        (depths, figure.add_axes((0, 0, 0.1, 0.1)), {"columns": 3}, "expected room for 1 × 3 panels"),
    ):
        with pytest.raises(ValueError, match=message):
            plot.layers(wrong, ax, **options)
    with pytest.raises(TypeError, match="ax got a int"):
        plot.layers(depths, [1, 2, 3])
    assert plt.get_fignums() == [figure.number]


# -- convergence


@pytest.fixture(scope="module")
def rules(minilm) -> list[Attribution]:
    pair = "The coffee is bad.", "Good coffee!"
    return [
        minilm.explain(*pair, method=HiddenStates(layer=layer, quadrature=rule))
        for layer in (5, 4)
        for rule in (RightRiemann(8), GaussLegendre(4), RightRiemann(2), GaussLegendre(2))
    ]


def convergence_lines(ax):
    return [line for line in ax.lines if len(line.get_xdata()) > 1 and line.get_linestyle() != "None"]


def test_each_layer_and_rule_has_a_line_of_its_errors(rules):
    ax = plot.convergence(rules)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    points = [list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in convergence_lines(ax)]
    assert points == [
        [(2, max(rules[2].errors)), (8, max(rules[0].errors))],
        [(2, max(rules[3].errors)), (4, max(rules[1].errors))],
        [(2, max(rules[6].errors)), (8, max(rules[4].errors))],
        [(2, max(rules[7].errors)), (4, max(rules[5].errors))],
    ]
    assert len({line.get_linestyle() for line in convergence_lines(ax)}) == 2
    assert len({line.get_marker() for line in ax.lines} - {"None"}) == 2
    assert legend_of(ax) == ["RightRiemann", "GaussLegendre", "layer 4", "layer 5"]


def test_an_error_of_zero_is_a_hollow_marker_below_all_others(rules):
    ax = plot.convergence([replace(rules[0], errors=(0.0, 0.0)), *rules[1:]])
    (zero,) = (line for line in ax.lines if to_hex(line.get_markerfacecolor()) == "#ffffff")
    assert zero.get_xdata() == [8]
    assert 0 < zero.get_ydata()[0] < min(max(x.errors) for x in rules[1:])
    assert ax.get_ylim()[0] < zero.get_ydata()[0]
    assert "error 0" in written(ax)
    assert not written(plot.convergence(rules))
    plot.convergence([replace(x, errors=(0.0, 0.0)) for x in rules]).figure.canvas.draw()


def test_token_vectors_converge_too(minilm):
    found = [
        minilm.token_vectors(["The coffee is bad."], method=HiddenStates(quadrature=GaussLegendre(n)))[0]
        for n in (2, 4)
    ]
    (line,) = convergence_lines(plot.convergence(found))
    assert line.get_ydata().tolist() == [u.error for u in found]


def test_different_things_are_not_one_line(rules, x):
    for other in (x, replace(rules[0], model="another"), replace(rules[0], method="another")):
        with pytest.raises(ValueError, match="results of different things"):
            plot.convergence([rules[0], other])
    with pytest.raises(ValueError, match="which took no nodes"):
        plot.convergence(replace(x, nodes=(0, 0), quadrature="none"))
    assert plt.get_fignums() == []
