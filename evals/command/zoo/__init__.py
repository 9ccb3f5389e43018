"""Commands of the zoo: organisms grown, shown and moved."""
