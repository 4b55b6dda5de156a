"""Threads of comments on a workflow, a node, an edge or a point."""
