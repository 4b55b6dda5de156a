"""The features as Python calls, for an application that has coflow in its own process."""
