"""What a prediction rests on: the parts of a molecule that raise and lower it."""
