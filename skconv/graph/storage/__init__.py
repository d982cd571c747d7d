"""How weights are stored in fewer bytes than one each: the same integers, other tables."""
