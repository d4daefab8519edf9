from mlptrain.randomness import permutation, short_integers, stream, uniform  # noqa: F401  (removed after the move)
