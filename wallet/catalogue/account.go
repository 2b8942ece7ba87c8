package catalogue

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
)

// accounts reads the kinds of accounts that providers name.
func (l *loader) accounts(n *source.Node) {
	for _, f := range n.Fields() {
		l.id(f.Key, f.KeyPos, "a kind of account")
		object := l.object(f.Value, "a kind of account", "label", "hint", "where",
			"pattern", "example")
		field := Field{
			Label:   l.text(object["label"], "the label", MaxLabel),
			Hint:    l.text(object["hint"], "the hint", MaxHint),
			Where:   l.text(object["where"], "the place", MaxWhere),
			Pattern: object["pattern"].Scalar(),
			Example: object["example"].Scalar(),
		}
		if n := object["pattern"]; n != nil {
			l.pattern(n, object["example"], &field)
		}
		l.kinds[f.Key] = field
	}
}

// pattern checks the pattern of a kind of account against itself and against the example.
func (l *loader) pattern(n, example *source.Node, f *Field) {
	shortest, longest, err := lengths(f.Pattern)
	if err != nil {
		l.r.Errorf(n.Place(), CodePattern, "the pattern %v", err)
		return
	}
	if shortest < 1 || longest > MaxAccount {
		l.r.Errorf(n.Place(), CodePattern,
			"the pattern allows %d to %s digits, an account has 1 to %d",
			shortest, digitCount(longest), MaxAccount)
		return
	}
	f.MinLen, f.MaxLen = shortest, longest
	if f.whole, err = regexp.Compile(f.Pattern); err != nil {
		l.r.Errorf(n.Place(), CodePattern, "the pattern is no regular expression: %v", err)
		return
	}
	if example != nil && !f.Matches(f.Example) {
		l.r.Errorf(example.Place(), CodeExample, "the pattern %s does not match the example %q",
			f.Pattern, f.Example)
	}
}

// fields reads the kinds of account that a provider asks for, one after the other. Together they
// are no longer than an account.
func (l *loader) fields(n *source.Node) []Field {
	if n == nil {
		return nil
	}
	items := n.Items()
	if len(items) < 1 || len(items) > MaxFields {
		l.r.Errorf(n.Place(), CodeFields, "a provider asks for 1 to %d fields, each a kind of account",
			MaxFields)
		l.r.Help("fields: [%q]", "personal9")
		return nil
	}
	var fields []Field
	longest := len(items) - 1 // the separators
	for _, item := range items {
		f := l.kind(item)
		fields = append(fields, f)
		longest += f.MaxLen
	}
	if longest > MaxAccount {
		l.r.Errorf(n.Place(), CodeFields,
			"the fields are up to %d characters long with the / between them, an account %d",
			longest, MaxAccount)
	}
	return fields
}

// Matches reports whether the whole of what was typed is of this kind.
func (f Field) Matches(typed string) bool { return f.whole != nil && f.whole.MatchString(typed) }

// Split returns the fields of an account of the provider. Whether they are right, WrongField tells.
func (p Provider) Split(account string) []string {
	return strings.Split(account, AccountSeparator)
}

// WrongField returns the number, from 1, of the first of typed that is not what the provider asks
// for there, or is missing or left over. It is 0 when typed is an account.
func (p Provider) WrongField(typed []string) int {
	for i, f := range p.Fields {
		if i >= len(typed) || !f.Matches(typed[i]) {
			return i + 1
		}
	}
	if len(typed) > len(p.Fields) || len(p.Fields) == 0 {
		return len(p.Fields) + 1
	}
	return 0
}

// MaxAccountLen is the most characters in an account of the provider.
func (p Provider) MaxAccountLen() int {
	longest := max(len(p.Fields)-1, 0)
	for _, f := range p.Fields {
		longest += f.MaxLen
	}
	return longest
}

// kind returns the kind of account that n names.
func (l *loader) kind(n *source.Node) Field {
	f, ok := l.kinds[n.Scalar()]
	if !ok {
		var known []string
		for name := range l.kinds {
			known = append(known, name)
		}
		slices.Sort(known)
		l.r.Errorf(n.Place(), CodeAccount, "no kind of account is called %q", n.Scalar())
		l.r.DidYouMean(n.Scalar(), known)
	}
	return f
}

// unbounded is the length of what a pattern may repeat for ever.
const unbounded = 1 << 20

func digitCount(n int) string {
	if n >= unbounded {
		return "any number of"
	}
	return strconv.Itoa(n)
}

var (
	errAnchors = errors.New("must begin with ^ and end with $, with groups in ( ) between them")
	errDigits  = errors.New("must allow digits only")
)

// lengths returns how many digits the shortest and the longest text have that pattern matches. It
// fails for a pattern that is not anchored at both ends or allows anything but digits. What it
// knows of a pattern comes from the parsed expression, so `^a|b$` is found not to be anchored.
func lengths(pattern string) (shortest, longest int, err error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, 0, errors.New("is no regular expression: " + err.Error())
	}
	last := len(tree.Sub) - 1
	if tree.Op != syntax.OpConcat || last < 1 ||
		tree.Sub[0].Op != syntax.OpBeginText || tree.Sub[last].Op != syntax.OpEndText {
		return 0, 0, errAnchors
	}
	return concat(tree.Sub[1:last])
}

// span returns the lengths of what one part of a pattern matches.
func span(re *syntax.Regexp) (shortest, longest int, err error) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return 0, 0, nil
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune), digitsOnly(re.Rune)
	case syntax.OpCharClass:
		return 1, 1, digitsOnly(re.Rune) // pairs of bounds: both ends within 0-9
	case syntax.OpCapture:
		return span(re.Sub[0])
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpAlternate:
		return alternate(re.Sub)
	case syntax.OpQuest:
		return repeat(re.Sub[0], 0, 1)
	case syntax.OpStar:
		return repeat(re.Sub[0], 0, unbounded)
	case syntax.OpPlus:
		return repeat(re.Sub[0], 1, unbounded)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = unbounded
		}
		return repeat(re.Sub[0], re.Min, most)
	}
	return 0, 0, errDigits
}

func concat(parts []*syntax.Regexp) (shortest, longest int, err error) {
	for _, part := range parts {
		low, high, err := span(part)
		if err != nil {
			return 0, 0, err
		}
		shortest, longest = shortest+low, min(longest+high, unbounded)
	}
	return shortest, longest, nil
}

func alternate(parts []*syntax.Regexp) (shortest, longest int, err error) {
	shortest = unbounded
	for _, part := range parts {
		low, high, err := span(part)
		if err != nil {
			return 0, 0, err
		}
		shortest, longest = min(shortest, low), max(longest, high)
	}
	return shortest, longest, nil
}

func repeat(part *syntax.Regexp, least, most int) (shortest, longest int, err error) {
	low, high, err := span(part)
	if err != nil {
		return 0, 0, err
	}
	return low * least, min(high*most, unbounded), nil
}

func digitsOnly(runes []rune) error {
	for _, c := range runes {
		if c < '0' || c > '9' {
			return errDigits
		}
	}
	return nil
}
