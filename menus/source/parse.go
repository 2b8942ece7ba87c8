package source

import (
	"crypto/sha256"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// ParseBytes parses one file. It returns nil when there is nothing that could be looked at; every
// fault is in r. A file with faults in some places is returned with the rest.
func ParseBytes(name string, b []byte, r *Report) *File {
	if len(b) > MaxFileBytes {
		r.Errorf(Pos{File: name}, CodeTooLarge, "the file has more than %d octets", MaxFileBytes)
		return nil
	}
	octets := string(b)
	text := strings.TrimPrefix(octets, bom)
	text = strings.ReplaceAll(text, "\r\n", "\n")
	r.keep(name, text)
	if !clean(name, text, r) {
		return nil
	}
	p := &parsing{name: name, r: r, w: newWritten(text)}
	root := p.document(text)
	if root == nil {
		return nil
	}
	return &File{Name: name, Root: root, Sum: sha256.Sum256(b), text: octets}
}

// clean reports text that is not UTF-8, holds control characters or is indented with tabs, at the
// first such place, and what would take the library hundreds of megabytes to cut into tokens.
func clean(name, text string, r *Report) bool {
	if n := strings.Count(text, "\n"); n > MaxLines {
		r.Errorf(Pos{File: name}, CodeTooLarge, "the file has %d lines; at most %d", n, MaxLines)
		return false
	}
	if signs(text) > maxSigns {
		r.Errorf(Pos{File: name}, CodeTooLarge, "more than %d signs such as brackets and commas"+
			" in the file", maxSigns)
		return false
	}
	line, col, indent := 1, 1, true
	for i, c := range text {
		switch {
		case c == '\t' && indent:
			r.Errorf(Pos{name, line, col}, CodeSyntax, "a tab is used to indent; use blanks")
			return false
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			r.Errorf(Pos{name, line, col}, CodeEncoding, "the octet %#02x is not UTF-8", text[i])
			return false
		case c < ' ' && c != '\n' && c != '\t', c >= 0x7f && c < 0xa0,
			c == '\u2028', c == '\u2029', c == '\ufeff':
			r.Errorf(Pos{name, line, col}, CodeEncoding, "control character %U", c)
			return false
		case c == '\n':
			line, col, indent = line+1, 1, true
			continue
		}
		col++
		indent = indent && c == ' '
	}
	return true
}

// maxSigns is how many signs that make tokens of YAML a file may hold, wherever they stand. A word
// goes with almost every sign of a real file, so these are MaxTokens tokens.
const maxSigns = MaxTokens / 2

// signs counts what the library makes tokens of. Quotes come in pairs, one of two around what has
// a colon or a comma too.
func signs(text string) int {
	n := strings.Count(text, "- ") + (strings.Count(text, `"`)+strings.Count(text, "'"))/4
	for _, sign := range []string{"[", "]", "{", "}", ":", ",", "!", "%", "&", "*"} {
		n += strings.Count(text, sign)
	}
	return n
}

// parsing is the state of ParseBytes for one file.
type parsing struct {
	name  string
	r     *Report
	w     *written
	nodes int
}

// document parses text. The library is fed only what passed the limits, and a panic of it is a
// finding: it must not take down a program that only wanted to check a file.
func (p *parsing) document(text string) (root *Node) {
	defer func() {
		if v := recover(); v != nil {
			p.r.Errorf(Pos{File: p.name}, CodeSyntax, "the file cannot be parsed")
			root = nil
		}
	}()
	tokens := lexer.Tokenize(text)
	if len(tokens) > MaxTokens {
		p.r.Errorf(Pos{File: p.name}, CodeTooLarge, "more than %d words in the file", MaxTokens)
		return nil
	}
	if !p.allowed(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			p.r.Errorf(p.pos(doc.Start), CodeDocuments, "a second document in the file")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		p.r.Errorf(Pos{p.name, 1, 1}, CodeSyntax, "the file is empty")
		return nil
	}
	return p.node(body, 1)
}

// invalidKey is what the library says of a key that is a list, a map or nothing.
const invalidKey = "found an invalid key for this map"

// syntax turns an error of the library into a finding.
func (p *parsing) syntax(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		if at.GetMessage() == invalidKey {
			p.r.Errorf(p.pos(at.GetToken()), CodeKey, "a key must be a word")
			return
		}
		p.stumbled(p.pos(at.GetToken()), at.GetMessage())
		return
	}
	p.r.Errorf(Pos{File: p.name}, CodeSyntax, "%s", err)
}

// allowed refuses, on the tokens, what the parser must not be given: references, tags, and
// nesting on which it would recurse too deep.
func (p *parsing) allowed(tokens token.Tokens) bool {
	ok := true
	var open []*token.Token // brackets
	var indents []indent    // of the block maps and lists that are open
	line := 0
	for _, tk := range tokens {
		if what := refusedToken(tk.Type); what != "" {
			p.r.Errorf(p.pos(tk), CodeReference, "%s is not allowed here", what)
			p.r.Help("a text that begins with %q needs quotes", firstRune(tk.Value))
			ok = false
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			open = append(open, tk)
		case token.MappingEndType, token.SequenceEndType:
			if len(open) == 0 {
				p.r.Errorf(p.pos(tk), CodeSyntax, "a bracket is closed that was not opened")
				return false
			}
			open = open[:len(open)-1]
		case token.SequenceEntryType:
			if len(open) > 0 { // no entry of a list begins with a dash within brackets
				p.stumbled(p.pos(open[len(open)-1]), "the bracket that opens here is not closed")
				return false
			}
		}
		if tk.Position == nil {
			continue
		}
		if len(open) == 0 && (tk.Position.Line != line || tk.Type == token.SequenceEntryType) {
			line = tk.Position.Line
			var entries int
			indents, entries = opened(indents, tk.Position.Column)
			if entries > MaxKeys {
				p.r.Errorf(p.pos(tk), CodeTooLarge, "more than %d keys in one map", MaxKeys)
				return false
			}
		}
		if len(open)+len(indents) > 2*MaxDepth {
			p.r.Errorf(p.pos(tk), CodeTooDeep, "nested more than %d deep", MaxDepth)
			return false
		}
	}
	if len(open) > 0 {
		// The library would say so of a line far below, or call it a key that is no word.
		p.stumbled(p.pos(open[len(open)-1]), "the bracket that opens here is not closed")
		return false
	}
	return ok
}

// An indent is a block map or list that is open.
type indent struct{ column, entries int }

// opened returns the maps and lists that are open where a line begins at a column, and how many
// entries the innermost has.
func opened(indents []indent, column int) ([]indent, int) {
	n := len(indents)
	for n > 0 && indents[n-1].column > column {
		n--
	}
	indents = indents[:n]
	if n == 0 || indents[n-1].column < column {
		indents = append(indents, indent{column: column})
	}
	last := &indents[len(indents)-1]
	last.entries++
	return indents, last.entries
}

func refusedToken(t token.Type) string {
	switch t {
	case token.AnchorType:
		return "an anchor (&)"
	case token.AliasType:
		return "an alias (*)"
	case token.MergeKeyType:
		return "a merge key (<<)"
	case token.TagType:
		return "a tag (!)"
	case token.MappingKeyType:
		return "a complex key (?)"
	case token.DirectiveType:
		return "a directive (%)"
	}
	return ""
}

func firstRune(s string) string {
	for _, c := range s {
		return string(c)
	}
	return "*"
}

func (p *parsing) pos(tk *token.Token) Pos {
	if tk == nil || tk.Position == nil {
		return Pos{File: p.name}
	}
	return Pos{p.name, tk.Position.Line, tk.Position.Column}
}

// node converts one value. depth counts the maps and lists around it.
func (p *parsing) node(n ast.Node, depth int) *Node {
	out := &Node{Pos: p.pos(n.GetToken())}
	p.nodes++
	if depth > MaxDepth || p.nodes > MaxNodes {
		if depth > MaxDepth {
			p.r.Errorf(out.Pos, CodeTooDeep, "nested more than %d deep", MaxDepth)
		} else if p.nodes == MaxNodes+1 {
			p.r.Errorf(out.Pos, CodeTooLarge, "more than %d values in the file", MaxNodes)
		}
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode:
		if tk := n.GetToken(); tk.Type == token.NullType {
			out.Kind, out.text = Scalar, tk.Value
		}
	case *ast.MappingNode:
		p.mapping(out, n.Values, depth)
		if n.IsFlowStyle {
			out.Pos = p.pos(n.Start)
		}
	case *ast.MappingValueNode:
		p.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.Kind = List
		out.Pos = p.pos(n.Start)
		for _, v := range n.Values {
			out.items = append(out.items, p.node(v, depth+1))
		}
	case *ast.LiteralNode:
		out.Kind, out.Quoted, out.text = Scalar, true, n.Value.Value
		out.style = block
	case *ast.StringNode:
		out.Kind, out.text = Scalar, n.Value
		out.Quoted = quoted(n.Token)
		if !out.Quoted && strings.IndexAny(n.Value, "}],") == 0 {
			p.r.Errorf(out.Pos, CodeSyntax, "a text that begins with %q needs quotes", n.Value[:1])
		}
		switch n.Token.Type {
		case token.SingleQuoteType:
			out.style = singleQuoted
		case token.DoubleQuoteType:
			out.style = doubleQuoted
		}
	case ast.ScalarNode:
		out.Kind, out.text = Scalar, n.GetToken().Value
	default:
		p.r.Errorf(out.Pos, CodeReference, "this kind of value is not allowed here")
	}
	if out.Kind == Scalar {
		if from, to, ok := p.w.span(out); ok {
			out.raw = p.w.text[from:to]
		}
	}
	return out
}

func (p *parsing) mapping(out *Node, values []*ast.MappingValueNode, depth int) {
	out.Kind = Map
	if len(values) > 0 {
		out.Pos = p.pos(values[0].Key.GetToken())
	}
	places := make(map[string]Pos, len(values))
	for _, v := range values {
		tk := v.Key.GetToken()
		f := Field{KeyPos: p.pos(tk), KeyQuoted: quoted(tk), Value: p.node(v.Value, depth+1)}
		if f.Value.Kind == Null {
			f.Value.Pos = f.KeyPos // the library places a value that is not there anywhere
		}
		key, ok := v.Key.(ast.ScalarNode)
		if _, block := v.Key.(*ast.LiteralNode); !ok || block || key.GetToken().Value == "" {
			p.r.Errorf(f.KeyPos, CodeKey, "a key must be a word")
			continue
		}
		f.Key = key.GetToken().Value
		if first, dup := places[f.Key]; dup {
			p.r.Errorf(f.KeyPos, CodeDuplicateKey, "the key %q is here twice", clip(f.Key))
			p.r.Help("the first one is in line %d", first.Line)
			continue
		}
		places[f.Key] = f.KeyPos
		out.fields = append(out.fields, f)
	}
}

func quoted(tk *token.Token) bool {
	return tk != nil && (tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType)
}
