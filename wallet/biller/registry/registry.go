// Package registry reads and writes registries: the files in which one side of a settlement tells
// the other what was paid on a day, and compares two sides. A Profile says what the file of a
// provider looks like. It knows no ledger, does not touch the network and starts no goroutine.
//
// The file that is written by default:
//
//	txn_id;prv_txn;txn_date;account;sum;fee
//	1234567;2016;2026-03-01 14:05:09;4957835959;200.00;2.00
//	#1;200.00
//
// The last line has the number of rows and the total of their sums, without fees. A day on which
// nothing was paid is a header and "#0;0.00".
package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ussdgw/wallet/money"
)

// The bounds of a registry.
const (
	MaxRows       = 1_000_000 // of one file; some hundred MB of memory when all are kept
	MaxLineOctets = 4096      // of one line, its end included
	MaxID         = 64        // characters of Line.Txn and Line.ProviderTxn
	MaxAccount    = 200       // characters of Line.Account
)

// A Line is one payment.
type Line struct {
	Txn         string       // our id, the key of a comparison. Needed
	ProviderTxn string       // the provider's id, or ""
	At          time.Time    // when the subscriber paid; zero where the file has no such column
	Account     string       // "" where the file has no such column
	Amount      money.Amount // without the fee; not negative
	Fee         money.Amount // of the provider's commission; not negative
}

// A Column is what a column of a file holds.
type Column string

// The columns, by the names that the header has.
const (
	ColumnTxn         Column = "txn_id"
	ColumnProviderTxn Column = "prv_txn"
	ColumnDate        Column = "txn_date"
	ColumnAccount     Column = "account"
	ColumnAmount      Column = "sum"
	ColumnFee         Column = "fee"
	// ColumnSkip is a column that is not read and is written empty. It may be there many times.
	ColumnSkip Column = "-"
)

// The charsets of a Profile.
const (
	CharsetUTF8        = "utf-8"
	CharsetWindows1251 = "windows-1251"
)

// A Profile is the form of a provider's files. The zero value, with a Zone, is the default form.
type Profile struct {
	Delimiter rune     // ; , | or a tab [;]
	Decimal   rune     // . or , [.]
	Charset   string   // CharsetUTF8 or CharsetWindows1251 [utf-8]
	Columns   []Column // in their order; txn_id and sum are needed [all six, in the order above]
	// Titles are the words of the header, one for each column. [the names of the columns]
	Titles     []string
	NoHeader   bool           // the file begins with the first row
	NoTrailer  bool           // the file ends with the last row: that it was cut is not seen
	TimeLayout string         // as of package time [2006-01-02 15:04:05]
	Zone       *time.Location // of the dates. Needed where there is a column of dates
}

func (p Profile) withDefaults() Profile {
	if p.Delimiter == 0 {
		p.Delimiter = ';'
	}
	if p.Decimal == 0 {
		p.Decimal = '.'
	}
	if p.Charset == "" {
		p.Charset = CharsetUTF8
	}
	if p.Columns == nil {
		p.Columns = []Column{
			ColumnTxn, ColumnProviderTxn, ColumnDate, ColumnAccount, ColumnAmount, ColumnFee,
		}
	}
	if p.Titles == nil {
		for _, c := range p.Columns {
			p.Titles = append(p.Titles, string(c))
		}
	}
	if p.TimeLayout == "" {
		p.TimeLayout = time.DateTime
	}
	return p
}

// Validate reports everything that is wrong with a profile.
func (p Profile) Validate() error { return p.withDefaults().validate() }

func (p Profile) validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("registry: profile: "+format, args...))
	}
	if !strings.ContainsRune(";,|\t", p.Delimiter) {
		fault("the delimiter %q is none of ; , | and tab", p.Delimiter)
	}
	if p.Decimal != '.' && p.Decimal != ',' {
		fault("the decimal sign %q is neither . nor ,", p.Decimal)
	}
	if p.Decimal == p.Delimiter {
		fault("the delimiter and the decimal sign are both %q", p.Decimal)
	}
	if p.Charset != CharsetUTF8 && p.Charset != CharsetWindows1251 {
		fault("the charset %q is neither %s nor %s", p.Charset, CharsetUTF8, CharsetWindows1251)
	}
	known := []Column{
		ColumnTxn, ColumnProviderTxn, ColumnDate, ColumnAccount, ColumnAmount, ColumnFee,
	}
	for i, c := range p.Columns {
		if c != ColumnSkip && !slices.Contains(known, c) {
			fault("there is no column %q: known are %q and %q", c, known, ColumnSkip)
		}
		if c != ColumnSkip && slices.Contains(p.Columns[:i], c) {
			fault("the column %q is there twice", c)
		}
	}
	for _, c := range []Column{ColumnTxn, ColumnAmount} {
		if !slices.Contains(p.Columns, c) {
			fault("the column %q is missing", c)
		}
	}
	if len(p.Titles) != len(p.Columns) {
		fault("%d titles for %d columns", len(p.Titles), len(p.Columns))
	}
	for _, title := range p.Titles {
		if !printable(title, MaxAccount) {
			fault("the title %q is not printable", title)
		}
	}
	if p.Zone == nil && slices.Contains(p.Columns, ColumnDate) {
		fault("the zone of the dates is missing")
	}
	return errors.Join(faults...)
}

// An Error is what is wrong at a place of a file. The text of an account is never in it.
type Error struct {
	Line   int // from 1
	Column int // in characters, from 1; 0: the whole line
	Text   string
}

// Error is one line.
func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("registry: line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("registry: line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// fault says what is wrong with a line, and in which column, or "".
func (l Line) fault() (Column, string) {
	switch {
	case !id(l.Txn) || l.Txn == "":
		return ColumnTxn, fmt.Sprintf("not an id of 1 to %d letters and digits", MaxID)
	case !id(l.ProviderTxn):
		return ColumnProviderTxn, fmt.Sprintf("not an id of at most %d letters and digits", MaxID)
	case !printable(l.Account, MaxAccount):
		return ColumnAccount, fmt.Sprintf("not at most %d printable characters", MaxAccount)
	case l.Amount < 0:
		return ColumnAmount, "less than 0"
	case l.Fee < 0:
		return ColumnFee, "less than 0"
	}
	return "", ""
}

// id accepts letters, digits and the signs that ids have; never one that begins a trailer or a
// formula of a spreadsheet.
func id(s string) bool {
	return printable(s, MaxID) && !strings.ContainsAny(s, " ;,|\"'#=+@") && !strings.HasPrefix(s, "-")
}

func printable(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		strings.TrimSpace(s) == s && !strings.ContainsRune(s, utf8.RuneError) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
