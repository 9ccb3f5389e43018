"""The truth opened: thresholds set, rates counted, rival explanations tried."""
