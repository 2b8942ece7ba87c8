//go:build unix

package main

import "golang.org/x/sys/unix"

// terminalColumns returns how many characters wide a terminal is, and 0 when it does not say.
func terminalColumns(fd uintptr) int {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
