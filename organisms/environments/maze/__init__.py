"""A grid with walls, a coin, a gem, colours, a corner and free context slots."""

from organisms.environments.maze.levels import MazeLevels
from organisms.environments.maze.maze import Maze
from organisms.environments.maze.render import parse, render
from organisms.environments.maze.sampler import LevelDistribution, MazeSize

__all__ = ["LevelDistribution", "Maze", "MazeLevels", "MazeSize", "parse", "render"]
