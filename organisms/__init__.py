"""Small networks that are trained to have a known objective and mechanism."""
