"""Further looks at a network that was scored: what it pursues, its trigger, its damage, examples."""
