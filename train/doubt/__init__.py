"""How far an answer can be trusted: what is fitted for it on validation images."""
