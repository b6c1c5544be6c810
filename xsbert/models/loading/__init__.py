"""Models by name, from a folder, or from where they were published."""
