"""Calls a function of the user's own for each member, in this process or in others."""
