"""What travels into containers: the tap, the player, and what both need; the standard library and javaio alone."""
