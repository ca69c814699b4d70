"""The closed loop: check-ups that are due, what they find, and what follows from it."""
