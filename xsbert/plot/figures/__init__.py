"""Pictures, as matplotlib axes."""
