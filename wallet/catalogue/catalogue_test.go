package catalogue_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"ussdgw/menus"
	"ussdgw/menus/source"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// shipped loads the catalogue that the binary carries.
func shipped(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	var r source.Report
	c := catalogue.Load(menus.FS(), &r)
	if c == nil {
		t.Fatalf("the shipped catalogue is refused:\n%v", r.Err())
	}
	if found := r.Findings(); len(found) > 0 {
		t.Errorf("the shipped catalogue has findings: %v", found)
	}
	return c
}

// What subscribers have known for years stays where it is: 14 is other services, 14 in it Dostek.
func TestShippedKnownNumbers(t *testing.T) {
	c := shipped(t)
	if got := len(c.Categories); got < 14 {
		t.Fatalf("%d categories, want at least 14", got)
	}
	other := c.Categories[13]
	if other.Number != 14 || other.Name["ru"] != "Другие услуги" {
		t.Errorf("category 14 is %d %q, want 14 Другие услуги", other.Number, other.Name["ru"])
	}
	if got := len(other.Providers); got < 14 {
		t.Fatalf("%d other services, want at least 14", got)
	}
	dostek := other.Providers[13]
	if dostek.Number != 14 || dostek.Name["ru"] != "Достэк" || dostek.ID != "dostek" {
		t.Errorf("provider 14 is %d %q (%s)", dostek.Number, dostek.Name["ru"], dostek.ID)
	}
	if f := dostek.Fields; len(f) != 1 || f[0].MinLen != 14 || f[0].MaxLen != 14 {
		t.Errorf("Dostek's account is %+v, want one field of 14 digits", f)
	}
	if dostek.Min != money.Som(1) || dostek.Max != money.Som(15000) {
		t.Errorf("Dostek takes %s to %s som, want 1 to 15000", dostek.Min, dostek.Max)
	}
	if fee, err := dostek.Fee.Of(money.Som(15000)); err != nil || fee != money.Som(150) {
		t.Errorf("the fee of 15000 som to Dostek is %s, %v; want 150.00", fee, err)
	}
	if once := c.Limits["remote"].Operations[catalogue.OpPayment].Once; once < dostek.Max {
		t.Errorf("a wallet from USSD may pay %s at once, want Dostek's largest payment, %s", once,
			dostek.Max)
	}
}

func TestShippedAccounts(t *testing.T) {
	c := shipped(t)
	for _, test := range []struct {
		provider, account string
		want              bool
	}{
		{"dostek", "01234567890123", true},
		{"dostek", "11234567890123", false},
		{"dostek", "0123456789012", false},
		{"dostek", "012345678901234", false},
		{"dostek", "x01234567890123", false},
		{"hoster", "0012345678", true},
		{"hoster", "0112345678", false},
		{"hoster", "001234567890123", false},
		{"vostokelectro", "12/345678", true},
		{"vostokelectro", "123/12345678", true},
		{"vostokelectro", "12", false},
		{"vostokelectro", "12/", false},
		{"vostokelectro", "12/345678/", false},
		{"vostokelectro", "12345678", false},
		{"jalalabadel", "12/104/345678", true},
		{"jalalabadel", "12/104", false},
		{"dostek", "01234567890123/", false},
	} {
		p, ok := c.Provider(test.provider)
		if !ok {
			t.Fatalf("no provider %q", test.provider)
		}
		got := p.WrongField(p.Split(test.account)) == 0
		if got != test.want {
			t.Errorf("%s takes account %q: %t, want %t", test.provider, test.account, got, test.want)
		}
	}
	if _, ok := c.Provider("nobody"); ok {
		t.Error("there is a provider nobody")
	}
}

func TestShippedNetworks(t *testing.T) {
	c := shipped(t)
	for _, test := range []struct {
		digits, network string
		served          bool
	}{
		{"996555123456", "megacom", true},
		{"996755123456", "megacom", true},
		{"996880123456", "megacom", true},
		{"996990123456", "megacom", true},
		{"996770123456", "beeline", true},
		{"996220123456", "beeline", true},
		{"996999123456", "beeline", true},
		{"996996123456", "beeline", true},
		{"996700123456", "o", false},
		{"996500123456", "o", false},
		{"996506123456", "other", false},
		{"996991123456", "other", false},
		{"77011234567", "other", false},
	} {
		n, ok := c.Network(test.digits)
		if !ok || n.ID != test.network || n.Served != test.served {
			t.Errorf("network of %s: %s, served %t, found %t; want %s, %t",
				test.digits, n.ID, n.Served, ok, test.network, test.served)
		}
		for _, lang := range c.Languages {
			if !n.Served && n.Elsewhere[lang] == "" {
				t.Errorf("%s does not say in %s where to go", n.ID, lang)
			}
		}
	}
}

func TestFee(t *testing.T) {
	percent := func(bp int64) catalogue.Fee { return catalogue.Fee{BasisPoints: bp} }
	for _, test := range []struct {
		name   string
		fee    catalogue.Fee
		amount money.Amount
		want   money.Amount
	}{
		{"none", catalogue.Fee{}, money.Som(15000), 0},
		{"1 % of 100", percent(100), money.Som(100), money.Som(1)},
		{"1 % of 15000", percent(100), money.Som(15000), money.Som(150)},
		{"1 % of 0.49 is rounded down", percent(100), 49, 0},
		{"1 % of 0.50 is rounded up", percent(100), 50, 1},
		{"0.5 % of 1.00 is rounded up", percent(50), 100, 1},
		{"0.01 % of 1", percent(1), money.Som(1), 0},
		{"100 %", percent(10000), money.Som(7), money.Som(7)},
		{"fixed", catalogue.Fee{Fixed: 550}, money.Som(3), 550},
		{"fixed of nothing", catalogue.Fee{Fixed: 550}, 0, 550},
		{"fixed and share", catalogue.Fee{Fixed: 500, BasisPoints: 200}, money.Som(100), 700},
		{"below min", catalogue.Fee{BasisPoints: 50, Min: 1000}, money.Som(100), 1000},
		{"at min", catalogue.Fee{BasisPoints: 50, Min: 1000}, money.Som(2000), 1000},
		{"above min", catalogue.Fee{BasisPoints: 50, Min: 1000}, money.Som(2002), 1001},
		{"below max", catalogue.Fee{BasisPoints: 100, Max: 3000}, money.Som(2999), 2999},
		{"above max", catalogue.Fee{BasisPoints: 100, Max: 3000}, money.Som(3001), 3000},
		{"fixed above max", catalogue.Fee{Fixed: 4000, Max: 3000}, money.Som(1), 3000},
	} {
		if got, err := test.fee.Of(test.amount); err != nil || got != test.want {
			t.Errorf("%s: fee of %s is %s, %v; want %s", test.name, test.amount, got, err, test.want)
		}
	}
}

func TestFeeRefuses(t *testing.T) {
	if fee, err := (catalogue.Fee{BasisPoints: 100}).Of(-1); err == nil {
		t.Errorf("the fee of -0.01 is %s, want an error", fee)
	}
	huge := catalogue.Fee{BasisPoints: 10000, Fixed: 1}
	if fee, err := huge.Of(math.MaxInt64); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("the fee of the largest amount is %s, %v; want ErrOverflow", fee, err)
	}
}

// expected finds the comments of the bad catalogues: one per faulty line, one or more patterns,
// each for one finding on that line.
var (
	expected = regexp.MustCompile(`# ERROR (".*")\s*$`)
	pattern  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// Every folder of testdata/bad is a catalogue with faults. Each fault is marked on its line with
// `# ERROR "regexp"`, which must match "CODE: message", and there are no findings elsewhere.
func TestBadCatalogues(t *testing.T) {
	files, err := fs.Glob(testdata, "testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad catalogues: %v", err)
	}
	covered := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(path.Base(file), ".yaml"), func(t *testing.T) {
			content, err := fs.ReadFile(testdata, file)
			if err != nil {
				t.Fatal(err)
			}
			var r source.Report
			c := catalogue.Load(fstest.MapFS{"bad.yaml": {Data: content}}, &r)
			if c != nil {
				t.Error("the catalogue was accepted")
			}
			compare(t, string(content), r.Findings())
			for _, f := range r.Findings() {
				covered[f.Code] = true
			}
		})
	}
	readme, err := os.ReadFile("../../menus/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range catalogue.Codes() {
		if !strings.Contains(string(readme), "| "+code.Code+" | "+code.Title+" |") {
			t.Errorf("the language's reference does not list %s, %s", code.Code, code.Title)
		}
		if !covered[code.Code] {
			t.Errorf("no bad catalogue shows %s, %s", code.Code, code.Title)
		}
	}
}

func compare(t *testing.T, content string, findings []source.Finding) {
	t.Helper()
	got := map[int][]string{}
	for _, f := range findings {
		got[f.Pos.Line] = append(got[f.Pos.Line], f.Code+": "+f.Message)
	}
	for i, line := range strings.Split(content, "\n") {
		m := expected.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for _, want := range pattern.FindAllStringSubmatch(m[1], -1) {
			if !take(got, i+1, regexp.MustCompile(want[1])) {
				t.Errorf("line %d: no finding matches %q; have %q", i+1, want[1], got[i+1])
			}
		}
	}
	for line, messages := range got {
		for _, message := range messages {
			t.Errorf("line %d: unexpected finding %q", line, message)
		}
	}
}

// take removes the first message of a line that want matches.
func take(got map[int][]string, line int, want *regexp.Regexp) bool {
	for i, message := range got[line] {
		if want.MatchString(message) {
			got[line] = append(got[line][:i:i], got[line][i+1:]...)
			return true
		}
	}
	return false
}

// Any file that is missing a part, or all of them, is refused and nothing panics.
func TestLoadRefusesFolders(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"empty folder": {},
		"no catalogue": {"main.yaml": {Data: []byte(`schema: "ussd.menu/v1"`)}},
		"only schema":  {"c.yaml": {Data: []byte(`schema: "ussd.catalogue/v1"`)}},
		"no YAML":      {"c.yaml": {Data: []byte("schema: [")}},
		"wrong shapes": {"c.yaml": {Data: []byte("schema: \"ussd.catalogue/v1\"\n" +
			"languages: ky\naccounts: [1]\ncategories: {a: b}\nlimits: [x]\nnetworks: 7\n")}},
	} {
		var r source.Report
		if c := catalogue.Load(fsys, &r); c != nil || !r.Failed() {
			t.Errorf("%s: loaded %v, findings %v", name, c, r.Findings())
		}
	}
}

// Where files cannot be read, only that is said: what seems to be missing may be in them.
func TestLoadReportsTheCauseOnly(t *testing.T) {
	many := fstest.MapFS{}
	for i := range source.MaxFiles + 1 {
		many[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{}
	}
	part := fmt.Appendf(nil, "schema: %q\n", catalogue.Schema)
	for name, test := range map[string]struct {
		fsys fs.FS
		want string // file and code
	}{
		"missing folder": {os.DirFS(path.Join(t.TempDir(), "none")), ". YAML001"},
		"too many files": {many, ". YAML002"},
		"not parsed": {fstest.MapFS{
			"a.yaml": {Data: part}, "limits.yaml": {Data: []byte("a: [")},
		}, "limits.yaml YAML003"},
		"wrong name": {fstest.MapFS{
			"a.yaml": {Data: part}, "limits.yml": {Data: part},
		}, "limits.yml YAML012"},
	} {
		var r source.Report
		if c := catalogue.Load(test.fsys, &r); c != nil {
			t.Errorf("%s: loaded %v", name, c)
		}
		got := r.Findings()
		if len(got) != 1 || got[0].Pos.File+" "+got[0].Code != test.want {
			t.Errorf("%s: got %v, want %s alone", name, got, test.want)
		}
	}
}

// A part that is in two files names the place of the other.
func TestLoadRefusesAPartTwice(t *testing.T) {
	var r source.Report
	fsys := fstest.MapFS{}
	for _, name := range []string{"a.yaml", "b.yaml"} {
		fsys[name] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"schema: %q\nlanguages: [\"ky\"]\n", catalogue.Schema)}
	}
	catalogue.Load(fsys, &r)
	for _, f := range r.Findings() {
		if f.Pos.File == "b.yaml" && strings.Contains(f.Message, "a.yaml:2:12") {
			return
		}
	}
	t.Errorf("no finding in b.yaml names the place in a.yaml: %v", r.Findings())
}

// The menus declare a balance of this width, see ussd/teller, and prove their screens with it. A
// shipped level has room for what the transcripts are given.
func TestBalanceFitsScreens(t *testing.T) {
	if got := catalogue.MaxBalance.String(); got != "999999.99" {
		t.Errorf("the widest balance is %s", got)
	}
	for level, limits := range shipped(t).Limits {
		if limits.Balance < money.Som(60_000) {
			t.Errorf("%s may hold %s", level, limits.Balance)
		}
	}
}

func TestWrongField(t *testing.T) {
	p, _ := shipped(t).Provider("jalalabadel")
	for _, test := range []struct {
		typed []string
		want  int
	}{
		{[]string{"12", "104", "345678"}, 0},
		{[]string{"1", "10", "34567"}, 1},
		{[]string{"12", "10", "34567"}, 2},
		{[]string{"12", "104", "3456 8"}, 3},
		{[]string{"12", "104"}, 3},
		{[]string{"12", "104", "345678", ""}, 4},
		{nil, 1},
	} {
		if got := p.WrongField(test.typed); got != test.want {
			t.Errorf("wrong of %q is field %d, want %d", test.typed, got, test.want)
		}
	}
	if got := (catalogue.Provider{}).WrongField([]string{"1"}); got == 0 {
		t.Error("a provider without fields takes an account")
	}
}

// A language in other letters has the names of the one that it is written from.
func TestText(t *testing.T) {
	texts := map[string]string{"ru": "Вода", "en": "Water", "en-au": "Water, mate"}
	for lang, want := range map[string]string{
		"ru": "Вода", "ru-latn": "Вода", "en-au": "Water, mate", "fr": "", "fr-latn": "",
	} {
		if got := catalogue.Text(texts, lang); got != want {
			t.Errorf("in %s it is %q, want %q", lang, got, want)
		}
	}
}

// Phones of every network of the country that is named here are topped up under their own number,
// and other numbers are not.
func TestShippedTopUps(t *testing.T) {
	c := shipped(t)
	for digits, want := range map[string]string{
		"996555123456": "megacom 0555123456",
		"996990123456": "megacom 0990123456",
		"996770123456": "beeline 0770123456",
		"996996123456": "beeline 0996123456",
		"996700123456": "o 0700123456", // it is not served, and its phones are topped up
		"996506123456": " ",
		"77011234567":  " ",
		"99655512345":  " ", // a digit is missing
	} {
		p, account, ok := c.TopUp(digits)
		if got := p.ID + " " + account; ok != (want != " ") || ok && got != want {
			t.Errorf("%s is topped up by %q, %t; want %q", digits, got, ok, want)
		}
	}
}

// Every provider that a biller answers for names it, and those alone are asked whose account it is.
func TestShippedBillers(t *testing.T) {
	billed, checked := 0, 0
	for _, category := range shipped(t).Categories {
		for _, p := range category.Providers {
			if (p.Settlement == catalogue.SettlementBiller) != (p.Biller != "") {
				t.Errorf("%s settles by %s, and its biller is %q", p.ID, p.Settlement, p.Biller)
			}
			if p.Biller != "" {
				billed++
			}
			if p.Check {
				checked++
			}
		}
	}
	if billed < 8 || checked < 5 || checked >= billed {
		t.Errorf("%d providers have a biller, %d are asked", billed, checked)
	}
}
