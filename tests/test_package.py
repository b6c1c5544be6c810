"""The house: what is installed, what stands where, and which way things point."""

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from xsbert.models import HiddenStates

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "xsbert"
FLOORS = {
    "results": 0,
    "tables": 0,
    "attribution": 1,
    "plot": 1,
    "pairs": 1,
    "documents": 1,
    "models": 2,
    "training": 3,
    "evaluation": 3,
    "corpus": 3,
    "utils": 3,
    "studies": 4,
    "app": 4,
    "command": 5,
    "__main__": 6,
}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def tracked():
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [Path(line) for line in listed.splitlines()]


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "out"]
    subprocess.run([*command, _copy_of_the_sources(tmp_path)], check=True, capture_output=True)
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("xsbert/")}
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
        entries = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt"))
    expected = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert inside == expected
    assert "xsbert/py.typed" in inside
    assert "xsbert = xsbert.__main__:run" in entries
    assert re.search(r"^License(-Expression)?: Apache-2.0$", metadata, re.MULTILINE)
    for extra in ("demo", "train", "notebooks", "corpus", "ray", "evaluation", "test", "dev"):
        assert f"Provides-Extra: {extra}" in metadata


def _copy_of_the_sources(folder):
    """The files that pip sees, copied: a build leaves folders beside setup.py."""
    import shutil

    ignore = shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
    shutil.copytree(PACKAGE, folder / "sources" / "xsbert", ignore=ignore)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "sources" / name)
    return folder / "sources"


def test_the_core_needs_what_it_names_and_no_more():
    needs = [r.split(";")[0].strip() for r in importlib.metadata.requires("xsbert") or [] if "extra ==" not in r]
    names = {re.match(r"[\w-]+", need)[0] for need in needs}
    hosts = {"torch", "sentence-transformers", "transformers"}
    ours = {"numpy", "matplotlib", "tqdm", "regex", "wcwidth", "scipy", "scikit-learn", "jinja2", "jaxtyping"}
    assert names == hosts | ours


def test_the_top_level_is_as_it_should_be():
    allowed = {"xsbert", "notebooks", "tests", "train.py", "setup.py", "README.md", "LICENSE", "pyproject.toml"}
    top = {path.parts[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= allowed


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_looks_up(path):
    """results knows nothing of ours; attribution knows no model; plot knows results alone."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(path):
        target = name.split(".")[1] if "." in name else "__init__"
        if room in ("__init__", "utils", "command", "__main__"):
            continue
        if (path.name, name) == ("transformer.py", "xsbert.corpus.store"):  # a type, for `vector_store`
            continue
        assert target == room or FLOORS[target] < FLOORS[room], f"{path.name} imports {name}"


def imported(path):
    """The modules of ours that a file imports when it is loaded or run."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "xsbert":
            yield from (f"xsbert.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "xsbert":
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "xsbert")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=lambda path: path.name)
def test_a_folder_holds_ten_files_at_most(folder):
    assert len([path for path in folder.glob("*.py") if not path.stem.startswith("__")]) <= 10


def test_a_saved_result_opens_without_torch(minilm, tmp_path):
    x = minilm.explain("The coffee is bad.", "Good coffee!", method=HiddenStates(layer=-1))
    x.save(tmp_path / "pair.json")
    code = """
import sys
from xsbert import Attribution, Ranking, TokenVectors, contrast
x = Attribution.load(sys.argv[1])
x.words().top(3), repr(x), x.to_dict()
print({name.split(".")[0] for name in sys.modules} & {"torch", "transformers", "sentence_transformers", "matplotlib"})
"""
    command = [sys.executable, "-c", code, str(tmp_path / "pair.json")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize(
    "name", ["plot.figures.heatmap", "plot.figures.layers", "plot.html.document", "results.rankings.contrast"]
)
def test_no_module_hides_behind_a_function(name):
    module = importlib.import_module(f"xsbert.{name}")
    assert module.__name__ == f"xsbert.{name}"
    code = f"import xsbert.plot, xsbert.{name} as m; print(type(m).__name__)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "module\n"


def test_importing_loads_little_until_a_name_is_used():
    code = "import sys, xsbert; print({m for m in sys.modules} & {'torch', 'matplotlib', 'sentence_transformers'})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    code = "import sys; from xsbert import plot, Attribution; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_every_public_name_is_there():
    import xsbert

    for name in xsbert.__all__:
        assert getattr(xsbert, name)
        assert name in dir(xsbert)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = xsbert.nonsense


@pytest.mark.parametrize("host", ["transformers", "sentence-transformers", "peft"])
def test_hosts_are_bounded_to_what_was_tested(host):
    """They move each month, and we stand on what they do inside."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in importlib.metadata.requires("xsbert") or ()]
    pinned = dict(line.split("==") for line in (ROOT / ".ci/constraints.txt").read_text().split() if "==" in line)
    bounds = [each.specifier for each in wanted if each.name == host]
    assert bounds
    for bound in bounds:
        assert any(part.operator == "<" for part in bound), f"{host}{bound}"
        assert bound.contains(pinned[host])


@pytest.mark.parametrize("face", ["", ".attribution", ".models", ".plot", ".corpus"])
def test_every_name_of_a_face_is_on_a_reference_page(face):
    module = importlib.import_module(f"xsbert{face}")
    source = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(source) if isinstance(node, ast.ImportFrom)]
    names = {alias.asname for node in nodes for alias in node.names if alias.asname == alias.name}
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / ".github/docs").glob("*.md"))
    shown = set(re.findall(r"^::: xsbert[.\w]*\.(\w+)$", pages, re.MULTILINE))
    assert len(names) > 2
    assert names - shown <= {"attribution", "models", "plot", "utils"}
