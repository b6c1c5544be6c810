"""What a text is compared with."""
