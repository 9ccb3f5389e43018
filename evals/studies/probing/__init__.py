"""What can linear probes read from a network, beyond what its input already says?"""
