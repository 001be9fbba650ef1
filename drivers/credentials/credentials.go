package credentials

import (
	"maps"
	"os"
	"slices"
	"time"
)

// Providers that have a place of their own in a [Set], and Amp's service.
const (
	Anthropic = "anthropic"
	OpenAI    = "openai"
	Amp       = "amp"
)

// Sources of credentials.
const (
	FromEnvironment = "environment"
	FromAmp         = "amp"
	FromClaude      = "claude-code"
	FromCodex       = "codex"
	FromOpenCode    = "opencode"
)

// Type is the kind of a credential.
type Type string

const (
	APIKey Type = "api_key"
	// OAuth is a token that a login gave: it expires, and services take it
	// under another name than an API key.
	OAuth Type = "oauth"
)

// Credential is one login at a provider of models.
type Credential struct {
	Provider string
	Source   string // whose it is: one of the From constants
	// Origin is where exactly: the name of an environment variable, or the
	// path of a file.
	Origin string
	Type   Type
	Secret Secret
	// Expires is when an OAuth token ends; zero if that isn't known.
	Expires time.Time
}

// Set is what was found, at most one credential for each provider.
type Set struct {
	Anthropic *Credential
	OpenAI    *Credential
	Other     map[string]Credential // by provider
	// Problems are the places where something is that can't be used.
	Problems []Problem
}

// Problem is a place where something is that can't be used.
type Problem struct {
	Origin string // path of a file, or name of an environment variable
	Detail string // what is wrong, and what to do
}

func (p Problem) String() string { return p.Origin + ": " + p.Detail }

// Get returns the credential for a provider.
func (s *Set) Get(provider string) (Credential, bool) {
	own := s.Anthropic
	switch provider {
	case Anthropic:
	case OpenAI:
		own = s.OpenAI
	default:
		c, ok := s.Other[provider]
		return c, ok
	}
	if own == nil {
		return Credential{}, false
	}
	return *own, true
}

// All lists the credentials: Anthropic, OpenAI, then the others by name.
func (s *Set) All() []Credential {
	var all []Credential
	for _, provider := range append([]string{Anthropic, OpenAI}, slices.Sorted(maps.Keys(s.Other))...) {
		if c, ok := s.Get(provider); ok {
			all = append(all, c)
		}
	}
	return all
}

// Options say where to look. The zero value looks where this process's user
// keeps things.
type Options struct {
	// Home is the home of somebody else: his files are looked for at their
	// usual places in it, and the variables that move the files of this
	// process's user are ignored. "" is the home that Getenv tells.
	Home string
	// Getenv reads the environment; the default is os.Getenv.
	Getenv func(string) string
	// NoOAuth leaves OAuth tokens out.
	NoOAuth bool
	// Now tells the time, for what expires; the default is time.Now.
	Now func() time.Time
}

// Find looks everywhere. For each provider the first find wins: the
// environment, then Amp's, Claude Code's, Codex's and OpenCode's files. A token
// that has expired is left out and told among the problems.
func Find(opts Options) Set {
	f := newFinder(opts)
	f.environment()
	f.amp()
	f.claude()
	f.codex()
	f.opencode()
	return f.set
}

// finder collects what is found.
type finder struct {
	Options
	set Set
}

func newFinder(opts Options) *finder {
	if opts.Getenv == nil {
		opts.Getenv = os.Getenv
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &finder{Options: opts, set: Set{Other: map[string]Credential{}}}
}

// take adds a credential, unless there is one for its provider.
func (f *finder) take(c Credential) {
	if c.Secret.Empty() || c.Type == OAuth && f.NoOAuth {
		return
	}
	if !c.Secret.usable() {
		f.problem(c.Origin, "the secret for "+c.Provider+" has characters that none has; store it again")
		return
	}
	if _, taken := f.set.Get(c.Provider); taken {
		return
	}
	if !c.Expires.IsZero() && !c.Expires.After(f.Now()) {
		f.problem(c.Origin, "the login at "+c.Provider+" expired at "+c.Expires.UTC().Format(time.RFC3339)+"; its agent renews it when it is used")
		return
	}
	switch c.Provider {
	case Anthropic:
		f.set.Anthropic = &c
	case OpenAI:
		f.set.OpenAI = &c
	default:
		f.set.Other[c.Provider] = c
	}
}

func (f *finder) problem(origin, detail string) {
	f.set.Problems = append(f.set.Problems, Problem{Origin: origin, Detail: detail})
}
