"""Judges: what explanations are held against."""
