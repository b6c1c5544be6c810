"""What pages and the terminal say of a result, in the same words; each with its own way to write a number."""
