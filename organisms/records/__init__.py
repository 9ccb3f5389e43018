"""Records that describe an organism: its truth, its certificate, its settings."""
