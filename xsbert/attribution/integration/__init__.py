"""A function's Jacobian, integrated along paths."""
