"""The README is true: its code runs, its commands are the ones that are tested, its links lead somewhere."""

import re
from pathlib import Path

import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_code_runs_as_one_script(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 2
    exec(compile("\n".join(blocks), "README.md", "exec"), {})
    plt.close("all")
    output = capsys.readouterr().out
    assert "coffee coffee 0.446" in output
    assert "Adaptive(rtol=0.001" in output


def test_the_two_commands_are_there():
    assert (
        'pip install -e ".[demo]" && python -m xsbert "The coffee is bad." "This is not a good coffee." '
        "--output coffee.png" in README
    )
    assert 'pip install -e ".[test]" && pytest' in README


def test_pictures_are_there():
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file()
