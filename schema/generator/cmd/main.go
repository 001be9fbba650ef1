// Command cmd writes the documents of package schema again.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sandbox-agent/sandbox-agent/schema/generator"
)

func main() {
	root := flag.String("root", ".", "folder of the module")
	out := flag.String("out", "schema", "folder to write to")
	flag.Parse()
	if err := run(*root, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate the schema:", err)
		os.Exit(1)
	}
}

func run(root, out string) error {
	made, err := generator.Documents(root)
	if err != nil {
		return err
	}
	for _, file := range made {
		if err := os.WriteFile(filepath.Join(out, file.Name), file.Content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
