"""A Hugging Face folder, read without running anything that lies in it."""
