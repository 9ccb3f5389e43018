"""Pairs of one linear function, a query to answer, a leak and free context slots."""
