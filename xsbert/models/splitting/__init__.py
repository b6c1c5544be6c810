"""The encoder in two parts, at a layer."""
