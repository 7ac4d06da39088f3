"""What else one could put in front of the same SQLite file. Nothing here is part of the product: the peers
run in an environment of their own, which the bench makes from requirements.txt."""
