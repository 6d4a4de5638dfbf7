"""Motion to events: score, threshold, rejection, shape, foci."""
