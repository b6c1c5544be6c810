"""What is written is true: its code runs, its commands are the ones that are tested, its links lead somewhere."""

import importlib.metadata
import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import train
from xsbert.__main__ import main
from xsbert.studies import __main__ as studies

ROOT = Path(__file__).parent.parent
SHELL = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / name for name in ("README.md", "notebooks/README.md", "tests/benchmarks/README.md", "tests/SUPPORTED.md")
]
EXPECTED = {
    "README.md": ["coffee coffee 0.98", "True False [0.02, 0.14, 1.74]", "True 0.814 0.814", "'"],
    "notebooks/README.md": ["Adaptive(rtol=0.001", "True 0.79"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_code_runs_as_one_script(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("gradio.Blocks.launch", lambda app: launched.append(app))
    launched = []
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    exec(compile("\n".join(blocks), name, "exec"), {})
    plt.close("all")
    assert len(launched) == (name == "README.md")
    output = capsys.readouterr().out
    for part in EXPECTED[name]:
        assert part in output


def test_the_two_commands_are_there():
    assert (
        'pip install -e ".[demo]" && python -m xsbert "The coffee is bad." "This is not a good coffee." '
        "--output coffee.html" in README
    )
    assert 'pip install -e ".[test]" && pytest' in README


def test_the_commands_run(tmp_path, monkeypatch, capsys):
    """All but installing: that is for the gate, which takes the test command from here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "reviews.csv").write_text("text,stars,sku\nThe coffee is bad.,1,A\nLovely tea.,5,B\n")
    (tmp_path / "pairs.csv").write_text("text_a,text_b,score\nBad coffee.,Lovely tea.,1\nGood tea.,Lovely tea.,5\n")
    lines = re.findall(r"^(?:.*&& )?(?:python -m )?xsbert (.+)$", "\n".join(SHELL), re.MULTILINE)
    assert len(lines) == 8
    for line in lines:
        assert main(shlex.split(line)) == 0, line
    assert (tmp_path / "coffee.html").is_file()
    assert (tmp_path / "ranking.html").is_file()
    assert (tmp_path / "check.html").is_file()
    assert (tmp_path / "explained" / "index.html").is_file()
    (asked,) = re.findall(r"^python -m xsbert.studies (.+)$", "\n".join(SHELL), re.MULTILINE)
    assert studies.parser().parse_args(shlex.split(asked)).output == "studies"
    (trained,) = re.findall(r"^python train.py (.+)$", "\n".join(SHELL), re.MULTILINE)
    assert train.parse(shlex.split(trained)).output == "models/exact"
    extras = set(importlib.metadata.metadata("xsbert").get_all("Provides-Extra"))
    assert set(re.findall(r'pip install -e "\.\[(\w+)]"', "\n".join(SHELL))) <= extras


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\[[^]]*\]\(([^)]+)\)", text) if not link.startswith("http")]
    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file) if file else path
        assert target.is_file(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, link


def test_pictures_are_described():
    pictures = re.findall(r"!\[([^]]*)\]\([^)]+\)", README)
    assert len(pictures) >= 2
    assert all(len(description) > 20 for description in pictures)
