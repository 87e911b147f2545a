"""What makes and checks the chart: generators, Helm built from Go modules, and the checks over what Helm renders."""
