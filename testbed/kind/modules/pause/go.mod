module noctuary.io/hack/kind/pause

go 1.25.0
