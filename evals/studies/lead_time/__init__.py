"""Does a detector raise its alarm in training before behaviour shows the flaw?"""
