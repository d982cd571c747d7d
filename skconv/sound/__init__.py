"""Sound: spectrograms, and features of them."""
