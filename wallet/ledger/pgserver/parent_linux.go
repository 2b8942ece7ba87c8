package pgserver

import "syscall"

// dieWithParent makes the kernel stop the child when this process dies.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
