"""What the papers asked of models, as questions that anybody can ask of theirs."""

from xsbert.studies.check import check as check
from xsbert.studies.study import NAMES as NAMES
from xsbert.studies.study import study as study
from xsbert.studies.texts.minimal_pairs import read_minimal_pairs as read_minimal_pairs
