"""The studies' command: tables, pictures, the report; it goes on where it was, and refuses what it can't do."""

import base64
import csv
import json

import pytest

from tests.helpers.browser import browsers
from tests.studies.conftest import PAIRS
from xsbert.plot.html.document import studies_page
from xsbert.studies.__main__ import main
from xsbert.studies.report import write_report


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    lines = "".join(f'"{pair.text_a}","{pair.text_b}",{5 * pair.score}\n' for pair in PAIRS)
    for name in ("train", "dev", "test"):
        (folder / f"{name}.csv").write_text(lines)
    return str(folder)


def test_the_command_writes_tables_pictures_and_a_report(data, tmp_path, capsys):
    output = tmp_path / "found"
    options = ["--data", data, "--output", str(output), "--methods", "padding", "--layers", "4", "5", "--pairs", "4"]
    assert main(["few-pairs", "agreement", "--others", "minilm_cos", *options]) == 0
    printed = capsys.readouterr().out
    assert "## Do few pairs of words carry the score?" in printed
    assert "| all-MiniLM-L6-v2 | minilm_cos | padding | 4 |" in printed
    for name in ("few-pairs", "agreement"):
        assert {path.suffix for path in output.glob(f"{name}.*")} == {".md", ".csv", ".png", ".svg", ".json"}
    with open(output / "agreement.csv", encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["model", "other model", "the other's method", "layer", "rank correlation"]
    size = (output / "explanations.jsonl").stat().st_size
    assert main(["agreement", "--others", "minilm_cos", *options]) == 0
    assert (output / "explanations.jsonl").stat().st_size == size
    report = (output / "report.html").read_text(encoding="utf-8")
    few, agree = "Do few pairs of words carry the score?", "Do the models&#39; attributions agree?"
    assert report.index(few) < report.index(agree)
    assert report.count("data:image/svg+xml;base64,") == 2
    found = json.loads((output / "few-pairs.json").read_text(encoding="utf-8"))
    assert all(claim["verdict"] in report for claim in found["claims"])


def test_refusals_are_a_line(data, tmp_path, capsys):
    output = tmp_path / "found"
    options = ["--data", data, "--output", str(output)]
    assert main(["agreement", *options]) == 2
    assert "agreement got one model; expected --others" in capsys.readouterr().err
    assert main(["few-pairs", "--data", str(tmp_path / "none"), "--output", str(output)]) == 2
    assert main(["agreement", "--model", "minilm_cos", "--others", "a/minilm_cos", *options]) == 2
    assert "two models are called 'minilm_cos'" in capsys.readouterr().err
    assert main(["few-pairs", "--pairs", "0", *options]) == 2
    assert "--pairs got 0; expected 1 or more" in capsys.readouterr().err
    assert main(["negation", "--parser", "xx_none", *options]) == 2
    assert "spaCy has no model 'xx_none'" in capsys.readouterr().err
    assert not list(output.glob("*.md"))
    with pytest.raises(SystemExit):
        main(["few-pairs", "--methods", "none", *options])


def test_a_damaged_finding_is_named(tmp_path):
    (tmp_path / "few-pairs.json").write_text("{")
    with pytest.raises(ValueError, match=r"few-pairs.json holds no findings; delete it"):
        write_report(tmp_path, "minilm")


@pytest.mark.parametrize("dark", [False, True])
def test_the_report_is_data_and_shows_its_pictures(tmp_path, dark):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="90"><rect width="9" height="9"/></svg>'
    study = {
        "name": "few-pairs",
        "question": "<script>alert(1)</script>",
        "header": ["method"] * 8,
        "rows": [["a cell of some width"] * 8],
        "note": "a note",
        "claims": [{"claim": "A claim.", "found": "0.5", "verdict": "does not hold"}],
        "picture": base64.b64encode(svg).decode(),
    }
    with browsers() as browser:
        page = browser.open(studies_page("minilm", [study]), tmp_path, width=360, dark=dark)
        assert page.evaluate("document.images[0].complete && document.images[0].naturalWidth") == 900
        assert page.evaluate("document.documentElement.scrollWidth") <= 360  # a wide table scrolls in itself
        page.get_by_role("link").click()
        assert page.url.endswith("#few-pairs")
        assert page.get_by_text("<script>alert(1)</script>").count() == 1
        assert browser.troubles == []
