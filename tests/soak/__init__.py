"""Hours under load: what grows, and whether every answer is right. `make soak`."""
