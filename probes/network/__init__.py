"""A network under study: what may be seen of it and how activations are captured."""
