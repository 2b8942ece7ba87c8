// Package schematest validates menu files against a JSON Schema as an editor does, for tests: what
// has no quotes is typed by the rules of YAML 1.2.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ussdgw/menus/schema"
	"ussdgw/menus/source"
)

// A Validator holds a compiled schema.
type Validator struct{ compiled *jsonschema.Schema }

// New compiles what an editor reads of root.
func New(t testing.TB, root *schema.Schema) Validator {
	t.Helper()
	text, err := schema.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("menu.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("menu.json")
	if err != nil {
		t.Fatal(err)
	}
	return Validator{compiled}
}

// Validate parses text and returns what an editor would underline, nil for nothing.
func (v Validator) Validate(t testing.TB, text string) error {
	t.Helper()
	r := &source.Report{}
	f := source.ParseBytes("x.yaml", []byte(text), r)
	if f == nil || r.Failed() {
		t.Fatalf("no YAML: %v", r.Err())
	}
	err := v.compiled.Validate(valueOf(f.Root))
	var invalid *jsonschema.ValidationError
	if err != nil && !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	return err
}

// The words of YAML 1.2's core schema.
var (
	nothing = regexp.MustCompile(`^(~|null|Null|NULL|)$`)
	truth   = regexp.MustCompile(`^(true|True|TRUE|false|False|FALSE)$`)
	number  = regexp.MustCompile(`^[-+]?([0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|` +
		`(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$`)
)

// valueOf is what a value is to an editor.
func valueOf(n *source.Node) any {
	switch {
	case n.Is(source.Map):
		out := map[string]any{}
		for _, f := range n.Fields() {
			out[f.Key] = valueOf(f.Value)
		}
		return out
	case n.Is(source.List):
		out := []any{}
		for _, i := range n.Items() {
			out = append(out, valueOf(i))
		}
		return out
	case n.Is(source.Null):
		return nil
	}
	switch text := n.Scalar(); {
	case n.Quoted:
		return text
	case nothing.MatchString(text):
		return nil
	case truth.MatchString(text):
		return text[0] == 't' || text[0] == 'T'
	case number.MatchString(text):
		var f float64
		if _, err := fmt.Sscan(text, &f); err == nil {
			return json.Number(fmt.Sprint(f))
		}
	}
	return n.Scalar()
}

// SameFile fails the test when the file at path is not what is generated.
func SameFile(t *testing.T, path string, root *schema.Schema) {
	t.Helper()
	want, err := schema.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what is generated (%v): run `go generate ./menus`", path, err)
	}
}

// Undescribed are the descriptions that s or what is in it lacks: an editor has nothing to say.
func Undescribed(root *schema.Schema) []string {
	var out []string
	seen := map[*schema.Schema]bool{}
	var walk func(path string, s *schema.Schema)
	walk = func(path string, s *schema.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, p := range s.Properties {
			if p.Schema.Description == "" && p.Schema.Ref == "" {
				out = append(out, path+"."+p.Key)
			}
			walk(path+"."+p.Key, p.Schema)
		}
		walk(path+"[]", s.Items)
		walk(path+".*", s.Named)
		for _, c := range s.AnyOf {
			walk(path, c)
		}
	}
	walk("", root)
	for _, d := range root.Definitions {
		walk(d.Key, d.Schema)
	}
	return out
}
