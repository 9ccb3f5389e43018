"""A network that someone brings: opened, checked, scored beside trusted ones, and judged."""
