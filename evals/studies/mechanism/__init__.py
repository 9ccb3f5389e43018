"""Which detectors tell a network that searches from one that does not?"""
