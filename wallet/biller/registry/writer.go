package registry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"ussdgw/wallet/money"
)

// A Writer writes a registry row by row. Close ends it: without that the file is not whole.
type Writer struct {
	profile Profile
	out     *bufio.Writer
	begun   bool
	rows    int
	sum     money.Amount
	err     error // of an earlier Write, other than a refused line
}

// NewWriter returns a Writer of the form p. It fails when p is wrong; it writes nothing yet.
func NewWriter(w io.Writer, p Profile) (*Writer, error) {
	p = p.withDefaults()
	if err := p.validate(); err != nil {
		return nil, err
	}
	return &Writer{profile: p, out: bufio.NewWriter(w)}, nil
}

// Write adds a payment. It fails for one that a Reader of the same profile would not take, and then
// has written nothing of it; and when the underlying writer does.
func (w *Writer) Write(l Line) error {
	if w.err != nil {
		return w.err
	}
	if c, text := l.fault(); text != "" {
		return fmt.Errorf("registry: row %d: %s: %s", w.rows+1, c, text)
	}
	if w.rows == MaxRows {
		return fmt.Errorf("registry: more than %d rows", MaxRows)
	}
	sum, err := w.sum.Add(l.Amount)
	if err != nil {
		return fmt.Errorf("registry: row %d: the total is too large", w.rows+1)
	}
	var cells []string
	for _, c := range w.profile.Columns {
		value, err := w.value(l, c)
		if err != nil {
			return fmt.Errorf("registry: row %d: %s: %w", w.rows+1, c, err)
		}
		cells = append(cells, value)
	}
	if w.begin(); w.err != nil {
		return w.err
	}
	text, err := w.encode(cells)
	if err != nil {
		return fmt.Errorf("registry: row %d: %w", w.rows+1, err)
	}
	w.rows, w.sum = w.rows+1, sum
	_, w.err = w.out.Write(text)
	return w.err
}

// Close writes the trailer, and the header where nothing was written, and flushes. It does not
// close the underlying writer.
func (w *Writer) Close() error {
	if w.begin(); w.err != nil {
		return w.err
	}
	if !w.profile.NoTrailer {
		_, w.err = fmt.Fprintf(w.out, "#%d%c%s\n", w.rows, w.profile.Delimiter, w.amount(w.sum))
	}
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err == nil {
		w.err = errors.New("registry: written to after Close")
		return nil
	}
	return w.err
}

// begin writes the header, once.
func (w *Writer) begin() {
	if w.begun || w.err != nil {
		return
	}
	w.begun = true
	if w.profile.NoHeader {
		return
	}
	text, err := w.encode(w.profile.Titles)
	if err != nil {
		w.err = fmt.Errorf("registry: the header: %w", err)
		return
	}
	_, w.err = w.out.Write(text)
}

func (w *Writer) value(l Line, c Column) (string, error) {
	switch c {
	case ColumnTxn:
		return l.Txn, nil
	case ColumnProviderTxn:
		return l.ProviderTxn, nil
	case ColumnAccount:
		if l.Account == "" {
			return "", errors.New("empty")
		}
		return l.Account, nil
	case ColumnDate:
		if l.At.IsZero() {
			return "", errors.New("missing")
		}
		return l.At.In(w.profile.Zone).Format(w.profile.TimeLayout), nil
	case ColumnAmount:
		return w.oneAmount(l.Amount)
	case ColumnFee:
		return w.oneAmount(l.Fee)
	}
	return "", nil
}

// oneAmount refuses what a Reader would not take.
func (w *Writer) oneAmount(a money.Amount) (string, error) {
	if _, err := money.Parse(a.String()); err != nil {
		return "", errors.New("too large")
	}
	return w.amount(a), nil
}

func (w *Writer) amount(a money.Amount) string {
	return strings.Replace(a.String(), ".", string(w.profile.Decimal), 1)
}

// encode makes a line of cells in the profile's charset.
func (w *Writer) encode(cells []string) ([]byte, error) {
	var b strings.Builder
	for i, value := range cells {
		if i > 0 {
			b.WriteRune(w.profile.Delimiter)
		}
		if strings.ContainsAny(value, `"`+string(w.profile.Delimiter)) ||
			strings.HasPrefix(value, "#") { // not a trailer
			value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		}
		b.WriteString(value)
	}
	b.WriteByte('\n')
	text := []byte(b.String())
	if w.profile.Charset == CharsetWindows1251 {
		var err error
		if text, err = charmap.Windows1251.NewEncoder().Bytes(text); err != nil {
			return nil, fmt.Errorf("a character that %s does not have", CharsetWindows1251)
		}
	}
	if len(text) > MaxLineOctets {
		return nil, fmt.Errorf("longer than %d octets", MaxLineOctets)
	}
	return text, nil
}
