"""Organisms of one shape trained together as one program, where that is cheaper."""
