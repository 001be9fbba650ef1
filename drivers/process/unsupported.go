//go:build !linux

package process

import "errors"

// Checkpoint is a point in time, as [Process.Checkpoint] takes it.
type Checkpoint struct{}

func now() Checkpoint { return Checkpoint{} }

// Marked lists the living processes that have a mark in their environment. On
// this system the error is [errors.ErrUnsupported].
func Marked(string) ([]int, error) { return nil, errors.ErrUnsupported }
