"""The containers of a pod: what is read of them, what is wrong with them, and since when."""
