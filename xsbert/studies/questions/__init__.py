"""The questions, a file for each: what it asks, what it takes from each explanation, its table and its picture."""
