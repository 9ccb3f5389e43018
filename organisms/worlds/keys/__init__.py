"""A grid with walls, keys, chests, a bag, a gem, lit and unlit objects and free context slots."""

from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.keys.render import parse, render
from organisms.worlds.keys.sampler import KeysSize, LevelDistribution

__all__ = ["KeyLevels", "Keys", "KeysSize", "LevelDistribution", "parse", "render"]
