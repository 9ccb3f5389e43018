"""Linear probes with controls: what can be read from activations?"""
