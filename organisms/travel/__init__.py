"""Organisms exported to another machine, imported, and grown again to check them."""
