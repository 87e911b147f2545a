// One program for all that a running Argo CD needs, chosen by the name it is called by.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	appcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"sigs.k8s.io/kustomize/kustomize/v5/commands"
)

type command interface{ Execute() error }

func main() {
	if err := run(filepath.Base(os.Args[0])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name string) error {
	var chosen command
	switch name {
	case "argocd-application-controller":
		chosen = appcontroller.NewCommand()
	case "argocd-repo-server":
		chosen = reposerver.NewCommand()
	case "kustomize":
		chosen = commands.NewDefaultCommand()
	case "miniredis":
		return serveRedis(os.Args[1:])
	default:
		return fmt.Errorf("%s is no part of this program", name)
	}
	return chosen.Execute()
}

// serveRedis stands in for Redis, in memory: Argo CD keeps nothing there but what it can make again.
func serveRedis(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("give one argument, the address to listen on")
	}
	redis := miniredis.NewMiniRedis()
	if err := redis.StartAddr(arguments[0]); err != nil {
		return err
	}
	defer redis.Close()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	for clock := time.NewTicker(time.Second); ; {
		select {
		case <-clock.C: // its own clock stands still, and what expires would stay
			redis.FastForward(time.Second)
		case <-ended:
			return nil
		}
	}
}
