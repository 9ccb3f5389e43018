"""A grid with walls, a coin, a gem, colours, a corner and free context slots."""
