"""What the sides of an explanation are made of: words and sentences, and a picture's patches."""
