package amp

// Bounds of what a session remembers of files.
const (
	maxKnown = 512       // files
	maxTexts = 256 << 10 // bytes of the files whose text is known
)

// knownFiles are the files that exist, with their text where it was written by
// create_file or seen, and not changed since. The CLI doesn't tell what
// create_file has replaced.
type knownFiles struct {
	texts map[string]*string
	bytes int // of these texts
}

// know notes that a file exists; its text isn't known.
func (k *knownFiles) know(path string) { k.set(path, nil) }

// write notes a file's text.
func (k *knownFiles) write(path, text string) { k.set(path, &text) }

// doubt notes that something ran which may have changed any file: their texts
// aren't known any more.
func (k *knownFiles) doubt() {
	for path := range k.texts {
		k.texts[path] = nil
	}
	k.bytes = 0
}

// forget notes that a file exists no more.
func (k *knownFiles) forget(path string) {
	if was := k.texts[path]; was != nil {
		k.bytes -= len(*was)
	}
	delete(k.texts, path)
}

func (k *knownFiles) set(path string, text *string) {
	if k.texts == nil {
		k.texts = map[string]*string{}
	}
	k.forget(path)
	if len(k.texts) >= maxKnown {
		return
	}
	if text != nil && k.bytes+len(*text) > maxTexts {
		text = nil
	}
	if text != nil {
		k.bytes += len(*text)
	}
	k.texts[path] = text
}
