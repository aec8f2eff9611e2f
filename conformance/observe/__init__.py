"""Live views over the decoder: what tap, doctor, check and the board show."""
