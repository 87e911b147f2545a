package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const (
	containerd  = "unix:///run/containerd/containerd.sock"
	callTimeout = 10 * time.Second
)

// crictl answers the two questions that kind asks when it loads an image: which images are there, and is this one?
func crictl(arguments []string) int {
	if err := answer(wordsOf(arguments)); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		return 1
	}
	return 0
}

func answer(words []string) error {
	connection, err := grpc.NewClient(containerd, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	images := cri.NewImageServiceClient(connection)
	switch {
	case len(words) == 2 && words[0] == "inspecti":
		return inspect(ctx, images, words[1])
	case len(words) == 1 && words[0] == "images":
		return list(ctx, images)
	}
	return errors.New("only `inspecti IMAGE` and `images` are known here")
}

func inspect(ctx context.Context, images cri.ImageServiceClient, name string) error {
	found, err := images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil {
		return err
	}
	if found.Image == nil {
		return fmt.Errorf("no such image %q present", name)
	}
	status := map[string]any{
		"id":          found.Image.Id,
		"repoTags":    found.Image.RepoTags,
		"repoDigests": found.Image.RepoDigests,
		"size":        strconv.FormatUint(found.Image.Size, 10),
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"status": status})
}

func list(ctx context.Context, images cri.ImageServiceClient) error {
	found, err := images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	for _, image := range found.Images {
		fmt.Println(strings.Join(image.RepoTags, " "), image.Id, image.Size)
	}
	return nil
}

func wordsOf(arguments []string) []string {
	var words []string
	for _, argument := range arguments {
		if !strings.HasPrefix(argument, "-") {
			words = append(words, argument)
		}
	}
	return words
}
