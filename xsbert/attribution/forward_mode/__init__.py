"""A function's derivatives along tangents."""
