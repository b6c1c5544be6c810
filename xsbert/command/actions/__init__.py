"""What the command does, a file for each of its first words."""
