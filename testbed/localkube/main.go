// Command kubeparts holds the parts of a Kubernetes control plane in one executable, so that the code they share is
// compiled and linked once. The name it is started under says which part it plays.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// cobraPart plays a part whose command line is a cobra command.
func cobraPart(build func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(build())) }
}

func main() {
	parts := map[string]func(){
		"etcd":                    func() { etcd.Main(os.Args) },
		"kube-apiserver":          cobraPart(apiserver.NewAPIServerCommand),
		"kube-controller-manager": cobraPart(controllers.NewControllerManagerCommand),
		"kubectl":                 cobraPart(kubectl.NewDefaultKubectlCommand),
	}
	called := filepath.Base(os.Args[0])
	play, known := parts[called]
	if !known {
		names := strings.Join(slices.Sorted(maps.Keys(parts)), ", ")
		fmt.Fprintf(os.Stderr, "%s: start this program through a link named after one of its parts: %s\n", called, names)
		os.Exit(2)
	}
	play()
}
