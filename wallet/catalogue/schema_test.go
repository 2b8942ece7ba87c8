package catalogue_test

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
	"ussdgw/wallet/catalogue"
)

func TestSchemaFileIsGenerated(t *testing.T) {
	schematest.SameFile(t, "../../menus/catalogue.schema.json", catalogue.FileSchema())
	if all := schematest.Undescribed(catalogue.FileSchema()); len(all) > 0 {
		t.Errorf("an editor says nothing about %v", all)
	}
}

// Every file of the shipped catalogue is valid, and names the schema in its first line.
func TestShippedFilesFollowTheSchema(t *testing.T) {
	v := schematest.New(t, catalogue.FileSchema())
	paths, err := filepath.Glob("../../menus/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := source.ParseBytes(path, b, &source.Report{})
		if f.Root.Field("schema").Scalar() != catalogue.Schema {
			continue
		}
		valid++
		if err := v.Validate(t, string(b)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		const header = "# yaml-language-server: $schema=./catalogue.schema.json\n"
		if !strings.HasPrefix(string(b), header) {
			t.Errorf("%s does not begin with %s", path, header)
		}
	}
	if valid < 3 {
		t.Errorf("only %d files were looked at", valid)
	}
}

const provider = `{id: a, number: "1", name: A, fields: [b], amount: {min: 1, max: "15000.00"},` +
	` fee: {}, settlement: registry}`

// What a person gets wrong is underlined before anything is checked.
func TestSchemaUnderlinesMistakes(t *testing.T) {
	v := schematest.New(t, catalogue.FileSchema())
	category := func(p string) string {
		return `categories: [{id: a, number: "1", name: {ru: A}, providers: [` + p + `]}]`
	}
	with := func(old, now string) string { return category(strings.Replace(provider, old, now, 1)) }
	level := func(more string) string {
		const w = "{once: 1, day: 1, month: 1}"
		return "limits: {remote: {payment: " + w + ", transfer: " + w + ", cash_out: " + w +
			", cash_in: " + w + ", out: " + w + ", " + more + "}}"
	}
	operation := func(fee string) string {
		one := "{name: A, amount: {min: 1, max: 2}, fee: {" + fee + "}}"
		return "operations: {transfer: " + one + ", cash_out: " + one + "}"
	}
	for _, tt := range []struct{ text, want string }{
		{category(provider), ""},
		{with("registry", "biller, biller: hub, check: yes"), ""},
		{with("settlement", "setlement"), "'setlement' not allowed"},
		{with("registry", "online"), "'registry'"},
		{with("number: \"1\"", "number: 98a"), "does not match pattern"},
		{with("fee: {}", "fee: {percent: 1.5, min: \"5\"}"), ""},
		{with("fee: {}", "fee: 5"), "want object"},
		{with("id: a", "id: A"), "does not match pattern"},
		{with("fee: {}", "fee: {}, stopped: true"), "want string"},
		{with("fee: {}", "fee: {}, stopped: yes"), ""},
		{with("max: \"15000.00\"", "max: lots"), "does not match pattern"},
		{with("name: A, ", ""), "missing property 'name'"},
		{with("fields: [b]", "fields: [b, c, d]"), ""},
		{with("fields: [b]", "fields: [b, c, d, e]"), "maxItems"},
		{with("fields: [b]", "fields: b"), "want array"},
		{with("fields: [b]", "account: b"), "'account' not allowed"},
		{category(""), "minItems"},
		{level("balance: 1"), ""},
		{level("once: 1"), "missing property 'balance'"},
		{"limits: {remote: {payment: {once: 1, day: 1}}}", "missing property 'month'"},
		{operation("remote: {payer: customer, percent: 1}"), ""},
		{operation("remote: {payer: bank}"), "'provider'"},
		{operation("remot: {}"), "'remot' not allowed"},
		{"limits: {remot: {}}", "'remot' not allowed"},
		{"networks: {a: {name: A, served: \"yes\", prefixes: [\"996\", \"\"]}}", ""},
		{"networks: {a: {name: A, served: \"yes\", prefixes: [996]}}", "want string"},
		{"networks: {a: {name: A, served: 1, prefixes: []}}", "want string"},
		{"accounts: {a: {label: A, hint: {en: B}, where: C, pattern: \"^[0-9]$\", example: 1}}", ""},
		{"accounts: {a: {label: A, hint: B, pattern: \"[0-9]\", example: 1}}", "does not match"},
	} {
		err := v.Validate(t, "schema: ussd.catalogue/v1\n"+tt.text+"\n")
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// The schema has the keys that Load knows, and no other. Load is asked by a key that it cannot
// know: it lists those that it does.
func TestSchemaHasTheKeysOfLoad(t *testing.T) {
	root := catalogue.FileSchema()
	category := root.Property("categories").Items
	one := category.Property("providers").Items
	for _, tt := range []struct {
		text string
		at   *schema.Schema
	}{
		{"qqqqqqqqq: 1", root},
		{"accounts: {a: {qqqqqqqqq: 1}}", root.Property("accounts").Named},
		{"categories: [{qqqqqqqqq: 1}]", category},
		{"categories: [{providers: [{qqqqqqqqq: 1}]}]", one},
		{"categories: [{providers: [{amount: {qqqqqqqqq: 1}}]}]", one.Property("amount")},
		{"categories: [{providers: [{fee: {qqqqqqqqq: 1}}]}]", one.Property("fee")},
		{"limits: {remote: {qqqqqqqqq: 1}}", root.Property("limits").Property("remote")},
		{"limits: {qqqqqqqqq: {}}", root.Property("limits")},
		{"networks: {a: {qqqqqqqqq: 1}}", root.Property("networks").Named},
	} {
		r := &source.Report{}
		catalogue.Load(fstest.MapFS{
			"a.yaml": {Data: []byte("schema: ussd.catalogue/v1\n" + tt.text + "\n")},
		}, r)
		var known []string
		for _, f := range r.Findings() {
			if strings.Contains(f.Message, "qqqqqqqqq") {
				known = strings.Split(strings.TrimPrefix(f.Help, "known here: "), ", ")
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
