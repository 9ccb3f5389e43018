"""Networks that organisms are made of."""
