//go:build race

package main

// slowdown divides what a test does in bulk: the race detector makes all of it
// many times slower.
const slowdown = 20
