"""Many documents of one query: their order, and what tells them apart."""
