//go:build !race

package main

const slowdown = 1

const shadow = 1
