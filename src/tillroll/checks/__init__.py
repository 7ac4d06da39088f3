"""What is wrong with a shop or its server, and what to do: for `tillroll doctor` and for the back office."""
