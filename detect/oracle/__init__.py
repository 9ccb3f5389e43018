"""What every detector may compute from a suspect's answers and the world's oracles."""
