"""What a detector is, and the score that it returns."""
