//go:build !linux

package redisserver

import "syscall"

// dieWithParent can promise nothing here: a server outlives a parent that was killed.
func dieWithParent() *syscall.SysProcAttr { return nil }
