"""Texts as the encoder is given them."""
