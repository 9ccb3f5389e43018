"""A language model that nobody grew here, asked about boxes in plain English"""
