package registry_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bishkek = time.FixedZone("Bishkek", 6*60*60)

const header = "txn_id;prv_txn;txn_date;account;sum;fee\n"

func two() []registry.Line {
	at := time.Date(2026, 3, 1, 14, 5, 9, 0, bishkek)
	return []registry.Line{
		{Txn: "1234567", ProviderTxn: "2016", At: at, Account: "4957835959", Amount: 20000, Fee: 200},
		{Txn: "1234568", At: at.Add(time.Hour), Account: "12/345", Amount: 1045},
	}
}

func write(p registry.Profile, lines []registry.Line) (string, error) {
	var b bytes.Buffer
	w, err := registry.NewWriter(&b, p)
	if err != nil {
		return "", err
	}
	for _, l := range lines {
		if err := w.Write(l); err != nil {
			return "", err
		}
	}
	err = w.Close()
	return b.String(), err
}

func TestDefaultForm(t *testing.T) {
	p := registry.Profile{Zone: bishkek}
	const want = header +
		"1234567;2016;2026-03-01 14:05:09;4957835959;200.00;2.00\n" +
		"1234568;;2026-03-01 15:05:09;12/345;10.45;0.00\n" +
		"#2;210.45\n"
	if got, err := write(p, two()); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	const nothing = header + "#0;0.00\n"
	if got, err := write(p, nil); err != nil || got != nothing {
		t.Errorf("got %q, %v; want %q", got, err, nothing)
	}
	if lines, err := registry.ReadAll(strings.NewReader(nothing), p); err != nil || len(lines) != 0 {
		t.Errorf("an empty registry: %v, %v", lines, err)
	}
}

// Files as others write them.
func TestForms(t *testing.T) {
	for name, tt := range map[string]struct {
		profile registry.Profile
		text    string
	}{
		"default": {registry.Profile{}, header +
			"1234567;2016;2026-03-01 14:05:09;4957835959;200.00;2.00\n" +
			"1234568;;2026-03-01 15:05:09;12/345;10.45;0\n#2;210.45\n"},
		"CRLF, BOM, blanks, no last end": {registry.Profile{}, "\ufeff" +
			strings.ReplaceAll(header, "\n", "\r\n") +
			"1234567; 2016 ;2026-03-01 14:05:09; 4957835959;200;2\r\n" +
			"1234568;;2026-03-01 15:05:09;12/345;10.45;\r\n#2;210.45"},
		"comma, quotes": {
			registry.Profile{Delimiter: ';', Decimal: ','}, header +
				"\"1234567\";\"2016\";2026-03-01 14:05:09;\"4957835959\";\"200,00\";2,0\n" +
				"1234568;\"\";2026-03-01 15:05:09;12/345;10,45;0\n#2;210,45\n\n\n",
		},
		"tabs, own titles, skipped columns": {
			registry.Profile{
				Delimiter: '\t', TimeLayout: "02.01.2006 15:04:05",
				Titles: []string{"Дата", "№", "Статус", "ID", "Счет", "Сумма", "Комиссия"},
				Columns: []registry.Column{
					registry.ColumnDate, registry.ColumnProviderTxn, registry.ColumnSkip,
					registry.ColumnTxn, registry.ColumnAccount, registry.ColumnAmount, registry.ColumnFee,
				},
			},
			"Дата\t№\tСтатус\tID\tСчет\tСумма\tКомиссия\n" +
				"01.03.2026 14:05:09\t2016\tПринят\t1234567\t4957835959\t200.00\t2.00\n" +
				"01.03.2026 15:05:09\t\t;\t1234568\t12/345\t10.45\t0.00\n#2\t210.45\n",
		},
		"no header, no trailer": {
			registry.Profile{NoHeader: true, NoTrailer: true},
			"1234567;2016;2026-03-01 14:05:09;4957835959;200.00;2.00\n" +
				"1234568;;2026-03-01 15:05:09;12/345;10.45;0\n",
		},
	} {
		tt.profile.Zone = bishkek
		got, err := registry.ReadAll(strings.NewReader(tt.text), tt.profile)
		if err != nil || !reflect.DeepEqual(got, two()) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestWindows1251(t *testing.T) {
	p := registry.Profile{
		Charset: registry.CharsetWindows1251,
		Columns: []registry.Column{registry.ColumnTxn, registry.ColumnAccount, registry.ColumnAmount},
		Titles:  []string{"Номер", "Счет", "Сумма"},
	}
	lines := []registry.Line{{Txn: "1", Account: "кв. 5", Amount: 100}}
	const want = "\xcd\xee\xec\xe5\xf0;\xd1\xf7\xe5\xf2;\xd1\xf3\xec\xec\xe0\n" +
		"1;\xea\xe2. 5;1.00\n#1;1.00\n"
	got, err := write(p, lines)
	if err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	back, err := registry.ReadAll(strings.NewReader(want), p)
	if err != nil || !reflect.DeepEqual(back, lines) {
		t.Errorf("got %+v, %v", back, err)
	}
	lines[0].Account = "ө"
	if got, err := write(p, lines); err == nil ||
		!strings.Contains(err.Error(), "row 1: a character") {
		t.Errorf("got %q, %v; the charset has no ө", got, err)
	}
	if _, err := registry.ReadAll(strings.NewReader("\x98"), p); err == nil {
		t.Error("an octet that the charset does not have")
	}
}

func TestFaultsNameTheirPlace(t *testing.T) {
	const row = "1234567;2016;2026-03-01 14:05:09;4957835959;200.00;2.00\n"
	long := strings.Repeat("1", registry.MaxLineOctets)
	with := func(old, other string) string { return header + strings.Replace(row, old, other, 1) }
	for text, want := range map[string]string{
		"":                                 "line 1: the file is empty",
		"txn_id;prv_txn\n":                 `line 1, column 15: the header has no "txn_date"`,
		"a" + header:                       `line 1, column 1: the header has "atxn_id" where "txn_id"`,
		header[:39] + ";x\n#0;0":           `line 1, column 41: the header has a column too many: "x"`,
		header:                             "line 2: the file ends without its trailer",
		header + row:                       "line 3: the file ends without its trailer",
		header + row + "#1":                "line 3, column 1: a trailer is #count;sum",
		header + row + "#x;2":              "line 3, column 2: the trailer's count",
		header + row + "#01;200.00":        "line 3, column 2: the trailer's count",
		header + row + "#2;200.00":         "line 3, column 2: the trailer says 2 rows, the file has 1",
		header + row + "#1;200.01":         "line 3, column 4: the trailer says 200.01, the rows",
		header + row + "#1;":               "line 3, column 4: the trailer's sum",
		header + row + "#1;-200.00":        "line 3, column 4: the trailer's sum",
		header + row + "#1;200.00\n" + row: "line 4, column 1: something follows",
		header + "\n#0;0.00":               "line 2: 1 cells, want 6",
		header + "1;2;3\n":                 "line 2: 3 cells, want 6, with ';' between them",
		header + "a b" + row:               "line 2, column 1: txn_id: not an id",
		header + row[7:]:                   "line 2, column 1: txn_id: not an id",
		header + "=1" + row:                "line 2, column 1: txn_id",
		with("2016", "20;16"):              "line 2: 7 cells",
		with("2016", "20 16"):              "line 2, column 9: prv_txn",
		with("2026-03", "2026-13"):         "line 2, column 14: txn_date: \"2026-13-01",
		with("4957835959", ""):             "line 2, column 34: account: empty",
		with("957", "\u202e957"):           "line 2, column 34: account: not at most",
		with("200.00", "200,00"):           "line 2, column 45: sum: not an amount such as 100",
		with("200.00", "200.000"):          "line 2, column 45: sum",
		with("200.00", "-200.00"):          "line 2, column 45: sum",
		with("200.00", "2 000.00"):         "line 2, column 45: sum",
		with("200.00", "2e3"):              "line 2, column 45: sum",
		with(";2.00", ";x"):                "line 2, column 52: fee",
		with("2016", `"2016`):              "line 2, column 9: a quote is not closed",
		with("2016", `"20"16`):             "line 2, column 13: text after a closing",
		with("2016", "\xff"):               "line 2: not in utf-8",
		header + long:                      "line 2: longer than 4096 octets",
	} {
		_, err := registry.ReadAll(strings.NewReader(text), registry.Profile{Zone: bishkek})
		var at *registry.Error
		if !errors.As(err, &at) || !strings.HasPrefix(err.Error(), "registry: "+want) {
			t.Errorf("%.120q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "957835959") {
			t.Errorf("%q: the error tells the account: %v", text, err)
		}
	}
}

// broken fails after some octets.
type broken struct{ r io.Reader }

var errDisk = errors.New("disk")

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errDisk
	}
	return n, err
}

func TestReaderStaysFailed(t *testing.T) {
	p := registry.Profile{Zone: bishkek}
	r, err := registry.NewReader(broken{strings.NewReader(header + "1;")}, p)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Read(); !errors.Is(err, errDisk) {
			t.Errorf("got %v", err)
		}
	}
	r, _ = registry.NewReader(strings.NewReader(header+"#0;0\n"), p)
	for range 2 {
		if _, err := r.Read(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	}
}

// endless gives a row for ever.
type endless struct {
	row string
	at  int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.row[e.at]
		e.at = (e.at + 1) % len(e.row)
	}
	return len(p), nil
}

func TestRowsAreBounded(t *testing.T) {
	p := registry.Profile{NoHeader: true, Columns: []registry.Column{
		registry.ColumnTxn, registry.ColumnAmount,
	}}
	r, err := registry.NewReader(&endless{row: "1;1.00\n"}, p)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for ; err == nil; rows++ {
		_, err = r.Read()
	}
	if rows-1 != registry.MaxRows || !strings.Contains(err.Error(), "more than 1000000 rows") {
		t.Errorf("%d rows, %v", rows-1, err)
	}
}

func TestTotalsAreBounded(t *testing.T) {
	p := registry.Profile{NoHeader: true, Columns: []registry.Column{
		registry.ColumnTxn, registry.ColumnAmount,
	}}
	const most = money.Amount(99999999999999)
	var lines []registry.Line
	for range 92233 {
		lines = append(lines, registry.Line{Txn: "1", Amount: most})
	}
	text, err := write(p, lines)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := registry.ReadAll(strings.NewReader(text), p); err != nil || len(back) != 92233 {
		t.Errorf("%d rows, %v", len(back), err)
	}
	lines = append(lines, lines[0])
	if _, err := write(p, lines); err == nil || !strings.Contains(err.Error(), "total is too large") {
		t.Errorf("written: %v", err)
	}
	text = strings.Replace(text, "\n#", "\n1;999999999999.99\n#", 1)
	if _, err := registry.ReadAll(strings.NewReader(text), p); err == nil ||
		!strings.Contains(err.Error(), "total is too large") {
		t.Errorf("read: %v", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	for want, edit := range map[string]func(*registry.Line){
		"txn_id: not an id of 1 to": func(l *registry.Line) { l.Txn = "" },
		"txn_id: not an id":         func(l *registry.Line) { l.Txn = "#1" },
		"prv_txn: not":              func(l *registry.Line) { l.ProviderTxn = "1\n2" },
		"account: not":              func(l *registry.Line) { l.Account = strings.Repeat("1", 201) },
		"account: empty":            func(l *registry.Line) { l.Account = "" },
		"txn_date: missing":         func(l *registry.Line) { l.At = time.Time{} },
		"sum: less than 0":          func(l *registry.Line) { l.Amount = -1 },
		"sum: too large":            func(l *registry.Line) { l.Amount = 100000000000000 },
		"fee: less than 0":          func(l *registry.Line) { l.Fee = -1 },
	} {
		l := two()[0]
		edit(&l)
		var b bytes.Buffer
		w, err := registry.NewWriter(&b, registry.Profile{Zone: bishkek})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(l)
		if err == nil || !strings.Contains(err.Error(), "registry: row 1: "+want) {
			t.Errorf("got %v, want %q", err, want)
		}
		// The refused line has left nothing.
		if err := errors.Join(w.Write(two()[1]), w.Close()); err != nil {
			t.Error(err)
		}
		if lines, err := registry.ReadAll(&b, registry.Profile{Zone: bishkek}); err != nil ||
			len(lines) != 1 {
			t.Errorf("after a refused line: %v, %v", lines, err)
		}
		if w.Write(two()[0]) == nil {
			t.Error("written to after Close")
		}
	}
}

func TestProfileFaults(t *testing.T) {
	good := registry.Profile{Zone: bishkek}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for want, edit := range map[string]func(*registry.Profile){
		"the delimiter 'x'":    func(p *registry.Profile) { p.Delimiter = 'x' },
		"the decimal sign '*'": func(p *registry.Profile) { p.Decimal = '*' },
		"are both ','":         func(p *registry.Profile) { p.Delimiter, p.Decimal = ',', ',' },
		`the charset "koi8"`:   func(p *registry.Profile) { p.Charset = "koi8" },
		"the zone":             func(p *registry.Profile) { p.Zone = nil },
		"1 titles for 6":       func(p *registry.Profile) { p.Titles = []string{"a"} },
		`no column "status"`:   func(p *registry.Profile) { p.Columns = []registry.Column{"status"} },
		`"sum" is missing`:     func(p *registry.Profile) { p.Columns = []registry.Column{"txn_id"} },
		`"sum" is there twice`: func(p *registry.Profile) {
			p.Columns = []registry.Column{"txn_id", "sum", "sum"}
		},
		"is not printable": func(p *registry.Profile) {
			p.Columns, p.Titles = []registry.Column{"txn_id", "sum"}, []string{"a\n", "b"}
		},
	} {
		p := good
		edit(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := registry.NewReader(nil, p); err == nil {
			t.Errorf("%s: read", want)
		}
		if _, err := registry.NewWriter(nil, p); err == nil {
			t.Errorf("%s: written", want)
		}
	}
}

// profiles draws any form.
func profiles(t *rapid.T) registry.Profile {
	p := registry.Profile{
		Delimiter: rapid.SampledFrom([]rune{';', ',', '|', '\t'}).Draw(t, "delimiter"),
		Charset:   rapid.SampledFrom([]string{"", registry.CharsetWindows1251}).Draw(t, "charset"),
		NoHeader:  rapid.Bool().Draw(t, "no header"),
		NoTrailer: rapid.Bool().Draw(t, "no trailer"),
		Zone:      bishkek,
		Columns: rapid.Permutation([]registry.Column{
			registry.ColumnTxn, registry.ColumnProviderTxn, registry.ColumnDate, registry.ColumnAccount,
			registry.ColumnAmount, registry.ColumnFee, registry.ColumnSkip,
		}).Draw(t, "columns"),
	}
	if p.Delimiter != ',' && rapid.Bool().Draw(t, "decimal comma") {
		p.Decimal = ','
	}
	return p
}

func TestReadsWhatItWrites(t *testing.T) {
	line := rapid.Custom(func(t *rapid.T) registry.Line {
		return registry.Line{
			Txn:         rapid.StringMatching(`[0-9A-Z]{1,20}`).Draw(t, "txn"),
			ProviderTxn: rapid.StringMatching(`[0-9a-f-]{0}|[0-9a-f][0-9a-f-]{0,9}`).Draw(t, "prv_txn"),
			At:          time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).In(bishkek),
			Account: rapid.StringMatching(`[0-9А-Яа-я#;,|"/.]([0-9А-Яа-я#;,|"/. ]{0,9}[0-9"])?`).
				Draw(t, "account"),
			Amount: money.Amount(rapid.Int64Range(0, 99999999999999).Draw(t, "amount")),
			Fee:    money.Amount(rapid.Int64Range(0, 100000).Draw(t, "fee")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		p, lines := profiles(t), rapid.SliceOfN(line, 0, 5).Draw(t, "lines")
		text, err := write(p, lines)
		if err != nil {
			t.Fatal(err)
		}
		back, err := registry.ReadAll(strings.NewReader(text), p)
		if err != nil || len(back) != len(lines) {
			t.Fatalf("%q: %v", text, err)
		}
		for i := range lines {
			if back[i] != lines[i] {
				t.Fatalf("%q: %+v, want %+v", text, back[i], lines[i])
			}
		}
	})
}

// FuzzRead feeds any text: what is accepted is within the bounds, and is read from what it is
// written as.
func FuzzRead(f *testing.F) {
	f.Add([]byte(header+"1;2;2026-03-01 14:05:09;4;200.00;2.00\n#1;200\n"), false)
	f.Add([]byte(header+"1;\"2\";2026-03-01 14:05:09;\"\"\"4\";200.00;\n#1;200\n"), true)
	f.Add([]byte("\ufeff"+header+"#0;0"), false)
	f.Fuzz(func(t *testing.T, text []byte, cyrillic bool) {
		p := registry.Profile{Zone: bishkek}
		if cyrillic {
			p.Charset = registry.CharsetWindows1251
		}
		lines, err := registry.ReadAll(bytes.NewReader(text), p)
		if err != nil {
			return
		}
		again, err := write(p, lines)
		if err != nil {
			t.Fatalf("%q is read but not written: %v", text, err)
		}
		back, err := registry.ReadAll(strings.NewReader(again), p)
		if err != nil || len(back) != len(lines) {
			t.Fatalf("%q: %v", again, err)
		}
		for i := range lines {
			if back[i] != lines[i] {
				t.Fatalf("%q: %+v, want %+v", again, back[i], lines[i])
			}
		}
	})
}
