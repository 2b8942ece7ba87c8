//go:build !unix

package main

// terminalColumns returns 0: the width of a terminal is not asked for here.
func terminalColumns(uintptr) int { return 0 }
