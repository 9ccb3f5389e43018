"""The main job from start to end, on whatever engine."""
