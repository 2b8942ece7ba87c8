//go:build !linux

package pgserver

import "syscall"

// dieWithParent does nothing where the kernel has no such service: there, Stop has to be called.
func dieWithParent(*syscall.SysProcAttr) {}
