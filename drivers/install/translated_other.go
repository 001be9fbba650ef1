//go:build !darwin

package install

func translated() bool { return false }
