"""Why a pull can't go on: every error of this package ends here, in one sentence without credentials."""


class PullRefused(Exception):
    """The shop can't be pulled; one sentence says why. The records here are as they were."""


class Unreached(PullRefused):
    """The shop stopped answering. What was read is kept, and the next pull goes on from there."""


class Overwhelmed(Unreached):
    """The shop gave up on a request that it might bear when less is asked for at once."""
