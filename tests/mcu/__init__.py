"""Instructions and bytes of the fast C routines on a microcontroller core."""
