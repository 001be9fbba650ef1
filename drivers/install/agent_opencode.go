package install

// OpenCode is OpenCode: one program per package that needs nothing beside it.
func OpenCode() Program {
	const version = "1.18.33"
	native := func(platform, executable, integrity string) Package {
		return Package{
			Name:       "opencode-" + platform,
			Version:    version,
			Integrity:  integrity,
			Executable: "bin/" + executable,
		}
	}
	return Program{
		Agent:     "opencode",
		Variable:  "SANDBOX_AGENT_OPENCODE_PATH",
		Command:   "opencode",
		Launchers: []string{"opencode-ai"},
		Homes:     []string{".opencode/bin", ".local/bin"},
		Version:   version,
		Packages: Packages{
			"linux-x64":               native("linux-x64", "opencode", "sha512-q/t/3p2CTxOT9y2kvjesb/LZab2+1eqlhhWA02Be6mjTtmYtNBcBsrI5yDo4Fw7ZSPBW2oyMIGMNRqiKQjiAWw=="),
			"linux-x64-baseline":      native("linux-x64-baseline", "opencode", "sha512-1KQGBiiDDeL/VHHbHkOvvFo8Jr97WT5+C1tear+p7IcDTnXgVHXqIjU4O4jM4mHQzykTP2i884FCnW5LDa+zCA=="),
			"linux-x64-musl":          native("linux-x64-musl", "opencode", ""),
			"linux-x64-baseline-musl": native("linux-x64-baseline-musl", "opencode", ""),
			"linux-arm64":             native("linux-arm64", "opencode", ""),
			"linux-arm64-musl":        native("linux-arm64-musl", "opencode", ""),
			"darwin-x64":              native("darwin-x64", "opencode", ""),
			"darwin-x64-baseline":     native("darwin-x64-baseline", "opencode", ""),
			"darwin-arm64":            native("darwin-arm64", "opencode", ""),
			"windows-x64":             native("windows-x64", "opencode.exe", ""),
			"windows-x64-baseline":    native("windows-x64-baseline", "opencode.exe", ""),
			"windows-arm64":           native("windows-arm64", "opencode.exe", ""),
		},
	}
}
