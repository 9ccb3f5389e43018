"""A grid with walls, keys, chests, a bag, a gem, lit and unlit objects and free context slots."""
