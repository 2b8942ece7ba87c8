package translation_test

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ussdgw/menus/schema"
	"ussdgw/menus/source"
	"ussdgw/menus/translation"
)

// root describes just enough of a menu.
func root() *schema.Schema {
	text := &schema.Schema{Text: true, About: "prompt", Limit: 14}
	return &schema.Schema{Properties: []schema.Property{
		{Key: "languages", Schema: &schema.Schema{Items: schema.Scalar("")}},
		{Key: "states", Schema: &schema.Schema{
			Named: &schema.Schema{Properties: []schema.Property{
				{Key: "text", Schema: text},
				{Key: "options", Schema: &schema.Schema{Items: &schema.Schema{
					Properties: []schema.Property{{Key: "text", Schema: text}},
				}}},
			}},
		}},
	}}
}

const menuText = `# a menu
languages: [ky, ru]   # two
states:
  main:
    text: {ky: "Баланс {sum}", ru: 'Ваш баланс {sum}'}   # the balance
    options:
      - text: "Same"
      - text:
          ky: "-5 {a}"   # minus
          ru: |
            one
            two {a}
  left:
    text:
      ky: {by: left, one: "{left} жол", other: "{left} жолу"}
      ru: {by: left, one: "{left} раз", few: "{left} раза", other: "{left} раз"}
`

func files(t *testing.T, text string) []translation.File {
	t.Helper()
	r := &source.Report{}
	f := source.ParseBytes("a.yaml", []byte(text), r)
	if r.Failed() {
		t.Fatal(r.Err())
	}
	return []translation.File{{File: f, Schema: root()}}
}

// table exports and returns the records.
func table(t *testing.T, text string, langs ...string) [][]string {
	t.Helper()
	var b strings.Builder
	if err := translation.Export(&b, translation.Rows(files(t, text)), langs); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestExport(t *testing.T) {
	var got []string
	for _, r := range table(t, menuText, "ky", "ru") {
		got = append(got, strings.Join(slices.Delete(r, 4, 5), "|"))
	}
	want := []string{
		"file|key|about|limit|*|ky|ru",
		"a.yaml|states.main.text|prompt|14||Баланс {sum}|Ваш баланс {sum}",
		"a.yaml|states.main.options[0].text|prompt|14|Same||",
		"a.yaml|states.main.options[1].text|prompt|14||'-5 {a}|one\ntwo {a}\n",
		"a.yaml|states.left.text@one|prompt|14||{left} жол|{left} раз",
		"a.yaml|states.left.text@other|prompt|14||{left} жолу|{left} раз",
		"a.yaml|states.left.text@few|prompt|14|||{left} раза",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// edited exports text, changes cells by key and column, and imports into now.
func edited(
	t *testing.T, text, now string, cells map[string]string, langs ...string,
) (*translation.Import, []string) {
	t.Helper()
	records := table(t, text, langs...)
	for at, cell := range cells {
		key, column, _ := strings.Cut(at, " ")
		c := slices.Index(records[0], column)
		r := slices.IndexFunc(records, func(r []string) bool { return r[1] == key })
		if c < 0 || r < 0 {
			t.Fatalf("no cell %s", at)
		}
		records[r][c] = cell
	}
	return imported(t, now, records, ',')
}

func imported(
	t *testing.T, now string, records [][]string, comma rune,
) (*translation.Import, []string) {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = comma
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	out, faults := translation.Read([]byte(b.String()), files(t, now))
	var lines []string
	for _, f := range faults {
		lines = append(lines, fmt.Sprintf("%d: %s", f.Line, f.Text))
	}
	return out, lines
}

func TestImportChangesTextsAndNothingElse(t *testing.T) {
	for _, tt := range []struct {
		name     string
		cells    map[string]string
		old, new string
	}{
		{"nothing", nil, "", ""},
		{
			"in brackets",
			map[string]string{"states.main.text ru": "Остаток \"{sum}\""},
			"'Ваш баланс {sum}'", `"Остаток \"{sum}\""`,
		},
		{
			"a block",
			map[string]string{"states.main.options[1].text ru": "{a}\nx"},
			"|\n            one\n            two {a}\n", "\"{a}\\nx\"\n",
		},
		{
			"with an apostrophe",
			map[string]string{"states.main.options[1].text ky": "'-6 {a}"},
			"-5 {a}", "-6 {a}",
		},
		{"for all", map[string]string{"states.main.options[0].text *": "Other"}, "Same", "Other"},
		{
			"no longer for all",
			map[string]string{"states.main.options[0].text ru": "Другое"},
			`"Same"`, `{ky: "Same", ru: "Другое"}`,
		},
		{
			"a form",
			map[string]string{"states.left.text@few ru": "{left} разика"},
			"{left} раза", "{left} разика",
		},
		{
			"a new form",
			map[string]string{"states.left.text@few ky": "{left} few"},
			`"{left} жолу"}`, `"{left} жолу", few: "{left} few"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, faults := edited(t, menuText, menuText, tt.cells, "ky", "ru")
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if len(tt.cells) == 0 {
				if len(got.Files)+len(got.Changes) > 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			want := strings.Replace(menuText, tt.old, tt.new, 1)
			if string(got.Files["a.yaml"]) != want {
				t.Errorf("got\n%s\nwant\n%s", got.Files["a.yaml"], want)
			}
			// The same table once more: all of it is there.
			again, faults := edited(t, menuText, want, tt.cells, "ky", "ru")
			if len(faults) > 0 || len(again.Changes) > 0 {
				t.Errorf("again: %v, %v", again, faults)
			}
		})
	}
}

func TestImportAddsALanguage(t *testing.T) {
	got, faults := edited(t, menuText, menuText, map[string]string{
		"states.main.text uz":            "Balans {sum}",
		"states.main.options[1].text uz": "five {a}",
		"states.left.text@one uz":        "{left} marta",
		"states.left.text@other uz":      "{left} martalar",
	}, "ky", "uz")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := menuText
	for _, r := range [][2]string{
		{"[ky, ru]", `[ky, ru, "uz"]`},
		{"баланс {sum}'}", `баланс {sum}', uz: "Balans {sum}"}`},
		{"            two {a}\n", "            two {a}\n          uz: \"five {a}\"\n"},
		{
			"other: \"{left} раз\"}\n", "other: \"{left} раз\"}\n      uz: {by: \"left\", " +
				"one: \"{left} marta\", other: \"{left} martalar\"}\n",
		},
	} {
		if !strings.Contains(want, r[0]) {
			t.Fatal(r)
		}
		want = strings.Replace(want, r[0], r[1], 1)
	}
	if string(got.Files["a.yaml"]) != want || !slices.Equal(got.Added, []string{"uz"}) {
		t.Errorf("added %v, got\n%s\nwant\n%s", got.Added, got.Files["a.yaml"], want)
	}
}

// What cannot be taken says the line of the table, all at once, and nothing is made.
func TestImportRefuses(t *testing.T) {
	changed := strings.Replace(menuText, "Ваш баланс", "Остаток", 1)
	for _, tt := range []struct {
		name, now, at, cell, want string
	}{
		{
			"another value", menuText, "states.main.text ru", "Баланс {balance}",
			"2: states.main.text: the text under \"ru\" shows {balance}, and must show {sum}",
		},
		{"no value", menuText, "states.main.text ky", "Баланс", "shows no value, and must show {sum}"},
		{"empty", menuText, "states.main.text ky", "", "2: states.main.text: the cell under \"ky\" is"},
		{
			"stale", changed, "states.main.text ru", "Ваш новый баланс {sum}",
			"the text under \"ru\" was changed in a.yaml since the export",
		},
		{
			"translated from what was", changed, "states.main.text ky", "Калдык {sum}",
			"the text under \"ru\" was changed in a.yaml since the export",
		},
		{
			"for all, of a text by language", menuText, "states.main.text *", "{sum}",
			"2: states.main.text has a text for each language",
		},
		{
			"gone", strings.Replace(menuText, "main:", "menu:", 1), "states.main.text ky", "x {sum}",
			"2: a.yaml has no text \"states.main.text\", did you mean states.menu.text?",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, faults := edited(t, menuText, tt.now, map[string]string{tt.at: tt.cell}, "ky", "ru")
			if got != nil || len(faults) == 0 || !strings.Contains(faults[0], tt.want) {
				t.Errorf("got %v, %q, want %q", got, faults, tt.want)
			}
		})
	}
	// What was changed in the files and not in the table stays.
	got, faults := edited(t, menuText, changed, nil, "ky", "ru")
	if len(faults) > 0 || len(got.Changes) > 0 {
		t.Errorf("got %v, %v", got, faults)
	}
}

func TestImportRefusesOtherTables(t *testing.T) {
	head := "file,key,was,ru\n"
	row := "a.yaml,states.main.text,,x {sum}\n"
	for _, tt := range []struct{ table, want string }{
		{"", "1: no table: it is empty"},
		{"a,b\n", "1: the first line lacks the column \"file\""},
		{head + "a.yaml,states.main.text,,\xc1\xe0\n", "0: no table in UTF-8: save it"},
		{"\xff\xfef\x00i\x00l\x00e\x00", "0: no table in UTF-8: save it"},
		{"PK\x03\x04\x14\x00", "0: no table in UTF-8: save it"},
		{"file,key,was,Ru ssian\n", "1: the column \"Ru ssian\" is no language"},
		{"file,key,was,ru,ru\n", "1: the column \"ru\" is there twice"},
		{head + "a.yaml,x\n", "2: 2 cells under 4 columns"},
		{head + "a.yaml,\"x\n", "no table: extraneous or missing"},
		{head + "b.yaml,states.main.text,,x\n", "2: no file \"b.yaml\" with texts"},
		{head + "a.yaml,zzzzzzzzzzzz,,x\n", "2: a.yaml has no text \"zzzzzzzzzzzz\": was it renamed"},
		{head + row + row, "3: states.main.text of a.yaml is in line 2 already"},
		{strings.Repeat("x", translation.MaxTableBytes+1), "0: the table has more than"},
	} {
		got, faults := translation.Read([]byte(tt.table), files(t, menuText))
		found := slices.ContainsFunc(faults, func(f translation.Fault) bool {
			return strings.HasPrefix(fmt.Sprintf("%d: %s", f.Line, f.Text), tt.want) ||
				strings.Contains(f.Text, tt.want)
		})
		if got != nil || !found {
			t.Errorf("%.40q: got %v, %v, want %q", tt.table, got, faults, tt.want)
		}
	}
}

// Tables as spreadsheets write them: another separator, a byte order mark, CRLF, more rows gone.
func TestImportOfOtherForms(t *testing.T) {
	records := table(t, menuText, "ky", "ru")[:2]
	records[1][6] = "Калдык {sum}"
	for _, comma := range ",;\t" {
		got, faults := imported(t, menuText, records, comma)
		if len(faults) > 0 || len(got.Changes) != 1 {
			t.Errorf("%q: got %v, %v", comma, got, faults)
		}
	}
	records = append(records, make([]string, len(records[0])), []string{"", ""}) // emptied rows
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	got, faults := translation.Read([]byte("\ufeff"+b.String()), files(t, menuText))
	if len(faults) > 0 || len(got.Changes) != 1 || got.Changes[0].New != "Калдык {sum}" {
		t.Errorf("got %v, %v", got, faults)
	}
}

func TestCauseIsTheCell(t *testing.T) {
	got, faults := edited(t, menuText, menuText, map[string]string{
		"states.main.text ru": "Новый {sum}", "states.main.options[0].text *": "x",
	}, "ky", "ru")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, tt := range []struct {
		pos  source.Pos
		want string
	}{
		{source.Pos{File: "a.yaml", Line: 5, Col: 40}, "2 states.main.text ru"},
		{source.Pos{File: "a.yaml", Line: 5, Col: 16}, "0  "},
		{source.Pos{File: "a.yaml", Line: 7, Col: 15}, "3 states.main.options[0].text *"},
		{source.Pos{File: "b.yaml", Line: 5, Col: 40}, "0  "},
	} {
		line, key, lang := got.Cause(files(t, menuText), tt.pos)
		if s := fmt.Sprintf("%d %s %s", line, key, lang); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.pos, s, tt.want)
		}
	}
}

func TestMissing(t *testing.T) {
	text := strings.Replace(menuText, `, ru: 'Ваш баланс {sum}'`, `, ru: ""`, 1)
	var got []string
	for _, g := range translation.Missing(files(t, text), []string{"ru", "uz"}) {
		got = append(got, fmt.Sprintf("%s %s %s", g.Pos, g.Key, g.Lang))
	}
	want := []string{
		"a.yaml:5:11 states.main.text ru", "a.yaml:5:11 states.main.text uz",
		"a.yaml:9:11 states.main.options[1].text uz", "a.yaml:15:7 states.left.text uz",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A text that a spreadsheet would calculate comes back as it was, apostrophes and all.
func TestFormulasAreHarmless(t *testing.T) {
	for _, text := range []string{"=1+1", "+a", "-a", "@a", "'=a", "''-a", "'a", "a", "'"} {
		quoted := source.Quote(text)
		yaml := "languages: [ky]\nstates:\n  a:\n    text: {ky: " + quoted + "}\n"
		records := table(t, yaml, "ky")
		cell := records[1][6]
		if cell != "" && strings.Contains("=+-@", cell[:1]) {
			t.Errorf("%q is the cell %q", text, cell)
		}
		other := strings.Replace(yaml, quoted, `"x"`, 1)
		records[1][4] = table(t, other, "ky")[1][4]
		got, faults := imported(t, other, records, ',')
		if len(faults) > 0 || len(got.Changes) != 1 || got.Changes[0].New != text {
			t.Errorf("%q: got %v, %v", text, got, faults)
		}
	}
}
