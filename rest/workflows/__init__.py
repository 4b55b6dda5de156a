"""The documents themselves over HTTP."""
