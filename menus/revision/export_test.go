package revision

// Sealed returns c with the hash of what it says, right or wrong.
func Sealed(c Change) Change {
	c.Hash = c.seal()
	return c
}
