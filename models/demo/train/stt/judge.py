"""Word errors between a reference and what was heard."""

from grammar import plain


def word_errors(reference, heard):
    """Return the smallest number of substituted, missing and extra words."""
    wanted, got = plain(reference), plain(heard)
    row = list(range(len(got) + 1))
    for i, word in enumerate(wanted, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]
