"""A running WordPress shop with EDD, followed by this one: copied once, then round by round.

connection reads the shop's database, layouts says what of its tables is wanted; a ledger keeps a digest of
every row that was read; watching finds what differs from it, resolving what belongs together with that,
rounds exchanges those records; copying is the first round of all, following goes from round to round.
"""
