"""Tillroll keeps a digital-download shop's records and answers the Easy Digital Downloads REST API.

This file holds the version alone, so that reading it imports nothing.
"""

__version__ = "0.1.0"
