package catalogue_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/wallet/catalogue"
)

// FuzzLoad feeds any text as a catalogue. Load never panics, and what it accepts keeps the
// promises that screens and the wallet rely on.
func FuzzLoad(f *testing.F) {
	bad, err := fs.Glob(testdata, "testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range bad {
		content, err := fs.ReadFile(testdata, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	whole := []string{"schema: \"" + catalogue.Schema + "\""}
	for _, name := range []string{"catalogue.yaml", "limits.yaml", "networks.yaml"} {
		content, err := fs.ReadFile(menus.FS(), name)
		if err != nil {
			f.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(content), "\n")
		whole = append(whole, rest)
	}
	f.Add([]byte(strings.Join(whole, "\n")))
	f.Fuzz(func(t *testing.T, content []byte) {
		var r source.Report
		c := catalogue.Load(fstest.MapFS{"c.yaml": {Data: content}}, &r)
		if (c == nil) != r.Failed() {
			t.Fatalf("loaded %t, failed %t", c != nil, r.Failed())
		}
		if c == nil {
			return
		}
		for _, category := range c.Categories {
			promisesName(t, c, category.Number, category.Name)
			for _, p := range category.Providers {
				promisesName(t, c, p.Number, p.Name)
				promisesProvider(t, p)
			}
		}
		if _, ok := c.Limits[catalogue.LevelRemote]; !ok {
			t.Error("the level of the wallets has no limits")
		}
		for level, l := range c.Limits {
			promisesLimits(t, c, level, l)
		}
		if _, ok := c.Network("996555123456"); !ok {
			t.Error("a number belongs to no network")
		}
	})
}

func promisesLimits(t *testing.T, c *catalogue.Catalogue, level string, l catalogue.LevelLimits) {
	t.Helper()
	if l.Balance <= 0 || l.Balance > catalogue.MaxBalance {
		t.Errorf("%s: a balance of %s", level, l.Balance)
	}
	out := l.Operations[catalogue.OpOut]
	for op, o := range l.Operations {
		if o.Once <= 0 || o.Once > o.Day || o.Day > o.Month {
			t.Errorf("%s: %s is limited to %+v", level, op, o)
		}
		if op != catalogue.OpCashIn && (o.Once > out.Once || o.Day > out.Day || o.Month > out.Month) {
			t.Errorf("%s: %s is limited to %+v, out to %+v", level, op, o, out)
		}
	}
	for _, op := range []string{catalogue.OpTransfer, catalogue.OpCashOut} {
		o, ok := c.Operations[op]
		if _, priced := o.Fees[level]; !ok || !priced || o.Min <= 0 || o.Min > o.Max ||
			o.Min > l.Operations[op].Once {
			t.Errorf("%s: %s is %+v", level, op, o)
		}
	}
}

func promisesName(t *testing.T, c *catalogue.Catalogue, number int, name map[string]string) {
	t.Helper()
	if number < 1 || number > catalogue.MaxNumber {
		t.Errorf("%v has the number %d", name, number)
	}
	for _, lang := range c.Languages {
		if n := utf8.RuneCountInString(name[lang]); n < 1 || n > catalogue.MaxName {
			t.Errorf("the name %q has %d characters", name[lang], n)
		}
	}
}

func promisesProvider(t *testing.T, p catalogue.Provider) {
	t.Helper()
	if n := len(p.Fields); n < 1 || n > catalogue.MaxFields ||
		p.MaxAccountLen() > catalogue.MaxAccount {
		t.Errorf("%s: %d fields, accounts of up to %d", p.ID, n, p.MaxAccountLen())
	}
	var examples []string
	for _, f := range p.Fields {
		examples = append(examples, f.Example)
		n := len(f.Example)
		if f.MinLen < 1 || f.MinLen > f.MaxLen || n < f.MinLen || n > f.MaxLen {
			t.Errorf("%s: %d to %d digits, the example %q", p.ID, f.MinLen, f.MaxLen, f.Example)
		}
	}
	account := strings.Join(examples, catalogue.AccountSeparator)
	if wrong := p.WrongField(p.Split(account)); wrong != 0 {
		t.Errorf("%s: field %d of the example %q breaks its rule", p.ID, wrong, account)
	}
	if p.Min <= 0 || p.Min > p.Max {
		t.Errorf("%s: amounts of %s to %s", p.ID, p.Min, p.Max)
	}
	if fee, err := p.Fee.Of(p.Max); err != nil || fee < 0 {
		t.Errorf("%s: the fee of %s is %s, %v", p.ID, p.Max, fee, err)
	}
}
