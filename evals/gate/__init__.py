"""Thresholds on what was measured, and the incident record where one is crossed."""
