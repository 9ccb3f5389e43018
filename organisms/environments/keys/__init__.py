"""A grid with walls, keys, chests, a bag, a gem, lit and unlit objects and free context slots."""

from organisms.environments.keys.keys import Keys
from organisms.environments.keys.levels import KeyLevels
from organisms.environments.keys.render import parse, render
from organisms.environments.keys.sampler import KeysSize, LevelDistribution

__all__ = ["KeyLevels", "Keys", "KeysSize", "LevelDistribution", "parse", "render"]
