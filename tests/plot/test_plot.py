"""Heatmaps: colours centred on zero, readable labels, data that stays data."""

import re
import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import font_manager, rc_context
from matplotlib.text import Text

from xsbert import Attribution, plot, utils
from xsbert.models import HiddenStates
from xsbert.plot.figures import fonts
from xsbert.plot.figures.fonts import families


@pytest.fixture(scope="module")
def x(minilm) -> Attribution:
    return minilm.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates())


def labels(axis):
    return tuple(label.get_text() for label in axis.get_ticklabels())


def rendered(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_a_heatmap_shows_the_matrix_with_its_tokens(x):
    ax = plot.heatmap(x)
    (image,) = ax.get_images()
    np.testing.assert_array_equal(image.get_array(), x.matrix)
    assert labels(ax.yaxis) == x.tokens_a
    assert labels(ax.xaxis) == x.tokens_b
    score, pairs = (float(number) for number in re.findall(r"\d\.\d{3}", ax.get_title()))
    assert (score, pairs) == pytest.approx((0.791, 2.3815), abs=1.5e-3)


def test_colours_are_centred_on_zero(x):
    low, high = plot.heatmap(x).get_images()[0].get_clim()
    assert (low, high) == (-high, np.abs(x.matrix).max())
    assert plot.heatmap(x, limit=0.2).get_images()[0].get_clim() == (-0.2, 0.2)


def test_panels_can_share_their_colours(x, minilm):
    y = minilm.explain("coffee", "coffee")
    limit = plot.shared_limit(x, y)
    assert limit == max(x.limit, y.limit)
    figure, axes = plt.subplots(1, 2)
    for result, ax in zip((x, y), axes, strict=True):
        assert plot.heatmap(result, ax, limit=limit, colorbar=False) is ax
    assert len(figure.axes) == 2
    assert {ax.get_images()[0].get_clim() for ax in axes} == {(-limit, limit)}


def long_attribution(x, rows, columns):
    """The pair's attribution stretched to many tokens, some of them long."""
    words = ["unprecedented", "a", "enthusiastically", "on", "."]
    tokens = [words[i % 5] for i in range(max(rows, columns))]
    matrix = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    return Attribution(**{
        **{name: getattr(x, name) for name in x.__dataclass_fields__},
        "tokens_a": tuple(tokens[:rows]), "offsets_a": (None,) * rows,
        "tokens_b": tuple(tokens[:columns]), "offsets_b": (None,) * columns,
        "matrix": matrix,
    })  # fmt: skip


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 40), (40, 3), (40, 40), (120, 80)])
def test_labels_are_whole_readable_and_apart(x, rows, columns):
    ax = plot.heatmap(long_attribution(x, rows, columns))
    figure = ax.figure
    figure.canvas.draw()
    whole = figure.bbox
    for axis, side in ((ax.yaxis, "y"), (ax.xaxis, "x")):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        assert all(label.get_fontsize() >= 7 for label in axis.get_ticklabels())
        for box in boxes:
            assert whole.x0 <= box.x0
            assert box.x1 <= whole.x1
            assert whole.y0 <= box.y0
            assert box.y1 <= whole.y1
        edges = sorted(getattr(box, f"{side}{end}") for box in boxes for end in (0, 1))
        starts = sorted(getattr(box, f"{side}0") for box in boxes)
        assert edges[::2] == starts  # no label reaches into the next
    title = ax.title.get_window_extent()
    assert whole.x0 <= title.x0
    assert title.x1 <= whole.x1


def test_labels_fit_the_axes_they_are_given(x):
    figure, ax = plt.subplots(figsize=(4, 4))
    plot.heatmap(long_attribution(x, 40, 40), ax)
    assert figure.get_size_inches().tolist() == [4, 4]
    assert max(label.get_fontsize() for label in ax.get_yticklabels()) < 7


@pytest.mark.parametrize("token", ["$5 or $6$", "$\\frac{1}{2}$", "_^{", "\\", "\x00", "\n", "%s"])
def test_tokens_are_data(x, token):
    y = Attribution(**{name: getattr(x, name) for name in x.__dataclass_fields__}
                    | {"tokens_a": (token, *x.tokens_a[1:])})  # fmt: skip
    ax = plot.heatmap(y)
    ax.figure.canvas.draw()
    assert len(labels(ax.yaxis)) == len(y.tokens_a)


def test_a_word_in_another_script_takes_a_font_that_has_it():
    here = {font.name for font in font_manager.fontManager.ttflist}
    assert families(["coffee"])[0] in here
    assert not any(name.startswith("Last Resort") for name in families(["咖啡", "\U0010fffd"]))
    # A character that the usual font lacks, and another installed font has.
    usual = families(["a"])
    from xsbert.plot.figures.fonts import _covered

    known = _covered(font_manager.findfont(font_manager.FontProperties(family=usual)))
    for font in font_manager.fontManager.ttflist:
        extra = _covered(font.fname) - known
        if extra and not font.name.startswith("Last Resort"):
            chosen = families([chr(min(extra))])
            assert len(chosen) > len(usual)
            return
    pytest.skip("every installed font is covered by the usual one")


@pytest.mark.parametrize("draw", [plot.heatmap, plot.bipartite, plot.cumulative, plot.layers])
def test_characters_that_no_font_has_are_said_in_one_line(x, tmp_path, draw):
    strange = "".join(chr(0x10FFFD - i) for i in range(20))  # of private use
    y = replace(x, text_a=strange, tokens_a=(strange[:10], strange[10:], *x.tokens_a[2:]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        axes = draw(y)
        figure = (axes[0] if isinstance(axes, list) else axes).figure
        figure.savefig(tmp_path / "x.png")
        figure.savefig(tmp_path / "x.svg")
    (message,) = {str(each.message) for each in caught}
    assert message.startswith("No installed font has 20 of the characters (")
    assert len(caught) == 1
    assert "\ufffd" * 10 in "".join(text.get_text() for text in figure.findobj(Text))


def test_where_the_usual_font_is_not_there_another_is_taken(caplog):
    with rc_context({"font.family": ["No Such Font"]}):
        (name,) = families(["coffee"])
    assert name in {font.name for font in font_manager.fontManager.ttflist}
    assert caplog.text == ""


@pytest.mark.parametrize("ending", ["png", "pdf", "svg", "PNG"])
def test_saving(x, tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    plot.save(plot.heatmap(x), path)
    assert path.stat().st_size > 3000
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_unknown_format_leaves_no_file(x, tmp_path):
    with pytest.raises(ValueError, match="not supported"):
        plot.save(plot.heatmap(x), tmp_path / "x.doc")
    assert not list(tmp_path.iterdir())


def test_bad_arguments_are_refused(x):
    with pytest.raises(TypeError, match="heatmap got a ndarray; expected an Attribution"):
        plot.heatmap(x.matrix)
    with pytest.raises(ValueError, match="limit got 0"):
        plot.heatmap(x, limit=0)
    with pytest.raises(ValueError, match="expected at least one"):
        plot.shared_limit()


def test_an_all_zero_matrix_is_drawn_white(minilm):
    ax = plot.heatmap(minilm.explain("", "coffee"))
    assert ax.get_images()[0].get_clim() == (-0.25, 0.25)
    assert rendered(ax.figure).shape[-1] == 4


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_the_published_plot(x, tmp_path, kind):
    path = tmp_path / "published.png"
    figure = utils.plot_attributions(
        kind(x.matrix.copy()), x.tokens_a, x.tokens_b, size=(5, 5), dst_path=path, show_colorbar=True, cmap="RdBu",
        range=0.3, shrink_colorbar=0.5, bbox="tight",
    )  # fmt: skip
    assert figure.axes[0].get_images()[0].get_clim() == (-0.3, 0.3)
    assert figure.get_size_inches().tolist() == [5, 5]
    assert len(figure.axes) == 2
    assert path.exists()
    assert plot.plot_attributions is utils.plot_attributions


def test_the_published_plot_checks_its_labels(x):
    with pytest.raises(ValueError, match=r"shape \(7, 9\) for 9 and 7 tokens"):
        utils.plot_attributions(x.matrix, x.tokens_b, x.tokens_a)


def test_a_font_that_was_installed_since_is_found(monkeypatch):
    """matplotlib keeps a list of fonts; what it lacks is looked for again, once."""
    manager = font_manager.fontManager
    font = next(font for font in manager.ttflist if font.name == "STIXNonUnicode")
    usual = {char for each in families([]) for char in fonts._covered(font_manager.findfont(each))}
    char = chr(next(code for code in sorted(fonts._covered(font.fname) - usual) if code > 0xE000))
    monkeypatch.setattr(manager, "ttflist", [each for each in manager.ttflist if "STIX" not in each.name])
    looked = []
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: looked.append(1) or [font.fname])
    fonts._look_again.cache_clear()
    assert fonts.drawable([char]) == [char]
    assert "STIXNonUnicode" in families([char])
    with pytest.warns(UserWarning, match="No installed font has 1 of the characters"):
        assert fonts.drawable(["\U0010fffd"]) == ["\ufffd"]
    assert looked == [1]
    fonts._look_again.cache_clear()
