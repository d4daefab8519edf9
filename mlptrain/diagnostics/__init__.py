"""How good a model is, where it is wrong, and how it came about: facts of a model and rows, without any drawing."""
