"""Measurements of Tillroll. `python -m bench` compares the API with its floor; see docs/performance.md."""
