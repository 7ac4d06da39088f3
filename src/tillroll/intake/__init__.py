"""How records get in from elsewhere: read, mapped, and then taken over in one step or not at all."""
