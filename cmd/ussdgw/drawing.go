package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-isatty"

	"ussdgw/ussd/menu"
)

const (
	// plainWidth is how wide sheets are where there is no terminal, in characters.
	plainWidth = 100
	// minScreen and maxScreen bound the width of a drawn screen without its frame. Feature phones
	// show 16 to 30 letters in a line. Three languages side by side fit 80 columns.
	minScreen = 20
	maxScreen = 30
	// frameWidth is what a frame adds to the width, and sheetGap the blanks between two screens.
	frameWidth = 4
	sheetGap   = 2
)

// A cell is one screen of a sheet, with a line above it. Without a screen it says that there is
// none, and without a title it is left empty.
type cell struct {
	title  string
	screen *menu.Screen
}

// sheetWidth is how many characters wide a sheet on out may be.
func sheetWidth(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return plainWidth
	}
	if columns := terminalColumns(f.Fd()); columns > 0 {
		return columns
	}
	return plainWidth
}

// columnsOf returns how many screens go side by side on a sheet, at most n, and how wide each is.
func columnsOf(width, n int) (columns, inner int) {
	columns = min(max(n, 1), max(1, (width+sheetGap)/(minScreen+frameWidth+sheetGap)))
	inner = (width+sheetGap)/columns - sheetGap - frameWidth
	return columns, min(max(inner, minScreen), maxScreen)
}

// drawSheet draws the cells side by side, as many in a row as fit, n in a row at most.
func drawSheet(cells []cell, width, n int, indented string) string {
	columns, inner := columnsOf(width-len(indented), n)
	var b strings.Builder
	for len(cells) > 0 {
		row := cells[:min(columns, len(cells))]
		cells = cells[len(row):]
		if !slices.ContainsFunc(row, func(c cell) bool { return c != cell{} }) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		drawRow(&b, row, inner, indented)
	}
	return b.String()
}

// drawRow draws cells in one row. The lines below the frames stand right below them.
func drawRow(b *strings.Builder, row []cell, inner int, indented string) {
	var columns [][]string
	height := 0
	for _, c := range row {
		lines := drawCell(c, inner)
		columns = append(columns, lines)
		height = max(height, len(lines))
	}
	for y := range height {
		var line strings.Builder
		line.WriteString(indented)
		for _, lines := range columns {
			text := ""
			if y < len(lines) {
				text = lines[y]
			}
			line.WriteString(padded(text, inner+frameWidth+sheetGap))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// drawCell draws one screen as a handset does, with what room it takes below.
func drawCell(c cell, inner int) []string {
	title := []rune(c.title)
	if most := inner + frameWidth; len(title) > most {
		title = append(title[:most-1], '…')
	}
	out := []string{string(title)}
	switch {
	case c.screen == nil && c.title == "":
		return nil
	case c.screen == nil:
		return append(out, "(no such screen)")
	}
	border := "+" + strings.Repeat("-", inner+2) + "+"
	out = append(out, border)
	for _, line := range strings.Split(c.screen.Text, "\n") {
		for _, part := range wrapped(line, inner) {
			out = append(out, "| "+padded(part, inner)+" |")
		}
	}
	return append(out, border, measured(*c.screen))
}

// measured says what room a screen takes, which page it is, and that it is the last one.
func measured(s menu.Screen) string {
	text := fmt.Sprintf("%d/%d %s", s.Units, s.Limit, s.Alphabet)
	if s.Pages > 1 {
		text += fmt.Sprintf(", page %d of %d", s.Page, s.Pages)
	}
	if s.End {
		text += ", the end"
	}
	return text
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// wrapped breaks a line between words, and a word where it is too long for a line.
func wrapped(line string, width int) []string {
	var out []string
	runes := []rune(line)
	for len(runes) > width {
		at := width
		for i := width; i > 0; i-- {
			if runes[i] == ' ' {
				at = i
				break
			}
		}
		out = append(out, string(runes[:at]))
		runes = runes[at:]
		if runes[0] == ' ' {
			runes = runes[1:]
		}
	}
	return append(out, string(runes))
}
