"""Building blocks of reports: markup, plots, structures and a model's record, for one HTML file that asks for nothing else."""
