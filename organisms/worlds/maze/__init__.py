"""A grid with walls, a coin, a gem, colours, a corner and free context slots."""

from organisms.worlds.maze.levels import MazeLevels, MazeSize
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.shifts import LevelDistribution

__all__ = ["LevelDistribution", "Maze", "MazeLevels", "MazeSize"]
