"""Someone else's detector: checked, scored and shown on a card."""
