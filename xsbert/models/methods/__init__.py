"""What is integrated: a method of attribution, as a value."""
