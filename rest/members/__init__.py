"""The members of a workflow over HTTP."""
