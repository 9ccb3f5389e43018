"""What a run is asked to grow and judge."""
