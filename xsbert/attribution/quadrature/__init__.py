"""Where along a path the Jacobian is evaluated."""
