"""The machine below the kind cluster: Docker daemon, runtime, programs."""
