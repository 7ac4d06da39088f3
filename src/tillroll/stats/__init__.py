"""The figures of a shop: what a period is, and what counts as a sale and as earnings in it."""
