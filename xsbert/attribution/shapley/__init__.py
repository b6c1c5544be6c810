"""Shapley values of an embedding: from the embeddings of sub-texts to a vector for each player."""
