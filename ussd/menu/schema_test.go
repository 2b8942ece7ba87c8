package menu_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus/schema"
	"ussdgw/menus/schema/schematest"
	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

func TestSchemaFileIsGenerated(t *testing.T) {
	schematest.SameFile(t, "../../menus/menu.schema.json", menu.FileSchema())
	if all := schematest.Undescribed(menu.FileSchema()); len(all) > 0 {
		t.Errorf("an editor says nothing about %v", all)
	}
}

// Every file of a right menu is valid, and names the schema in its first line.
func TestShippedFilesFollowTheSchema(t *testing.T) {
	v := schematest.New(t, menu.FileSchema())
	paths, err := filepath.Glob("../../menus/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, path := range append(paths, "testdata/good/menu.yaml") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := source.ParseBytes(path, b, &source.Report{})
		if f.Root.Field("schema").Scalar() != menu.Schema {
			continue
		}
		valid++
		if err := v.Validate(t, string(b)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		const header = "# yaml-language-server: $schema=./menu.schema.json\n"
		if strings.Contains(path, "menus/") && !strings.HasPrefix(string(b), header) {
			t.Errorf("%s does not begin with %s", path, header)
		}
	}
	if valid < 5 {
		t.Errorf("only %d files were looked at", valid)
	}
}

// What a person gets wrong is underlined before anything is checked.
func TestSchemaUnderlinesMistakes(t *testing.T) {
	v := schematest.New(t, menu.FileSchema())
	for _, tt := range []struct{ text, want string }{
		{"service: \"*900#\"", ""},
		{"service: \"900\"", "does not match pattern"},
		{"servise: \"*900#\"", "'servise' not allowed"},
		{"languages: [ky, ru]", ""},
		{"languages: []", "minItems"},
		{"languages: [ky, ky]", "are equal"},
		{"limits: {gsm7: 182, ucs2: \"80\"}", ""},
		{"limits: {gsm7: 182}", "missing property 'ucs2'"},
		{"keys: {back: 0, home: \"00\", more: \"98\"}", "got number, want string"},
		{"entries: {start: a}", "missing properties"},
		{"errors: {option: {ru: a}}", ""},
		{"errors: {Option: a}", "'Option' not allowed"},
		{"sms: {paid: [a]}", "got array"},
		{"slots: {a: {type: digits, max: 5}}", ""},
		{"slots: {a: {type: digits, max: \"5\", rule: provider.account, exempt: [\"0\"]}}", ""},
		{"slots: {a: {type: digits}}", "missing property 'max'"},
		{"slots: {a: {type: numbers}}", "one of"},
		{"slots: {a: {type: pin, max: 5}}", "'max'"},
		{"slots: {a: {type: money, min: 0.5, max: 100}}", ""},
		{"states: {a: {end: {ru: a, en: b}}}", ""},
		{"states: {a: {end: a, text: b}}", "'text'"},
		{"states: {a: {text: a}}", "oneOf"},
		{"states: {a: {ask: b, text: c, goto: d, list: e}}", "oneOf"},
		{"states: {a: {ask: b, text: c}}", "missing property 'goto'"},
		{"states: {a: {ask: b, text: c, gotto: d}}", "'gotto' not allowed"},
		{"states: {a: {ask: b, text: c, goto: \"@home\"}}", ""},
		{"states: {a: {ask: b, text: c, goto: \"@hom\"}}", "does not match pattern"},
		{"states: {a: {list: b, goto: d}}", "missing property 'as'"},
		{"states: {a: {list: b, as: c, goto: {goto: d, notice: e}}}", ""},
		{"states: {a: {list: b, as: c, goto: {notice: e}}}", "missing property 'goto'"},
		{"states: {a: {do: b.c, with: {d: e, f: \"g\"}, on: {ok: h}}}", ""},
		{"states: {a: {do: b.c}}", "missing property 'on'"},
		{"states: {a: {options: [{key: \"1\", text: a, set: {lang: ky}, goto: b}]}}", ""},
		{"states: {a: {options: [{key: 1, goto: b}]}}", "got number, want string"},
		{"states: {a: {options: [{key: \"a\", goto: b}]}}", "does not match pattern"},
		{"states: {a: {options: [{key: \"1\"}]}}", "missing property 'goto'"},
		{"states: {a: {options: []}}", "minItems"},
		{"states: {a: {options: [{key: \"1\", goto: b}], nav: none}}", "'inline'"},
		{"states: {a: {cases: [{when: 'b == \"c\"', goto: d, notice: e}, {goto: f}]}}", ""},
		{"states: {a: {cases: [{when: b}]}}", "missing property 'goto'"},
		{"states: {a: {list: b, as: c, goto: d, only: promoted, none: \"@back\"}}", ""},
		{"states: {a: {list: b, as: c, goto: d, match: e, top: [promoted, f]}}", ""},
		{"states: {a: {list: b, as: c, goto: d, top: promoted}}", "want array"},
		{"states: {a: {ask: b, text: c, goto: d, top: [promoted]}}", "'top'"},
		{"states: {a: {list: b, as: c, goto: d, letters: {as: e, goto: f}}}", ""},
		{"states: {a: {list: b, as: c, goto: d, letters: {as: e}}}", "missing property 'goto'"},
		{"states: {a: {options: [{key: \"1\", when: 'x == 1', goto: b}]}}", ""},
		{"moved: [{path: \"3*1\", goto: a}]", ""},
		{"moved: [{path: 31, goto: a}]", "want string"},
		{"moved: [{path: \"3*1*\", goto: a}]", "does not match pattern"},
		{"states: {a: {end: {by: n, one: a}}}", ""}, // taken for languages: check knows better
		{"states: {a: {end: {en: {by: n, one: a, other: b}}}}", ""},
		{"states: {a: {end: {en: {one: a, other: b}}}}", "missing property 'by'"},
		{"states: {a: {options: [{key: \"1\", goto: b, text: {en: {by: n, other: b}}}]}}", "anyOf"},
	} {
		err := v.Validate(t, "schema: ussd.menu/v1\n"+tt.text+"\n")
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// The schema has the keys that Load knows, and no other. Load is asked by a key that it cannot
// know: it lists those that it does.
func TestSchemaHasTheKeysOfLoad(t *testing.T) {
	root := menu.FileSchema()
	find := func(path ...string) *schema.Schema {
		s := root
		for _, step := range path {
			if step == "[]" {
				s = s.Items
			} else {
				s = s.Property(step)
			}
			for s.Ref != "" {
				i := slices.IndexFunc(root.Definitions, func(p schema.Property) bool {
					return p.Key == s.Ref
				})
				s = root.Definitions[i].Schema
			}
		}
		return s
	}
	for _, tt := range []struct {
		text string
		at   *schema.Schema
	}{
		{"limits: {qqqqqqqqq: 1}", find("limits")},
		{"keys: {qqqqqqqqq: 1}", find("keys")},
		{"nav: {qqqqqqqqq: 1}", find("nav")},
		{"entries: {qqqqqqqqq: 1}", find("entries")},
		{"states: {a: {options: [{qqqqqqqqq: 1}]}}", find("states", "a", "options", "[]")},
		{"states: {a: {cases: [{qqqqqqqqq: 1}]}}", find("states", "a", "cases", "[]")},
		{
			"states: {a: {list: b, letters: {qqqqqqqqq: 1}}}",
			find("states", "a", "letters"),
		},
		{"moved: [{qqqqqqqqq: 1}]", find("moved", "[]")},
		{
			"states: {a: {ask: b, goto: {qqqqqqqqq: 1}}}",
			find("states", "a", "goto").AnyOf[1],
		},
	} {
		base := "schema: ussd.menu/v1\nlanguages: [en]\n" + tt.text + "\n"
		r := &source.Report{}
		menu.Load(fstest.MapFS{"a.yaml": {Data: []byte(base)}}, environment(), r)
		var known []string
		for _, f := range r.Findings() {
			if strings.Contains(f.Message, "qqqqqqqqq") && f.Code == source.CodeUnknownKey {
				list := strings.TrimPrefix(f.Help, "known here: ")
				known = strings.Split(list, ", ")
			}
		}
		var keys []string
		for _, p := range tt.at.Properties {
			keys = append(keys, p.Key)
		}
		slices.Sort(keys)
		slices.Sort(known)
		if !slices.Equal(keys, known) {
			t.Errorf("%s: the schema has %v, Load knows %v", tt.text, keys, known)
		}
	}
}
