"""The shop's back office: Django's admin with Unfold."""
