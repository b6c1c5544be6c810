"""The host's encoders, with `explain`."""
