"""Input-level monitors: is this network doing something else than it should on *this* input?"""
