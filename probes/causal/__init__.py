"""Interventions: what do activations do?"""
