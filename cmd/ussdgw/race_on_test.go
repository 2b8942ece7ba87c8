//go:build race

package main

// underRace is how much longer than usual things take: the race detector is on.
const underRace = 5
