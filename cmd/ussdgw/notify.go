package main

import (
	"fmt"
	"net"
	"os"
)

// The states that a service tells its manager, see sd_notify(3).
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
)

// notify tells the service manager a state. Without a manager that wants to know it does nothing.
func notify(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	// A leading '@' is an abstract socket; package net spells it the same way.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		_ = conn.Close()
		return fmt.Errorf("notify: %w", err)
	}
	return conn.Close()
}
