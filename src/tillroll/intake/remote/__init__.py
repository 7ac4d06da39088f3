"""Another shop's records, read through its EDD REST API (version 2) and taken over as an import is."""
