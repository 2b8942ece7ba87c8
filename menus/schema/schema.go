// Package schema says what may be in a menu file: as a JSON Schema, by which an editor completes,
// explains and underlines, and to tools that have to know which of a file's values are texts that
// subscribers read. Those who load the files describe them with it; it knows nothing of them.
//
// Only keywords of draft-07 are written, because no editor's support goes further.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The types of JSON that a scalar of YAML may have. An editor types what has no quotes: 15 is a
// number to it and "15" a string, and here both are the text that was written.
const (
	String  = "string"
	Integer = "integer"
	Number  = "number"
)

// A Schema describes one value. The zero value takes anything. A Schema with Properties or Named
// is a map that has these keys and no other.
type Schema struct {
	Ref         string // the name of one of the root's Definitions: nothing else counts then
	Title       string
	Description string // what an editor shows about the key

	Types     []string // of a scalar; what is a map or a list needs none
	Enum      []string // the only texts
	Pattern   string
	MinLength int
	MaxLength int // 0 for no bound

	Properties  []Property // in the order in which an editor offers them
	Required    []string
	NamePattern string  // what the keys of a map look like whose names are free
	Named       *Schema // their values
	MinNamed    int
	Names       []string // of a part of AllOf: only these of all Properties may be there

	Items    *Schema // of a list
	MinItems int
	MaxItems int
	Unique   bool

	AnyOf, OneOf, AllOf []*Schema
	If, Then            *Schema

	// Text marks what subscribers read: a scalar for all languages, or a map by language. About
	// says in a word or two what it is, and Limit how many characters it may have, 0 where that
	// depends on the screen.
	Text  bool
	About string
	Limit int

	Spaced bool // a map whose entries stand apart, with an empty line between them

	has *Property // of a condition: this key is there and is so

	// Of the root alone.
	ID          string
	Definitions []Property
}

// A Property is a key of a map.
type Property struct {
	Key    string
	Schema *Schema
}

// Ref refers to a definition of the root.
func Ref(name string) *Schema { return &Schema{Ref: name} }

// Scalar describes one word or text. Without quotes YAML may take it for a number.
func Scalar(description string) *Schema {
	return &Schema{Description: description, Types: []string{String}}
}

// Property returns what is under a key, or nil.
func (s *Schema) Property(key string) *Schema {
	for _, p := range s.Properties {
		if p.Key == key {
			return p.Schema
		}
	}
	return s.Named
}

// Marshal returns the JSON Schema of a root, indented, with a line end. The order of the keys is
// that of the Schema, so the same Schema is the same text.
func Marshal(root *Schema) ([]byte, error) {
	o := object{{"$schema", "http://json-schema.org/draft-07/schema#"}}
	if root.ID != "" {
		o = append(o, member{"$id", root.ID})
	}
	o = append(o, root.members()...)
	if len(root.Definitions) > 0 {
		o = append(o, member{"definitions", propertiesOf(root.Definitions)})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(o); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return b.Bytes(), nil
}

// An object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// MarshalJSON writes what the schema says, without its definitions.
func (s *Schema) MarshalJSON() ([]byte, error) { return s.members().MarshalJSON() }

func propertiesOf(all []Property) object {
	out := object{}
	for _, p := range all {
		out = append(out, member{p.Key, p.Schema})
	}
	return out
}

// members are the keywords of draft-07 that s needs.
func (s *Schema) members() object {
	var o object
	add := func(when bool, name string, value any) {
		if when {
			o = append(o, member{name, value})
		}
	}
	if s.Ref != "" && s.Description != "" {
		// Draft-07 ignores what stands beside $ref, so a description needs a wrapping.
		return object{
			{"description", s.Description}, {"allOf", []*Schema{{Ref: s.Ref}}},
		}
	}
	if s.Ref != "" {
		return object{{"$ref", "#/definitions/" + s.Ref}}
	}
	add(s.Title != "", "title", s.Title)
	add(s.Description != "", "description", s.Description)
	if s.has != nil {
		return object{
			{"properties", propertiesOf([]Property{*s.has})}, {"required", []string{s.has.Key}},
		}
	}
	isMap := len(s.Properties) > 0 || s.Named != nil
	switch {
	case isMap:
		add(true, "type", "object")
	case s.Items != nil:
		add(true, "type", "array")
	case len(s.Types) == 1:
		add(true, "type", s.Types[0])
	case len(s.Types) > 1:
		add(true, "type", s.Types)
	}
	add(len(s.Enum) > 0, "enum", s.Enum)
	add(s.Pattern != "", "pattern", s.Pattern)
	add(s.MinLength > 0, "minLength", s.MinLength)
	add(s.MaxLength > 0, "maxLength", s.MaxLength)
	add(len(s.Properties) > 0, "properties", propertiesOf(s.Properties))
	if s.Named != nil {
		add(s.NamePattern != "", "patternProperties", object{{s.NamePattern, s.Named}})
		add(s.NamePattern == "", "additionalProperties", s.Named)
	}
	add(isMap && (s.Named == nil || s.NamePattern != ""), "additionalProperties", false)
	add(len(s.Names) > 0, "propertyNames", object{{"enum", s.Names}})
	add(s.MinNamed > 0, "minProperties", s.MinNamed)
	add(len(s.Required) > 0, "required", s.Required)
	add(s.Items != nil, "items", s.Items)
	add(s.MinItems > 0, "minItems", s.MinItems)
	add(s.MaxItems > 0, "maxItems", s.MaxItems)
	add(s.Unique, "uniqueItems", true)
	add(len(s.AnyOf) > 0, "anyOf", s.AnyOf)
	add(len(s.OneOf) > 0, "oneOf", s.OneOf)
	add(len(s.AllOf) > 0, "allOf", s.AllOf)
	add(s.If != nil, "if", s.If)
	add(s.Then != nil, "then", s.Then)
	return o
}

// With is a condition: a map has the text value under key.
func With(key, value string) *Schema {
	return &Schema{has: &Property{key, &Schema{Enum: []string{value}}}}
}
