"""The REST door of real servers, over real HTTP."""
