"""Other servers, to be measured by the same generator."""
