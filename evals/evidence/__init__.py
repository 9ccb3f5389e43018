"""What a run found, as a file that others can write and read."""
