"""A grid with walls, keys, chests, a bag, a gem, lit and unlit objects and free context slots."""

from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeyLevels, KeysSize
from organisms.worlds.keys.shifts import LevelDistribution

__all__ = ["KeyLevels", "Keys", "KeysSize", "LevelDistribution"]
