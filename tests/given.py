"""What reactions are given of the values of all fields."""

import numpy as np


def as_given(of, state):
    """What the reactions are given of a state: of predictions and of what a stage starts from, the rows they use."""
    newest, predicted, base, *others = state
    rows = [[of.fields.index(name) for name in names] for names in (of.predicted, of.bases)]
    kept = (
        all_of[of_these] if of_these else np.zeros((1, 1, 1, 1))
        for all_of, of_these in zip((predicted, base), rows, strict=True)
    )
    return newest, *kept, *others
