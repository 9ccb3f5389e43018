"""The card of an audit: for a terminal, and as a page."""
