"""How well do monitors catch single bad decisions of a network in use?"""
