//go:build race

package menu_test

// raced says that the race detector is on, which takes many times the processor time.
const raced = true
