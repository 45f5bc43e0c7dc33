"""What fits a bundle: configuration, the training loop, metrics, baselines."""
