"""Tables in the order that the fast C routines read them."""
