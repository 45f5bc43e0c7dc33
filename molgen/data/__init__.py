"""Tables in and out, tasks, splits, data sets and the batches that models see."""
