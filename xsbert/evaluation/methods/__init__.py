"""What is judged: methods, ours and baselines, and their matrices."""
