"""How the back office writes times: in one order, and always with their zone."""
