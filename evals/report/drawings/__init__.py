"""Drawings of worlds and of what a network does in them."""
