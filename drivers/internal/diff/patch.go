package diff

import "strings"

// Named lists the files that a patch names in the form that models write for
// apply_patch, in their order, with the places that it moves some to.
func Named(patch string) []string {
	var files []string
	for line := range strings.Lines(patch) {
		for _, mark := range []string{"*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "} {
			if file, found := strings.CutPrefix(line, mark); found {
				files = append(files, strings.TrimSpace(file))
			}
		}
	}
	return files
}
