"""Detectors: from a suspect alone, is it misaligned, and how would one know?"""
