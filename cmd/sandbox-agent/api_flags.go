package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"
)

// mcpFlag reads a session's tool servers from a file.
func mcpFlag() apiFlag {
	return apiFlag{
		param: "mcp",
		flag:  &cli.StringFlag{Name: "mcp-config", Usage: "tool servers by their names, as JSON in this `FILE`"},
		value: func(cmd *cli.Command, name string) (any, error) {
			return readMCPConfig[json.RawMessage](cmd.String(name)) // the server checks the rest
		},
	}
}

// skillFlag names directories with skills.
func skillFlag() apiFlag {
	return apiFlag{
		param: "skills",
		flag:  &cli.StringSliceFlag{Name: "skill", Usage: "skills from this `DIR` of the server's machine; may be repeated"},
		value: func(cmd *cli.Command, name string) (any, error) {
			sources := []map[string]string{}
			for _, dir := range cmd.StringSlice(name) {
				sources = append(sources, map[string]string{"type": "local", "source": dir})
			}
			return map[string]any{"sources": sources}, nil
		},
	}
}

// envFlag sets the environment of a session's agent.
func envFlag() apiFlag {
	return apiFlag{
		param: "env",
		flag:  &cli.StringSliceFlag{Name: "env", Usage: "`NAME=VALUE` for the agent's environment; may be repeated"},
		value: func(cmd *cli.Command, name string) (any, error) {
			env := map[string]string{}
			for _, pair := range cmd.StringSlice(name) {
				variable, value, ok := strings.Cut(pair, "=")
				if !ok || variable == "" {
					return nil, fmt.Errorf("%q is not NAME=VALUE", pair)
				}
				env[variable] = value
			}
			return env, nil
		},
	}
}

// sessionIdleFlag is like the flag of the server.
func sessionIdleFlag() apiFlag {
	return apiFlag{
		param: "idleTimeout",
		flag:  &cli.DurationFlag{Name: "idle-timeout", HideDefault: true, Usage: "stop the agent after it has been idle for `TIME`; the next message brings it back (default: as the server; negative: never)"},
		value: func(cmd *cli.Command, name string) (any, error) { return cmd.Duration(name).Milliseconds(), nil },
	}
}

// versionFlag has another name than the param: --version shows the bridge's.
func versionFlag() apiFlag {
	return apiFlag{
		param: "version",
		flag:  agentVersionFlag(),
		value: func(cmd *cli.Command, name string) (any, error) { return cmd.String(name), nil },
	}
}

// attachFlag sends files of this machine, since the server's may be another.
func attachFlag() apiFlag {
	return apiFlag{
		param: "attachments",
		flag:  &cli.StringSliceFlag{Name: "attach", Usage: "send this `FILE` with the message; may be repeated"},
		value: func(cmd *cli.Command, name string) (any, error) {
			var attachments []map[string]any
			for _, path := range cmd.StringSlice(name) {
				data, err := os.ReadFile(path)
				if err != nil {
					return nil, err
				}
				kind := mime.TypeByExtension(filepath.Ext(path))
				if kind == "" {
					kind = "application/octet-stream"
				}
				attachments = append(attachments, map[string]any{"data": data, "mime": kind, "filename": filepath.Base(path)})
			}
			return attachments, nil
		},
	}
}

// answersFlag answers questions.
func answersFlag() apiFlag {
	return apiFlag{
		param: "answers",
		flag:  &cli.StringFlag{Name: "answers", Aliases: []string{"a"}, Required: true, Usage: "a list of choices or free texts for each question, as `JSON` such as [[\"Yes\"]]"},
		value: func(cmd *cli.Command, name string) (any, error) {
			var answers [][]string
			if err := json.Unmarshal([]byte(cmd.String(name)), &answers); err != nil {
				return nil, errors.New(`it is not a JSON list of lists of texts, such as [["Yes"]]`)
			}
			return answers, nil
		},
	}
}

// contentFlag, fromFileFlag and tarFlag say what a command for files sends.
func contentFlag() apiFlag {
	return apiFlag{param: "content", flag: &cli.StringFlag{Name: "content", Usage: "write this `TEXT`"}}
}

func fromFileFlag() apiFlag {
	return apiFlag{param: "content", flag: &cli.StringFlag{Name: "from-file", Usage: "write what is in this `FILE`; - is stdin"}}
}

func tarFlag() apiFlag {
	return apiFlag{param: "content", flag: &cli.StringFlag{Name: "tar", Required: true, Usage: "unpack this `FILE`, a tar or tar.gz archive; - is stdin"}}
}
