package install

// Amp is Amp as an installation gives it today: a native program for systems
// with glibc, macOS and Windows. Its generations before September 2026 are one
// script that Node runs.
func Amp() Program {
	const version = "0.0.1790142911-g7618fb"
	native := func(platform, executable, integrity string) Package {
		return Package{
			Name:       "@ampcode/cli-" + platform,
			Version:    version,
			Integrity:  integrity,
			Executable: executable,
		}
	}
	return Program{
		Agent:     "amp",
		Variable:  "SANDBOX_AGENT_AMP_PATH",
		Command:   "amp",
		Launchers: []string{"@ampcode/cli", "@sourcegraph/amp"},
		Script:    "@sourcegraph/amp",
		Homes:     []string{".amp/bin", ".local/bin"},
		Version:   version,
		Packages: Packages{
			"linux-x64":    native("linux-x64", "amp", "sha512-BsQyuBKf9jYno4vknDM9Mx20iOurO8/G14aaHZCMT1H1TlrOIOWH4//1ZwBll1/AneOxc+mqkoF0f3N/3fr/eA=="),
			"linux-arm64":  native("linux-arm64", "amp", ""),
			"darwin-x64":   native("darwin-x64", "amp", ""),
			"darwin-arm64": native("darwin-arm64", "amp", ""),
			"windows-x64":  native("win32-x64", "amp.exe", ""),
		},
	}
}
