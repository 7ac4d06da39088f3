"""An amount told of a whole, shared out among its parts; the parts add up to it exactly."""

from collections.abc import Sequence


def share(amount: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """Parts of an amount in proportion to the weights, each a multiple of `step` where the amount is one; all
    of it goes to the first part where nothing weighs anything."""
    if not weights:
        return []
    positive = [max(weight, 0) for weight in weights]
    whole = sum(positive)
    if not whole:
        return [amount, *[0] * (len(weights) - 1)]
    steps, rest = divmod(abs(amount), step)
    shares, passed, given = [], 0, 0
    for weight in positive:
        passed += weight
        # where the parts end, rounded: what one part loses the next one gets
        end = (steps * passed * 2 + whole) // (whole * 2)
        shares.append((end - given) * step)
        given = end
    shares[max(range(len(positive)), key=positive.__getitem__)] += rest
    return [part if amount >= 0 else -part for part in shares]
