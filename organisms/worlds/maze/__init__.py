"""A grid with walls, a coin, a gem, colours, a corner and free context slots."""

from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.render import parse, render
from organisms.worlds.maze.sampler import LevelDistribution, MazeSize

__all__ = ["LevelDistribution", "Maze", "MazeLevels", "MazeSize", "parse", "render"]
