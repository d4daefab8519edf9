"""Models in other languages: all are written from one plan, which says what a model computes."""
