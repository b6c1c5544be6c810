"""A picture as a side of a result: it is kept in files, and a wrong one is refused."""

import json
from dataclasses import replace

import pytest

from xsbert import Attribution
from xsbert.results.parts.picture import Picture

GRID = tuple(
    (16.0 * column, 16.0 * row, 16.0 * column + 16, 16.0 * row + 16) for row in range(2) for column in range(3)
)
PICTURE = Picture(48, 32, 2, 3, GRID, "data:image/png;base64,AAAA")


@pytest.fixture(scope="module")
def pictured(minilm):
    x = minilm.explain("The coffee is bad.", "no good coffee here")  # six tokens
    return replace(x, text_b="cup.png", offsets_b=(None,) * 6, picture_b=PICTURE, unknown_b=(), truncated=(False,) * 2)


def test_a_picture_is_kept_in_files(pictured, tmp_path):
    pictured.save(tmp_path / "pair.json")
    found = Attribution.load(tmp_path / "pair.json")
    assert found == pictured
    assert found.picture_a is None
    assert found.picture_b == PICTURE


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 0),
        (0, 4.5),
        (2, 3),
        (4, [[0, 0, 1]]),
        (4, [[0, 0, 1, 1e300]] * 6),
        (5, "x.png"),
        (5, None),
    ],
)
def test_a_wrong_picture_is_refused(pictured, tmp_path, place, value):
    data = pictured.to_dict()
    data["picture_b"][place] = value
    file = tmp_path / "pair.json"
    file.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="picture"):
        Attribution.load(file)
