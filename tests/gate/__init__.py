"""That locks and modes hold: in this process with pycrdt, and with stock clients over sockets."""
