//go:build race

package httpbridge_test

const raceEnabled = true
