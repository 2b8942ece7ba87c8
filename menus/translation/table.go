package translation

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The columns before those of the languages.
const (
	columnFile  = "file"
	columnKey   = "key"
	columnAbout = "about"
	columnLimit = "limit"
	columnWas   = "was" // what the texts were, in a few digits: texts that changed since are found
)

func columns() []string {
	return []string{columnFile, columnKey, columnAbout, columnLimit, columnWas}
}

// MaxTableBytes is how large a table may be.
const MaxTableBytes = 16 << 20

// Export writes the rows as CSV with a column for each of langs.
func Export(w io.Writer, rows []Row, langs []string) error {
	out := csv.NewWriter(w)
	langs = append([]string{Every}, langs...)
	if err := out.Write(append(columns(), langs...)); err != nil {
		return err
	}
	for _, r := range rows {
		limit := ""
		if r.Limit > 0 {
			limit = strconv.Itoa(r.Limit)
		}
		record := []string{r.File, r.Key, r.About, limit, stampsOf(r, langs)}
		for _, lang := range langs {
			record = append(record, harmless(r.Cell(lang)))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// stampsOf is what the texts of a row are now: "ky:1a2b3c4d ru:5e6f7a8b".
func stampsOf(r Row, langs []string) string {
	var out []string
	for _, lang := range langs {
		if text := r.Cell(lang); text != "" {
			out = append(out, lang+":"+stamp(text))
		}
	}
	return strings.Join(out, " ")
}

// stamp is a few digits that another text is unlikely to have.
func stamp(text string) string {
	const octets = 4
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:octets])
}

// formula are the characters that make a cell one that a spreadsheet calculates.
const formula = "=+-@\t\r"

// harmless puts an apostrophe before a text that a spreadsheet would take for a formula, and one
// more where there is one.
func harmless(text string) string {
	if begins(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// original takes off what harmless has put before a text.
func original(cell string) string {
	rest := strings.TrimLeft(cell, "'")
	if len(rest) < len(cell) && begins(rest) {
		return cell[1:]
	}
	return cell
}

// begins reports whether a spreadsheet would take a text for a formula.
func begins(text string) bool { return text != "" && strings.IndexByte(formula, text[0]) >= 0 }

// A record is a row of a table that came back.
type record struct {
	line      int
	file, key string
	was       map[string]string // stamps by language
	cells     map[string]string // by language
}

// A Fault is what is wrong with a line of a table, or, with Line 0, with all of it.
type Fault struct {
	Line int
	Text string
}

// readTable reads CSV with commas or, as some spreadsheets write it, semicolons or tabs. A byte
// order mark and empty rows are passed over. Columns may be in any order; those that are not known
// are languages.
func readTable(b []byte) (all []record, langs []string, faults []Fault) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, nil, []Fault{{0, "no table in UTF-8: save it in the spreadsheet as" +
			" \"CSV UTF-8\", not as a workbook and in no other encoding"}}
	}
	in := csv.NewReader(bytes.NewReader(b))
	in.Comma = comma(b)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return nil, nil, []Fault{{1, "no table: " + reason(err)}}
	}
	for _, needed := range []string{columnFile, columnKey, columnWas} {
		if !slices.Contains(head, needed) {
			return nil, nil, []Fault{{1, fmt.Sprintf("the first line lacks the column %q", needed)}}
		}
	}
	for i, name := range head {
		switch {
		case slices.Contains(head[:i], name):
			return nil, nil, []Fault{{1, fmt.Sprintf("the column %q is there twice", name)}}
		case slices.Contains(columns(), name):
		case name != Every && !isLanguage(name):
			return nil, nil, []Fault{{1, fmt.Sprintf("the column %q is no language", name)}}
		default:
			langs = append(langs, name)
		}
	}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, langs, faults
		}
		if err != nil {
			return nil, nil, append(faults, Fault{lineOf(err), "no table: " + reason(err)})
		}
		if strings.Join(fields, "") == "" {
			continue // spreadsheets write rows that were emptied
		}
		line, _ := in.FieldPos(0)
		if len(fields) != len(head) {
			faults = append(faults, Fault{
				line, fmt.Sprintf("%d cells under %d columns", len(fields), len(head)),
			})
			continue
		}
		all = append(all, recordOf(line, head, fields))
	}
}

func recordOf(line int, head, fields []string) record {
	r := record{line: line, was: map[string]string{}, cells: map[string]string{}}
	for i, name := range head {
		switch name {
		case columnFile:
			r.file = fields[i]
		case columnKey:
			r.key = fields[i]
		case columnWas:
			for word := range strings.FieldsSeq(fields[i]) {
				lang, s, _ := strings.Cut(word, ":")
				r.was[lang] = s
			}
		case columnAbout, columnLimit:
		default:
			r.cells[name] = original(fields[i])
		}
	}
	return r
}

// comma is what stands between the names of the columns.
func comma(b []byte) rune {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	for _, c := range ",;\t" {
		if bytes.ContainsRune(first, c) {
			return c
		}
	}
	return ','
}

// reason takes the place off an error of the CSV reader.
func reason(err error) string {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return parse.Err.Error()
	}
	if errors.Is(err, io.EOF) {
		return "it is empty"
	}
	return err.Error()
}

func lineOf(err error) int {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return parse.Line
	}
	return 0
}
