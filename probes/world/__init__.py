"""What a world must offer, and exact algorithms to compare a network with."""
