"""From a suite of sealed organisms to detection rates, an updated risk and a page."""
