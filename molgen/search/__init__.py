"""Questions that a chemist puts to a library of any size: what is like this, what contains this, what differs most."""
