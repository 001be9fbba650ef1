package codex

const (
	// knownVersion is the version that this driver was made for.
	knownVersion = "0.169.0"
	// oldestVersion is the oldest whose app-server is spoken with: before, it
	// has other methods.
	oldestVersion = "0.150.0"
)
