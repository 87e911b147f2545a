// Command app is a web server that can be anything: well, slow, greedy, broken. Its environment says which; an image
// brings an environment of its own, so that a new version misbehaves without a change of the manifest.
package main

import (
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	mebibyte    = 1 << 20
	pageBytes   = 4096
	leakPause   = 20 * time.Millisecond
	callTimeout = 2 * time.Second
)

var (
	held    [][]byte
	hung    atomic.Bool
	unready atomic.Bool
)

func number(name string, otherwise int) int {
	if found, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return found
	}
	return otherwise
}

func end(words string, code int) {
	fmt.Fprintln(os.Stderr, words)
	os.Exit(code)
}

// hold takes memory and touches it, so that the kernel counts it.
func hold(mib int) {
	for ; mib > 0; mib-- {
		piece := make([]byte, mebibyte)
		for at := 0; at < len(piece); at += pageBytes {
			piece[at] = 1
		}
		held = append(held, piece)
		time.Sleep(leakPause / 4)
	}
}

func leak() {
	for {
		hold(1)
		time.Sleep(leakPause)
	}
}

// fill writes to a file until somebody stops it.
func fill(path string) {
	file, err := os.Create(path)
	if err != nil {
		end(err.Error(), 1)
	}
	block := make([]byte, mebibyte)
	for {
		if _, err := file.Write(block); err != nil {
			end(err.Error(), 1)
		}
		time.Sleep(leakPause)
	}
}

func begin() {
	for _, name := range strings.Fields(strings.ReplaceAll(os.Getenv("NEEDS"), ",", " ")) {
		if os.Getenv(name) == "" {
			end("fatal: "+name+" is not set", 2)
		}
	}
	if path := os.Getenv("NEEDS_FILE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			end("fatal: "+err.Error(), 2)
		}
	}
	if wanted := os.Getenv("POOL"); wanted != "" && number("POOL", 0) < 1 {
		end("fatal: pool of "+wanted+" connections", 3)
	}
	hold(number("ALLOCATE_MIB", 0))
	if after := number("EXIT_AFTER_MS", -1); after >= 0 {
		time.AfterFunc(time.Duration(after)*time.Millisecond, func() { end(os.Getenv("LAST_WORDS"), number("EXIT_CODE", 1)) })
	}
	time.Sleep(time.Duration(number("START_DELAY_S", 0)) * time.Second)
}

func main() {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM)
	go func() { <-ends; os.Exit(number("TERM_EXIT_CODE", 0)) }()
	begin()
	http.HandleFunc("/", answer)
	http.HandleFunc("/ready", ready)
	http.HandleFunc("/live", live)
	http.HandleFunc("/do/", do)
	err := http.ListenAndServe(":"+strconv.Itoa(number("PORT", 8080)), nil)
	end(err.Error(), 1)
}

func answer(out http.ResponseWriter, in *http.Request) {
	if in.URL.Path != "/" {
		http.NotFound(out, in)
		return
	}
	if hung.Load() || rand.Intn(100) < number("ERROR_PERCENT", 0) || number("POOL", 10) < 5 {
		http.Error(out, "internal error", http.StatusInternalServerError)
	}
}

func ready(out http.ResponseWriter, _ *http.Request) {
	if unready.Load() || os.Getenv("NEVER_READY") != "" {
		http.Error(out, "not ready", http.StatusServiceUnavailable)
		return
	}
	if callee := os.Getenv("CALLS"); callee != "" {
		client := http.Client{Timeout: callTimeout}
		said, err := client.Get(callee)
		if err != nil || said.StatusCode != http.StatusOK {
			http.Error(out, "cannot reach "+callee, http.StatusServiceUnavailable)
			return
		}
		said.Body.Close()
	}
}

func live(out http.ResponseWriter, _ *http.Request) {
	if hung.Load() {
		http.Error(out, "hung", http.StatusInternalServerError)
	}
}

// do misbehaves on demand: what happens to a program long after it started.
func do(out http.ResponseWriter, in *http.Request) {
	switch strings.TrimPrefix(in.URL.Path, "/do/") {
	case "leak":
		go leak()
	case "hang":
		hung.Store(true)
	case "unready":
		unready.Store(true)
	case "fill":
		go fill("/scratch/filled")
	case "exit":
		go func() { time.Sleep(leakPause); end(os.Getenv("LAST_WORDS"), number("EXIT_CODE", 1)) }()
	default:
		http.NotFound(out, in)
	}
}
