"""Further looks at a scored network: what it pursues, its trigger, its damage, its examples."""
