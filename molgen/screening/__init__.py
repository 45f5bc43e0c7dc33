"""A stream of blocks of rows through a bundle: read, standardise, featurise, predict, rank, write, report."""
