"""What train.py is made of: where training starts, what it trains on, and what it leaves behind."""

from xsbert.training.batches import BatchesOfLikeLength as BatchesOfLikeLength
from xsbert.training.data import evaluator as evaluator
from xsbert.training.data import load_splits as load_splits
from xsbert.training.output import Output as Output
from xsbert.training.start import add_adapters as add_adapters
from xsbert.training.start import check_peft as check_peft
from xsbert.training.start import starting_model as starting_model
