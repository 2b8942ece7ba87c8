package registry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"ussdgw/wallet/money"
)

// A Reader reads a registry row by row. What it gave is to be believed only when it has ended with
// io.EOF: the trailer comes last.
type Reader struct {
	profile Profile
	in      *bufio.Reader
	line    int // that was read last, from 1
	rows    int
	sum     money.Amount
	err     error // of an earlier Read
}

// NewReader returns a Reader of the form p. It fails when p is wrong; it reads nothing yet.
func NewReader(r io.Reader, p Profile) (*Reader, error) {
	p = p.withDefaults()
	if err := p.validate(); err != nil {
		return nil, err
	}
	return &Reader{profile: p, in: bufio.NewReaderSize(r, MaxLineOctets)}, nil
}

// ReadAll reads a whole registry, at most MaxRows rows.
func ReadAll(r io.Reader, p Profile) ([]Line, error) {
	reader, err := NewReader(r, p)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for {
		l, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
}

// Read returns the next row. The error is io.EOF after the last one, when the trailer is there and
// is right; an *Error when the file is not of this form, is cut, or is longer than it may be; else
// the one of the underlying reader. Every call after an error returns that error.
func (r *Reader) Read() (Line, error) {
	if r.err != nil {
		return Line{}, r.err
	}
	l, err := r.next()
	if err == nil {
		err = r.count(l)
	}
	if r.err = err; err != nil {
		return Line{}, err
	}
	return l, nil
}

// count adds a row to what the trailer must say.
func (r *Reader) count(l Line) error {
	if r.rows++; r.rows > MaxRows {
		return r.fault(0, "more than %d rows", MaxRows)
	}
	var err error
	if r.sum, err = r.sum.Add(l.Amount); err != nil {
		return r.fault(0, "the total is too large")
	}
	return nil
}

func (r *Reader) next() (Line, error) {
	if r.line == 0 && !r.profile.NoHeader {
		if err := r.header(); err != nil {
			return Line{}, err
		}
	}
	text, err := r.text()
	switch {
	case errors.Is(err, io.EOF) && r.profile.NoTrailer:
		return Line{}, io.EOF
	case errors.Is(err, io.EOF):
		r.line++
		return Line{}, r.fault(0, "the file ends without its trailer #count;sum: it was cut off")
	case err != nil:
		return Line{}, err
	case text == "" && r.profile.NoTrailer:
		return Line{}, r.end()
	case strings.HasPrefix(text, "#") && !r.profile.NoTrailer:
		if err := r.trailer(text); err != nil {
			return Line{}, err
		}
		return Line{}, r.end()
	}
	return r.row(text)
}

// header compares the first line with the titles.
func (r *Reader) header() error {
	text, err := r.text()
	if errors.Is(err, io.EOF) {
		r.line++
		return r.fault(0, "the file is empty: where nothing was paid it has a header and a trailer")
	}
	if err != nil {
		return err
	}
	cells, err := r.cells(text)
	if err != nil {
		return err
	}
	for i, title := range r.profile.Titles {
		if i >= len(cells) {
			return r.fault(utf8.RuneCountInString(text)+1, "the header has no %q", title)
		}
		if cells[i].text != title {
			return r.fault(cells[i].column, "the header has %.40q where %q belongs", cells[i].text, title)
		}
	}
	if extra := len(r.profile.Titles); len(cells) > extra {
		return r.fault(cells[extra].column, "the header has a column too many: %.40q", cells[extra].text)
	}
	return nil
}

// trailer compares the last line with what was read.
func (r *Reader) trailer(text string) error {
	cells, err := r.cells(text[1:])
	if err != nil {
		return err
	}
	if len(cells) != 2 {
		return r.fault(1, "a trailer is #count%csum", r.profile.Delimiter)
	}
	count, err := strconv.Atoi(cells[0].text)
	if err != nil || strconv.Itoa(count) != cells[0].text {
		return r.fault(2, "the trailer's count is no number")
	}
	sum, err := r.total(cells[1].text)
	if err != nil {
		return r.fault(cells[1].column+1, "the trailer's sum is no amount such as %s", r.example())
	}
	if count != r.rows {
		return r.fault(2, "the trailer says %d rows, the file has %d", count, r.rows)
	}
	if sum != r.sum {
		return r.fault(cells[1].column+1, "the trailer says %s, the rows have %s", sum, r.sum)
	}
	return nil
}

// end sees that nothing but empty lines follows.
func (r *Reader) end() error {
	for {
		text, err := r.text()
		if err != nil {
			return err
		}
		if text != "" {
			return r.fault(1, "something follows after the end of the registry")
		}
	}
}

// row reads the cells of a payment.
func (r *Reader) row(text string) (Line, error) {
	cells, err := r.cells(text)
	if err != nil {
		return Line{}, err
	}
	if got, want := len(cells), len(r.profile.Columns); got != want {
		return Line{}, r.fault(0, "%d cells, want %d, with %q between them", got, want,
			r.profile.Delimiter)
	}
	var l Line
	for i, c := range r.profile.Columns {
		if err := r.set(&l, c, cells[i].text); err != nil {
			return Line{}, r.fault(cells[i].column, "%s: %v", c, err)
		}
	}
	if c, text := l.fault(); text != "" {
		at := cells[slices.Index(r.profile.Columns, c)].column
		return Line{}, r.fault(at, "%s: %s", c, text)
	}
	return l, nil
}

func (r *Reader) set(l *Line, c Column, text string) (err error) {
	switch c {
	case ColumnTxn:
		l.Txn = text
	case ColumnProviderTxn:
		l.ProviderTxn = text
	case ColumnAccount:
		if l.Account = text; text == "" {
			return errors.New("empty")
		}
	case ColumnDate:
		if l.At, err = time.ParseInLocation(r.profile.TimeLayout, text, r.profile.Zone); err != nil {
			return fmt.Errorf("%.40q is no date such as %q", text, r.profile.TimeLayout)
		}
	case ColumnAmount:
		l.Amount, err = r.amount(text)
	case ColumnFee:
		if text != "" {
			l.Fee, err = r.amount(text)
		}
	}
	return err
}

// amount reads digits with one or two decimals after the sign of the profile.
func (r *Reader) amount(text string) (money.Amount, error) {
	for _, sign := range []rune{'.', ',', '*'} {
		if sign != r.profile.Decimal && strings.ContainsRune(text, sign) {
			text = ""
		}
	}
	a, err := money.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("not an amount such as %s", r.example())
	}
	return a, nil
}

// total reads a sum of many amounts: it may have more digits than one.
func (r *Reader) total(text string) (money.Amount, error) {
	whole, fraction, _ := strings.Cut(text, string(r.profile.Decimal))
	som, err := strconv.ParseInt(whole, 10, 64)
	rest, err2 := r.amount("0" + string(r.profile.Decimal) + fraction)
	if fraction == "" && whole == text {
		rest, err2 = 0, nil
	}
	const most = (1<<63 - 1) / money.TyiynPerSom
	if err != nil || err2 != nil || som >= most || strings.Trim(whole, "0123456789") != "" {
		return 0, money.ErrFormat
	}
	return money.Som(som) + rest, nil
}

func (r *Reader) example() string { return "100" + string(r.profile.Decimal) + "50" }

// text returns the next line without its end, in UTF-8.
func (r *Reader) text() (string, error) {
	raw, err := r.in.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(raw) > 0 {
		err = nil // the last line may have no end
	}
	if errors.Is(err, io.EOF) {
		return "", io.EOF
	}
	r.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", r.fault(0, "longer than %d octets", MaxLineOctets)
	}
	if err != nil {
		return "", fmt.Errorf("registry: line %d: %w", r.line, err)
	}
	if r.profile.Charset == CharsetWindows1251 {
		if raw, err = charmap.Windows1251.NewDecoder().Bytes(raw); err != nil {
			return "", r.fault(0, "not in %s", CharsetWindows1251)
		}
	}
	text := string(raw)
	if r.line == 1 && r.profile.Charset == CharsetUTF8 {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		return "", r.fault(0, "not in %s", r.profile.Charset)
	}
	return text, nil
}

// cell is one value of a line.
type cell struct {
	text   string
	column int // in characters, from 1
}

// cells splits a line at the delimiter. A cell may be between quotes, which are doubled inside;
// blanks around a cell without them do not count.
func (r *Reader) cells(text string) ([]cell, error) {
	out := make([]cell, 0, len(r.profile.Columns))
	for at := 1; ; {
		quoted := strings.HasPrefix(text, `"`)
		value, rest, width := "", "", 0
		if quoted {
			var ok bool
			if value, width, ok = unquote(text); !ok {
				return nil, r.fault(at, "a quote is not closed")
			}
			rest = text[len(string([]rune(text)[:width])):]
			if rest != "" && !strings.HasPrefix(rest, string(r.profile.Delimiter)) {
				return nil, r.fault(at+width, "text after a closing quote")
			}
		} else {
			end := strings.IndexRune(text, r.profile.Delimiter)
			if end < 0 {
				end = len(text)
			}
			value, rest = text[:end], text[end:]
			width = utf8.RuneCountInString(value)
			value = strings.TrimSpace(value)
		}
		out = append(out, cell{value, at})
		if rest == "" {
			return out, nil
		}
		text = rest[1:] // every delimiter is one octet
		at += width + 1
	}
}

// unquote reads a cell that begins with a quote, and how many characters it takes.
func unquote(text string) (value string, width int, closed bool) {
	var b strings.Builder
	runes := []rune(text)
	for i := 1; i < len(runes); i++ {
		if runes[i] != '"' {
			b.WriteRune(runes[i])
			continue
		}
		if i+1 < len(runes) && runes[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func (r *Reader) fault(column int, format string, args ...any) error {
	return &Error{Line: r.line, Column: column, Text: fmt.Sprintf(format, args...)}
}
