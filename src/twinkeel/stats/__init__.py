"""How sure one can be: resampling and intervals. Pure functions of numbers."""
