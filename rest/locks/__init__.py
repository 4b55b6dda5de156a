"""Edit locks: who may change a resource until when."""
