"""The wire: answers requests as the Easy Digital Downloads REST API does, one file a step."""
