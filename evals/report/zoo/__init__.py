"""The page that shows the organisms themselves."""
