"""The command: two texts, or a query and a file of documents, explained at the terminal."""

from xsbert.command.entry import main as main
