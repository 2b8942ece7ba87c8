package revision

import "strings"

// as is what stands between a name that somebody has given and the user of the machine.
const as = " (as "

// ActorOf is the text by which the log and the revisions name a person: the name that was given
// and the user of the machine, "aida (as root)"; the user alone when they are the same or no name
// was given. A name that was given is never seen without the user.
func ActorOf(name, user string) string {
	if name == "" || name == user {
		return user
	}
	return name + as + user + ")"
}

// SameActor reports whether two actors may be one person: the whole texts are the same, or the
// names in them are, or the name of one is the user of the other. Capitals do not matter. Two names
// that were given as one and the same user are two persons: a machine may have one user for all.
func SameActor(one, other string) bool {
	name, user := parts(one)
	otherName, otherUser := parts(other)
	return strings.EqualFold(name, otherName) || strings.EqualFold(name, otherUser) ||
		strings.EqualFold(user, otherName)
}

// parts are the name and the user in an actor.
func parts(actor string) (name, user string) {
	i := strings.LastIndex(actor, as)
	if i < 0 || !strings.HasSuffix(actor, ")") {
		return actor, actor
	}
	return actor[:i], strings.TrimSuffix(actor[i+len(as):], ")")
}
