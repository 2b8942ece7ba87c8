// Package source reads the YAML files that operators edit, keeps the place of every word, and
// collects findings that name file, line and column. It knows nothing of what the files mean:
// menus and catalogues are told apart by those who read them.
//
// YAML is read without its typing: a scalar is the text that was written, so `010` stays "010"
// and `no` stays "no". Anchors, aliases, merge keys, tags and several documents in one file are
// refused. Nothing here panics or runs long on any input; the limits below see to it.
//
// The package is a leaf. It is the only one that knows the YAML library.
package source

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a folder and a file may hold at most.
const (
	MaxFiles     = 200     // *.yaml files in a folder
	MaxFileBytes = 1 << 20 // octets of one file
	MaxLines     = 20_000  // lines of one file
	MaxTokens    = 200_000 // words and signs of one file
	MaxDepth     = 32      // maps and lists within each other
	MaxNodes     = 60_000  // maps, lists and scalars of one file
	MaxKeys      = 6_000   // lines of one map or list: the library takes the square of their number
	MaxFindings  = 1000    // findings that a report keeps; the rest is counted
)

// A Pos is a place in a file. Line and Col are 1-based and count characters, not octets; 0 means
// that only the file, or with Line alone only the line, is known.
type Pos struct {
	File string
	Line int
	Col  int
}

// String prints "file:line:col" and leaves out what is not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// A Kind tells what a Node is.
type Kind uint8

// The kinds of nodes. Null is a value that was left out (`key:`), never the written word null.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

// String names the kind as messages do.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a text"
	case Map:
		return "a map"
	case List:
		return "a list"
	}
	return "nothing"
}

// A Node is a value of a file. All methods work on a nil Node, which is Null.
type Node struct {
	Kind   Kind
	Pos    Pos
	Quoted bool // a scalar in quotes or in a block: never mistaken for a number

	style  style
	text   string
	raw    string // how a scalar is written, with its quotes; "" when that is not clear
	fields []Field
	items  []*Node
}

// style is how a scalar was written.
type style uint8

const (
	plain style = iota
	singleQuoted
	doubleQuoted
	block
)

// A Field is one key of a map and its value, which is never nil.
type Field struct {
	Key       string
	KeyPos    Pos
	KeyQuoted bool
	Value     *Node
}

// A File is one parsed file. Root is never nil.
type File struct {
	Name string
	Root *Node
	Sum  [sha256.Size]byte // of the octets of the file

	text string // of the file as it is, with its line ends
}

// Fields returns the keys of a map in the order of the file, each key once. It returns nil for
// other kinds.
func (n *Node) Fields() []Field {
	if n == nil {
		return nil
	}
	return n.fields
}

// Items returns the entries of a list, and nil for other kinds.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	return n.items
}

// Scalar returns the text as it was written, without its quotes, and "" for other kinds.
func (n *Node) Scalar() string {
	if n == nil {
		return ""
	}
	return n.text
}

// Is reports whether n is of kind k. A nil Node is Null.
func (n *Node) Is(k Kind) bool {
	if n == nil {
		return k == Null
	}
	return n.Kind == k
}

// Place returns the node's place, and the zero Pos for a nil Node.
func (n *Node) Place() Pos {
	if n == nil {
		return Pos{}
	}
	return n.Pos
}

// Inside returns the place of the character at offset, counted in octets of Scalar. It is the
// place of the whole scalar where the text goes over several lines of the file, unless it is a
// block that begins with '|'.
func (n *Node) Inside(offset int) Pos {
	p := n.Place()
	if n == nil || offset < 0 || offset > len(n.text) {
		return p
	}
	at, ok := n.inside(offset)
	if !ok {
		return p
	}
	before := n.raw[:at]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		p.Line += strings.Count(before, "\n")
		p.Col, before = 1, before[i+1:]
	}
	p.Col += utf8.RuneCountInString(before)
	return p
}

// Spelled returns how the length octets of Scalar from offset on are written in the file, escapes
// included: what a Fix at Inside(offset) takes for Old. It is "" where Inside is not exact.
func (n *Node) Spelled(offset, length int) string {
	if n == nil || offset < 0 || length < 1 || offset+length > len(n.text) {
		return ""
	}
	from, ok := n.inside(offset)
	if !ok {
		return ""
	}
	if to, ok := n.inside(offset + length); ok && to > from {
		return n.raw[from:to]
	}
	if n.style == plain && offset+length == len(n.text) {
		return n.raw[from:]
	}
	return ""
}

// Field returns the value of key, or nil.
func (n *Node) Field(key string) *Node {
	for _, f := range n.Fields() {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// Object returns the fields of the map n by key. It reports a node that is no map and keys that
// are not known, and leaves those out. what says what the map describes: "a state". With no known
// keys at all, every key is taken.
func (n *Node) Object(r *Report, what string, known ...string) map[string]*Node {
	out := make(map[string]*Node, len(n.Fields()))
	if !n.Is(Map) {
		r.Errorf(n.Place(), CodeKind, "%s must be a map, not %s", what, kindOf(n))
		return out
	}
	for _, f := range n.Fields() {
		if len(known) > 0 && !slices.Contains(known, f.Key) {
			r.Errorf(f.KeyPos, CodeUnknownKey, "%s has no key %q", what, clip(f.Key))
			r.DidYouMean(f.Key, known)
			continue
		}
		out[f.Key] = f.Value
	}
	return out
}

func kindOf(n *Node) Kind {
	if n == nil {
		return Null
	}
	return n.Kind
}

// clip keeps a word of the file short enough for a message.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// extension is how the name of a file ends that Load reads.
const extension = ".yaml"

// Load reads every *.yaml file of fsys's root folder, in the order of their names, but none whose
// name begins with a dot. What cannot be read or parsed is a finding, and its file is left out:
// whole is false then, and what seems to be missing from the files may be in the one that was left
// out.
func Load(fsys fs.FS, r *Report) (files []*File, whole bool) {
	names, whole := fileNames(fsys, r)
	for _, name := range names {
		b, err := readFile(fsys, name)
		if err != nil {
			r.Errorf(Pos{File: name}, CodeUnreadable, "%v", err)
			whole = false
			continue
		}
		f := ParseBytes(name, b, r)
		if f == nil {
			whole = false
			continue
		}
		files = append(files, f)
	}
	return files, whole
}

// fileNames lists the files to read. It reports a folder of which none can be, and files that look
// as if they belonged to it and would be passed over; then it returns false.
func fileNames(fsys fs.FS, r *Report) (names []string, ok bool) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		r.Errorf(Pos{File: "."}, CodeUnreadable, "the folder cannot be read: %v", reason(err))
		return nil, false
	}
	ok = true
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		switch name := e.Name(); strings.ToLower(path.Ext(name)) {
		case ".yml", extension:
			if path.Ext(name) == extension {
				names = append(names, name)
				continue
			}
			ok = false
			r.Errorf(Pos{File: name}, CodeFileName, "only files that end in %s are read", extension)
			r.Help("rename it to %s", strings.TrimSuffix(name, path.Ext(name))+extension)
		}
	}
	switch {
	case len(names) > MaxFiles:
		r.Errorf(Pos{File: "."}, CodeTooLarge, "%d files; at most %d", len(names), MaxFiles)
		return nil, false
	case len(names) == 0 && ok:
		r.Errorf(Pos{File: "."}, CodeUnreadable, "no *%s files in the folder", extension)
		return nil, false
	}
	return names, ok
}

// hidden reports whether a file is passed over: editors and systems put files beside others, with
// a dot before the name, that nobody has written.
func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// readFile reads at most one octet more than a file may have: ParseBytes refuses it then. What is
// no regular file is not opened: opening a named pipe waits until somebody writes to it.
func readFile(fsys fs.FS, name string) (b []byte, err error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("the file cannot be opened: %w", reason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file that can be read", kindOfFile(info.Mode()))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the file cannot be opened: %w", reason(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", reason(err))
	}
	return b, nil
}

// kindOfFile names what is no regular file.
func kindOfFile(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// reason takes the operation and the path off an error: the finding names the file already.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Suggest returns the known word that is nearest to word, or "" when none is near: at most a
// third of the letters may differ. Case does not count.
func Suggest(word string, known []string) string {
	const most = 64 // longer words are no slips of the finger
	if word == "" || len(word) > most {
		return ""
	}
	letters := []rune(strings.ToLower(word))
	best, bestDistance := "", 1+max(1, len(letters)/3)
	for _, k := range known {
		other := []rune(strings.ToLower(k))
		if len(k) > most || max(len(other)-len(letters), len(letters)-len(other)) > bestDistance {
			continue // as many letters to insert or remove at least
		}
		d := distance(letters, other)
		if d < bestDistance || (d == bestDistance && best != "" && k < best) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their neighbour.
func distance(a, b []rune) int {
	before := make([]int, len(b)+1) // row i-2
	last := make([]int, len(b)+1)   // row i-1
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
