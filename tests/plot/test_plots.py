"""Every plot disturbs nothing else; bipartite graphs and cumulative shares show the numbers."""

import re
from dataclasses import replace
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.text import Text

from tests.helpers.drawn import legend_of, lines_of, with_matrix, written
from xsbert import plot

PLOTS = (plot.bipartite, plot.cumulative, plot.layers, plot.convergence)


# -- all four


@pytest.mark.parametrize("draw", PLOTS)
def test_given_axes_are_drawn_in_and_nothing_else_changes(draw, x):
    figure, (ax, other) = plt.subplots(1, 2, figsize=(9, 4))
    before = rcParams.copy(), other.get_position().bounds, ax.get_position().bounds, plt.get_fignums()
    drawn = draw(x, ax)
    drawn = drawn if isinstance(drawn, list) else [drawn]
    assert all(each is ax or each in ax.child_axes for each in drawn)
    assert figure.axes == [ax, other]
    assert not other.has_data()
    assert figure.get_size_inches().tolist() == [9, 4]
    assert (rcParams.copy(), other.get_position().bounds, ax.get_position().bounds, plt.get_fignums()) == before


@pytest.mark.parametrize("draw", PLOTS)
def test_what_is_no_result_is_refused(draw, x):
    for wrong in (x.matrix, "text", 3, None):
        with pytest.raises(TypeError, match=rf"{draw.__name__} got a \w+.*; expected .*Attribution"):
            draw(wrong)
    with pytest.raises(TypeError, match=r"ax got a Figure; expected matplotlib axes"):
        draw(x, plt.figure())


@pytest.mark.parametrize("draw", [plot.cumulative, plot.layers, plot.convergence])
def test_no_results_are_refused(draw):
    with pytest.raises(ValueError, match=f"{draw.__name__} got no results"):
        draw([])


@pytest.mark.parametrize("draw", [plot.heatmap, plot.bipartite, plot.layers])
@pytest.mark.parametrize("options", [{"limit": 0}, {"cmap": "no map"}])
def test_an_error_leaves_no_figure(draw, options, x):
    with pytest.raises(ValueError, match=r"limit got 0|no map"):
        draw(x, **options)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("draw", [plot.bipartite, plot.layers])
@pytest.mark.parametrize("token", ["$_{$", "$5", "_^{", "\\", "\x00", "%s"])
def test_tokens_are_data(draw, token, x):
    drawn = draw(replace(x, tokens_a=(token, *x.tokens_a[1:])))
    figure = (drawn[0] if isinstance(drawn, list) else drawn).figure
    figure.canvas.draw()  # "$_{$" as a formula would be an error
    labels = {text.get_text() for text in figure.findobj(Text)}
    assert token.replace("\x00", "\ufffd") in labels


def test_texts_are_data(x):
    ax = plot.cumulative(replace(x, text_a="$_{$ \x00 %s"))
    ax.figure.canvas.draw()  # "$_{$" as a formula would be an error
    assert legend_of(ax)[0].startswith("$_{$ \ufffd %s / ")


# -- bipartite


def test_lines_join_the_strongest_pairs_the_strongest_last(x):
    y = with_matrix(x, [[0.1, -0.4, 0], [0.3, 0.2, -0.05]])
    ax = plot.bipartite(y, k=3)
    ends = [tuple(map(tuple, line)) for line in lines_of(ax).get_segments()]
    at = {(0.0, 0.0): "a0", (0.0, 2.0): "a1", (1.0, 0.0): "b0", (1.0, 1.0): "b1", (1.0, 2.0): "b2"}
    assert [(at[left], at[right]) for left, right in ends] == [("a1", "b1"), ("a1", "b0"), ("a0", "b1")]
    assert written(ax)[:5] == [*y.tokens_a, *y.tokens_b]
    assert "the 3 strongest of 6 pairs; they sum to 0.100" in ax.get_legend().get_title().get_text()


def test_width_colour_and_dashes_are_the_attribution(x):
    y = with_matrix(x, [[0.4, -0.4], [0.2, -0.1]])
    ax = plot.bipartite(y, limit=0.4)
    lines = lines_of(ax)
    thin, middle, *strong = lines.get_linewidth()
    np.testing.assert_allclose([middle / strong[0], thin / strong[0], strong[1] / strong[0]], [0.5, 0.25, 1], rtol=1e-5)
    dashed = [pattern is not None for _, pattern in lines.get_linestyle()]
    reddish = [colour[0] > colour[2] for colour in lines.get_color()]
    assert dashed == [not red for red in reddish]
    assert sum(dashed) == 2
    assert sorted(legend_of(ax)) == sorted(["+0.4", "+0.2", "−0.4", "−0.1"])


def test_no_line_is_too_pale_for_paper(x):
    lines = lines_of(plot.bipartite(x, k=x.matrix.size))
    brightness = lines.get_color()[:, :3] @ [0.299, 0.587, 0.114]
    assert brightness.max() < 0.7


def test_weak_pairs_are_left_out(x):
    assert len(lines_of(plot.bipartite(x)).get_segments()) == len(x.tokens_a) + len(x.tokens_b)
    strong = int((np.abs(x.matrix) >= 0.1).sum())
    assert 0 < strong < 16
    assert len(lines_of(plot.bipartite(x, threshold=0.1)).get_segments()) == strong
    empty = plot.bipartite(with_matrix(x, np.zeros((2, 3))))
    assert not len(lines_of(empty).get_segments())
    assert "the 0 strongest of 6" in empty.get_legend().get_title().get_text()
    empty.figure.canvas.draw()


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 40), (60, 60)])
def test_labels_are_whole_and_apart(x, rows, columns):
    ax = plot.bipartite(with_matrix(x, np.random.default_rng(0).normal(size=(rows, columns))))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    whole = ax.figure.bbox
    assert all(whole.x0 <= b.x0 and b.x1 <= whole.x1 and whole.y0 <= b.y0 and b.y1 <= whole.y1 for b in boxes)
    for column in (boxes[:rows], boxes[rows:]):
        assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(column))
    assert min(text.get_fontsize() for text in ax.texts) >= 7


def test_bipartite_refuses_bad_numbers(x):
    for options, kind, message in (
        ({"k": 0}, ValueError, "k got 0; expected at least 1"),
        ({"k": 2.5}, TypeError, r"k got 2.5 \(float\); expected a whole number"),
        ({"threshold": -1}, ValueError, "threshold got -1; expected a magnitude"),
        ({"limit": 0}, ValueError, "limit got 0; expected a positive number"),
    ):
        with pytest.raises(kind, match=message):
            plot.bipartite(x, **options)
    assert plt.get_fignums() == []


# -- cumulative


def curve_of(ax, number=0):
    """The line without its dot and the level of 100 %."""
    curves = [line for line in ax.lines if len(line.get_xdata()) > 2]
    return curves[number].get_xdata(), curves[number].get_ydata()


def test_the_curve_is_the_sum_of_the_strongest(x):
    shares, sums = curve_of(plot.cumulative(x))
    for k in (1, 5, x.matrix.size):
        np.testing.assert_allclose(shares[k], 100 * k / x.matrix.size)
        np.testing.assert_allclose(sums[k], 100 * sum(p.value for p in x.top(k)) / x.explained, rtol=1e-5)


def test_overshoot_is_in_the_picture(x):
    ax = plot.cumulative(with_matrix(x, [[3, -1], [-0.9, -0.1]]))
    _, sums = curve_of(ax)
    np.testing.assert_allclose(sums, [0, 300, 200, 110, 100], rtol=1e-5)
    assert ax.get_ylim()[1] > 300
    low = plot.cumulative(with_matrix(x, [[-2, 1.5], [1.2, 0.3]]))
    assert low.get_ylim()[0] < -200


def test_the_dot_is_where_the_sum_stays(x):
    y = with_matrix(x, [[1.05, -0.5], [0.4, 0.05]])  # within 10 % at once, then not, then at the end
    ax = plot.cumulative(y)
    (dot,) = (line for line in ax.lines if line.get_marker() == "o")
    assert dot.get_xdata() == [75]
    assert "within 10 % from 75 % of 4 pairs" in legend_of(ax)[0]


def test_several_have_a_line_each_that_grey_can_tell(x, depths):
    ax = plot.cumulative([x, *depths], labels=["p", "q", "r", "s"])
    curves = [line for line in ax.lines if line.get_label().startswith(("p", "q", "r", "s"))]
    assert len(curves) == 4
    assert len({line.get_linestyle() for line in curves}) == 4
    assert [label.split("\n")[0] for label in legend_of(ax)] == ["p", "q", "r", "s"]


def test_many_have_a_median_and_a_band(x):
    many = [with_matrix(x, [[1, each], [0, 0]]) for each in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)]
    ax = plot.cumulative(iter(many))
    shares, sums = curve_of(ax)
    np.testing.assert_allclose(sums[np.searchsorted(shares, 25)], 100 / 1.4, rtol=1e-5)
    assert any("median of 7" in label for label in legend_of(ax))


def test_nothing_has_no_shares(minilm, x):
    with pytest.raises(ValueError, match=r"pairs sum to 0.0e\+00 \(number 1: .*Leave it out"):
        plot.cumulative([x, with_matrix(x, np.zeros((2, 2)))])
    with pytest.raises(ValueError, match="pairs sum to"):
        plot.cumulative(with_matrix(x, [[0.1, -0.1], [0.3, -0.3]]))
    with pytest.raises(ValueError, match="2 labels for 1 lines"):
        plot.cumulative(x, labels=["a", "b"])
    with pytest.raises(ValueError, match="within got 0"):
        plot.cumulative(x, within=0)
    assert plt.get_fignums() == []


# -- limits and files


def test_the_limit_is_that_of_words_and_has_a_floor(x):
    y = replace(with_matrix(x, [[0.9, 0.4], [0.1, -0.6]]), offsets_a=(None, (0, 1)), offsets_b=((0, 1), (2, 3)))
    assert y.limit == pytest.approx(0.6)  # the first token is special
    assert replace(y, norms=(1.0, 1.0), normalizer=1.0, matrix=y.matrix / 100).limit == 0.25
    assert replace(y, norms=(4.0, 2.0), normalizer=1.0).limit == 2  # a dot product's own scale


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_an_attribution_is_saved_as_a_picture_of_its_words(minilm, tmp_path, suffix):
    open_before = plt.get_fignums()
    path = tmp_path / f"pair{suffix}"
    minilm.explain("Unbelievably good coffee", "good tea").save(path)
    assert path.stat().st_size > 2000
    if suffix == ".svg":
        assert "Unbelievably" in re.sub(r"<!-- (.*?) -->", r"\1", path.read_text(encoding="utf-8"))
    assert plt.get_fignums() == open_before
    with pytest.raises(ValueError, match=r"ends in .json or .html or .svg or .png or .pdf"):
        minilm.explain("a", "b").save(tmp_path / "pair.gif")
