// Command cmd refuses a schema that breaks programs made from the last one
// that was committed. It runs in the root of the repository.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/schema/compat"
)

const folder = "schema"

func main() {
	base := flag.String("base", "", "commit to compare with (default: the last one with another schema)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *base); err != nil {
		fmt.Fprintln(os.Stderr, "check the schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, base string) error {
	now, err := read(func(name string) ([]byte, error) { return os.ReadFile(path.Join(folder, name)) })
	if err != nil {
		return err
	}
	commits := []string{base}
	if base == "" {
		if commits, err = history(ctx); err != nil {
			return err
		}
	}
	for _, commit := range commits {
		then, err := read(func(name string) ([]byte, error) { return git(ctx, "show", commit+":"+path.Join(folder, name)) })
		if err != nil {
			return err
		}
		if base == "" && same(then, now) {
			continue
		}
		return compat.Check(then, now)
	}
	return nil // there was no other
}

// history lists the commits that changed the schema, the newest first. It ends
// where there was none.
func history(ctx context.Context) ([]string, error) {
	out, err := git(ctx, "log", "--format=%H", "--diff-filter=AM", "--", path.Join(folder, "openrpc.json"), path.Join(folder, "schema.json"), path.Join(folder, "openapi.json"))
	return strings.Fields(string(out)), err
}

func read(file func(name string) ([]byte, error)) (compat.Documents, error) {
	var d compat.Documents
	var errs [3]error
	d.Schema, errs[0] = file("schema.json")
	d.OpenAPI, errs[1] = file("openapi.json")
	d.OpenRPC, errs[2] = file("openrpc.json")
	return d, errors.Join(errs[:]...)
}

func same(a, b compat.Documents) bool {
	return bytes.Equal(a.Schema, b.Schema) && bytes.Equal(a.OpenAPI, b.OpenAPI) && bytes.Equal(a.OpenRPC, b.OpenRPC)
}

func git(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
