"""Words taken away for real: sub-texts, their embeddings, and what these say of each word."""
