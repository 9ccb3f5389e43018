"""Train model organisms with known objectives, certify them and seal their truth."""
