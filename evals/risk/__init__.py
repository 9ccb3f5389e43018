"""The risk decomposition, its update by measured detection, and what moves it."""
