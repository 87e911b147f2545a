"""How a process is told what to do: environment variables that begin with NOCTUARY_."""
