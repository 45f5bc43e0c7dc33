"""What a bundle applies: experts, their blend, calibration, and the domain they were trained in."""
