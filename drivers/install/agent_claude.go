package install

// Claude is Claude Code. Each platform package holds one native program that
// needs neither Node nor the launcher.
func Claude() Program {
	const version = "2.1.330"
	native := func(platform, executable, integrity string) Package {
		return Package{
			Name:       "@anthropic-ai/claude-code-" + platform,
			Version:    version,
			Integrity:  integrity,
			Executable: executable,
		}
	}
	return Program{
		Agent:     "claude",
		Variable:  "SANDBOX_AGENT_CLAUDE_PATH",
		Command:   "claude",
		Launchers: []string{"@anthropic-ai/claude-code"},
		Homes:     []string{".local/bin", ".claude/local"},
		Version:   version,
		Packages: Packages{
			"linux-x64":        native("linux-x64", "claude", "sha512-9Gn+V7DtJ8M1nztP9CeDVl9g3RtrepI7rOFTyPRRnZe8D6zebIHKmC7OvBauucuAP0X0k85SDN/LPVZyjsGezQ=="),
			"linux-x64-musl":   native("linux-x64-musl", "claude", "sha512-OnduSSPY1b59FA8jTbq20Y1XkDUV0S1OVyvYBNslEbpX79P81JF7Ih4lgYvDKiFnnSv75z4Kv6qLE5DQqogYXA=="),
			"linux-arm64":      native("linux-arm64", "claude", "sha512-V4yanAY5EA5UpwwRPtjSfqDbNqAlUJeVn3NYZw2AgmRHjdpSsLtHAzbxRXfkAnbjwTXzE0uedjQxUY02ARPcsA=="),
			"linux-arm64-musl": native("linux-arm64-musl", "claude", "sha512-NemfeTqZ30tQDhAeumZgDYoX4ewhAHkN3dbcsyvlgb+yvpKUlcYu5Bor8K+Du5azGe3uy9sftlJxbGhTsCR7zA=="),
			"darwin-x64":       native("darwin-x64", "claude", "sha512-XenTNj2zXaFrnLmf47n25vChfFhlfeyaAR/vW5SFsEnLGwd2U1vDUY97+5etHBZu3xWBnlK8HhBVxzRi9YTUDw=="),
			"darwin-arm64":     native("darwin-arm64", "claude", "sha512-rgzAjrRJJsIdZXGF9CCFFbURxKuJNobRr+krV3dNmqNJWIws74rLD0CABe4+nXlx/9WwRECTrveprWB96mubqw=="),
			"windows-x64":      native("win32-x64", "claude.exe", "sha512-P3aamhGb7lZUsgj6kQzdZAKh3fNFoXvawxZFuUz+pC5HVLwEtX5eWgO6kpxzT9+qfHaPhoepZ9KU8K1sz3b2yw=="),
			"windows-arm64":    native("win32-arm64", "claude.exe", "sha512-UBG8oi9gyi2hBGrKYkNfXSAqEyC3wJ2CsmSfQw8XLNWM/GOlUWAqELJOW9eBaAlWsusvwhHKtiQeS0UEQ+skxQ=="),
		},
	}
}
