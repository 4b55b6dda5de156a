"""Editing sessions: who takes part, the mode, the turn."""
