"""Who belongs to a workflow, and what that allows."""
