//go:build race

package bookmodel

// raced says that the race detector watches, with which a history takes five times as long.
const raced = true
