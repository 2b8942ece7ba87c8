package billersim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxFaults is how many faults may be set at once.
const MaxFaults = 100

// A FaultKind says what one kind of fault does.
type FaultKind struct {
	Name  string
	Value string // what it needs after the =, or ""
	Does  string
}

// FaultKinds lists the kinds.
func FaultKinds() []FaultKind {
	return []FaultKind{
		{
			"slow", "DURATION", "does the work so much later, even for a client that has left by " +
				"then;\nother faults may come on top",
		},
		{"silent", "", "does nothing and never answers"},
		{"lost", "", "does the work and never answers"},
		{"cutbefore", "", "does nothing and cuts the connection"},
		{"cutafter", "", "does the work and cuts the connection"},
		{"http", "STATUS", "does nothing and answers an HTTP status such as 500"},
		{"httpafter", "STATUS", "does the work and answers an HTTP status such as 502"},
		{"code", "RESULT", "does nothing and answers a result: 1, 90, 5, 777, even 0"},
		{"lie", "RESULT", "does the work and answers a result: 8, 90, 777"},
		{"broken", "", "does the work and answers half of its XML or JSON"},
		{"long", "", "does the work and answers a megabyte"},
		{"wrongtxn", "", "does the work and answers about another transaction"},
		{"wrongsum", "", "does the work and answers about another sum"},
		{"double", "", "pays a repeat once more, under a new prv_txn"},
	}
}

// A Fault is something that goes wrong, and when.
type Fault struct {
	Kind  string // one of FaultKinds
	Value string // a duration, an HTTP status or a result
	// Times is after how many requests the fault is over, Each after how many of one
	// transaction. 0: never.
	Times, Each int
	// Which requests it is for. Provider is the whole id, Account and Txn are beginnings; "" is
	// any. Command is check, pay, status or any. [pay]
	Provider, Account, Txn, Command string
}

// ParseFault reads KIND[=VALUE][,times=N][,each=N][,provider=P][,account=BEGINNING][,txn=BEGINNING]
// [,command=check|pay|status|any], such as "code=90,each=2" or "lost,times=1,account=12".
func ParseFault(text string) (Fault, error) {
	f := Fault{Command: "pay"}
	for i, part := range strings.Split(strings.TrimSpace(text), ",") {
		name, value, _ := strings.Cut(part, "=")
		if i == 0 {
			f.Kind, f.Value = name, value
			continue
		}
		var err error
		switch name {
		case "times":
			f.Times, err = atLeastOne(value)
		case "each":
			f.Each, err = atLeastOne(value)
		case "provider":
			f.Provider = value
		case "account":
			f.Account = value
		case "txn":
			f.Txn = value
		case "command":
			f.Command = value
		default:
			err = fmt.Errorf("known are times, each, provider, account, txn and command")
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %.80q: %q: %w", text, part, err)
		}
	}
	if err := f.validate(); err != nil {
		return Fault{}, fmt.Errorf("fault %.80q: %w", text, err)
	}
	return f, nil
}

func atLeastOne(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("not a number from 1")
	}
	return n, nil
}

func (f Fault) validate() error {
	kinds := FaultKinds()
	at := slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == f.Kind })
	if at < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name)
		}
		return fmt.Errorf("no kind %q: known are %s", f.Kind, strings.Join(names, ", "))
	}
	if !slices.Contains([]string{"check", "pay", "status", "any"}, f.Command) {
		return fmt.Errorf("the command %q is not check, pay, status or any", f.Command)
	}
	n, err := strconv.Atoi(f.Value)
	switch kinds[at].Value {
	case "":
		if f.Value != "" {
			return fmt.Errorf("%s takes no value", f.Kind)
		}
	case "DURATION":
		if d, err := time.ParseDuration(f.Value); err != nil || d <= 0 {
			return fmt.Errorf("%s needs a duration: %s=3s", f.Kind, f.Kind)
		}
	case "STATUS":
		if err != nil || n < 200 || n > 599 {
			return fmt.Errorf("%s needs an HTTP status: %s=500", f.Kind, f.Kind)
		}
	case "RESULT":
		if err != nil || n < 0 || n > 99999 {
			return fmt.Errorf("%s needs a result: %s=90", f.Kind, f.Kind)
		}
	}
	return nil
}

// String is what ParseFault reads.
func (f Fault) String() string {
	text := f.Kind
	if f.Value != "" {
		text += "=" + f.Value
	}
	if f.Times > 0 {
		text += ",times=" + strconv.Itoa(f.Times)
	}
	if f.Each > 0 {
		text += ",each=" + strconv.Itoa(f.Each)
	}
	for _, part := range []struct{ name, value string }{
		{"provider", f.Provider}, {"account", f.Account}, {"txn", f.Txn}, {"command", f.Command},
	} {
		if part.value != "" && !(part.name == "command" && part.value == "pay") {
			text += "," + part.name + "=" + part.value
		}
	}
	return text
}

// number is the Value of a fault that has a number.
func (f Fault) number() int {
	n, _ := strconv.Atoi(f.Value)
	return n
}

// An armed fault is one that is set. Server.mu guards it.
type armed struct {
	Fault
	hits int
	of   map[string]int // hits of each transaction, where Each counts them
}

// strikes reports whether the fault is for this request, and counts it.
func (a *armed) strikes(q ask) bool {
	if a.Provider != "" && a.Provider != q.provider || !strings.HasPrefix(q.account, a.Account) ||
		!strings.HasPrefix(q.txn, a.Txn) || a.Command != "any" && a.Command != q.command ||
		a.Times > 0 && a.hits >= a.Times {
		return false
	}
	if a.Each > 0 {
		key := q.provider + "/" + q.txn
		if a.of[key] >= a.Each || len(a.of) >= MaxPayments {
			return false
		}
		a.of[key]++
	}
	a.hits++
	return true
}
