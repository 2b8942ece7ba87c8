package teller

// Joined is joined.
func Joined(ids []string, most int) string { return joined(ids, most) }
