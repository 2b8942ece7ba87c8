//go:build !race

package bookmodel

const raced = false
