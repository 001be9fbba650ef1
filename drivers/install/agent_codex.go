package install

// Codex is Codex. The platform is a part of the package's version, since all
// of them are published under one name.
//
// The program is not complete alone: it finds its code-mode host, its search
// tool and its sandbox in the folders beside it.
func Codex() Program {
	const version = "0.169.0"
	native := func(platform, triple, extension, integrity string) Package {
		return Package{
			Name:       "@openai/codex",
			Version:    version + "-" + platform,
			Integrity:  integrity,
			Executable: "vendor/" + triple + "/bin/codex" + extension,
		}
	}
	// The Linux builds are static, so one serves both C libraries.
	linuxX64 := native("linux-x64", "x86_64-unknown-linux-musl", "", "sha512-o05NyAOCDygSPRo1yinzxvkRSdmsZyBD9E7mbpmjRanSfM8lypqWtQgEo4XfNkwhuCR2aFu8mlGOsQGFXVbVww==")
	linuxARM64 := native("linux-arm64", "aarch64-unknown-linux-musl", "", "sha512-NZ/DaQUpcQmxmqee7Z9uC1rzw3GhSbooawcaTe1LN5Yk+WlinUKGdTXJgClRT/9ogQEEM9TWxYzvxPfj5G/xFg==")
	return Program{
		Agent:     "codex",
		Variable:  "SANDBOX_AGENT_CODEX_PATH",
		Command:   "codex",
		Launchers: []string{"@openai/codex"},
		Homes:     []string{".local/bin"},
		Version:   version,
		Packages: Packages{
			"linux-x64":        linuxX64,
			"linux-x64-musl":   linuxX64,
			"linux-arm64":      linuxARM64,
			"linux-arm64-musl": linuxARM64,
			"darwin-x64":       native("darwin-x64", "x86_64-apple-darwin", "", "sha512-K1FKSsSLl9v3z5TeagBQXyQRDBIGB5Jncy5dxsRxwT3aaTqN3AI8VrCfoxBxKMOOU9O2QX1vg7WkBwNVth/s9A=="),
			"darwin-arm64":     native("darwin-arm64", "aarch64-apple-darwin", "", "sha512-5WsWFBbVP78D+6FvNo1MMVxLPZdmcoQlqVJFrF4qx/TmvneLnMQKtLyXkUo54XOTDfoYKpNouTJ/F7gTVA8FnQ=="),
			"windows-x64":      native("win32-x64", "x86_64-pc-windows-msvc", ".exe", "sha512-nC+McFU8xRNL9tk3IhxcKdhcyOElwF/HhPO+gzSQCY7yjh3XdzSajX+MYWcHUVHWRHajfwn3/WgJYJK2wS+XWg=="),
			"windows-arm64":    native("win32-arm64", "aarch64-pc-windows-msvc", ".exe", "sha512-nTN9SpkacGohq60+I80R3t0R8Mhbnlt3OVYNahgAv1Gu77KFwhPc0vz9Ou/DAGDtYhKVWA/jiYXJXnlzkwb/JA=="),
		},
	}
}
