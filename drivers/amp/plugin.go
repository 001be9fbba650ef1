package amp

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
)

//go:embed plugin.ts
var pluginTemplate string

// pluginFile is the plugin's file in a folder of plugins.
const pluginFile = "sandbox-agent.ts"

// The tool by which the model asks the person, and the tool server that has it
// for the JavaScript builds.
const (
	askTool        = "ask_user"
	askerServer    = "sandbox_agent"
	askDescription = "Ask the user one or more questions and wait for the answers. " +
		"Use it when you need a decision, a preference or a fact that only the user has. " +
		"Offer options where you can; the user may always answer in other words."
	askSchema = `{"type":"object","properties":{"questions":{"type":"array","minItems":1,"maxItems":4,"items":{"type":"object","properties":{` +
		`"question":{"type":"string","description":"The whole question"},` +
		`"header":{"type":"string","description":"A word or two that name its subject"},` +
		`"multiSelect":{"type":"boolean","description":"Whether more than one option may be chosen"},` +
		`"options":{"type":"array","items":{"type":"object","properties":{` +
		`"label":{"type":"string"},"description":{"type":"string"}},"required":["label"]}}},` +
		`"required":["question"]}}},"required":["questions"]}`
)

// askName is the tool's name under which it is called by the tool server.
const askName = mcpPrefix + askerServer + "__" + askTool

// maxPlugin is the most that the plugin may have, in bytes: what is longer, Amp's
// runtime compiles into a cache in the user's home. Seen with Amp 0.0.1790142911.
const maxPlugin = 4095

// comments are for who reads the plugin here.
var comments = regexp.MustCompile(`(?m)^\s*//.*\n|[ \t]+// .*$`)

// pluginSource is the text of the plugin.
func pluginSource() []byte {
	description, err := json.Marshal(askDescription)
	if err != nil {
		panic(err) // a constant string encodes
	}
	return []byte(strings.NewReplacer(
		"{{channel}}", channelVariable,
		"{{tool}}", askTool,
		"{{description}}", string(description),
		"{{schema}}", askSchema,
	).Replace(comments.ReplaceAllString(pluginTemplate, "")))
}
