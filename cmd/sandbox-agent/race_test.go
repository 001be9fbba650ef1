//go:build race

package main

// slowdown divides what a test does in bulk: the race detector makes all of it
// many times slower.
const slowdown = 20

// shadow is how many times as much memory it takes at most.
const shadow = 5
