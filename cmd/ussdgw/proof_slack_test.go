package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A slackPiece is a part of the proof's arithmetic, and how it is written with one unit less care.
// In the new text slack("x") is 1 in the run that looks at the piece called x, and else 0.
type slackPiece struct {
	name     string
	file     string // from the root of the module
	old, new string // old stands there exactly once
}

// slackPieces are all parts of the arithmetic: how much room there is, what is counted in it, and
// how wide values can be, both when they are proven and when they are shown.
func slackPieces() []slackPiece {
	const (
		fit = "ussd/menu/check_fit.go"
		pg  = "				pg := measure(sh.lay([]string{b.text}, b.first, b.last))\n"
	)
	return []slackPiece{
		{
			"septets of a screen", fit, "if c.p.limits.holds(pg) || reported[key] {",
			"room := c.p.limits.of(pg.alphabet)\n" +
				"if pg.alphabet == charset.GSM7 { room += slack(`septets of a screen`) }\n" +
				"if pg.alphabet == charset.UCS2 { room += slack(`units of a screen`) }\n" +
				"if pg.units <= room || reported[key] {",
		},
		{name: "units of a screen"}, // above
		{
			"a line end", fit, pg, "text := sh.lay([]string{b.text}, b.first, b.last)\n" +
				"pg := measure(strings.Replace(text, \"\\n\", ``, slack(`a line end`)))\n",
		},
		{
			"the line for back", fit, "			for _, b := range c.blocks(",
			"sh.lines.back = sh.lines.back[slack(`the line for back`):]\n" +
				"sh.lines.more = sh.lines.more[slack(`the line for more`):]\n" +
				"			for _, b := range c.blocks(",
		},
		{name: "the line for more"}, // above
		{
			"the key before an option", fit, "		b.text = sh.rows[printed]\n",
			"b.text = sh.rows[printed][slack(`the key before an option`):]\n" +
				"if items != nil { b.text = b.text[slack(`the number before an item`):] }\n",
		},
		{name: "the number before an item"}, // above
		{
			"a screen behind", fit, "for _, canBack := range []bool{true, false} {",
			"for _, canBack := range []bool{slack(`a screen behind`) == 0, false} {",
		},
		{
			"characters of the extension", "smsc/charset/gsm7.go", "		return 2\n",
			"		return 2 - slack(`characters of the extension`)\n",
		},
		{
			"values in the GSM alphabet", fit, "	return w.gsmSample\n",
			"	return w.gsmSample[min(len(w.gsmSample), slack(`values in the GSM alphabet`)):]\n",
		},
		{
			"values in Cyrillic", fit, "		return w.ucsSample\n",
			"		all := []rune(w.ucsSample)\n" +
				"		return string(all[min(len(all), slack(`values in Cyrillic`)):])\n",
		},
		{
			"values that are set later", fit, "case stays && c.after[s.name][h.name] != nil:",
			"case stays && slack(`values that are set later`) == 0 && " +
				"c.after[s.name][h.name] != nil:",
		},
		{
			"septets of what is shown", "ussd/menu/width.go",
			"if units > w.units || septets > w.septets {",
			"if units > w.units+slack(`units of what is shown`) ||\n" +
				"septets > w.septets+slack(`septets of what is shown`) {",
		},
		{name: "units of what is shown"}, // above
		{
			"letters of what is shown", "ussd/menu/width.go", "	if !gsm && !w.ucs2 {\n",
			"	if !gsm && !w.ucs2 && slack(`letters of what is shown`) == 0 {\n",
		},
		{
			"a message", fit, "if pg.units > maxSMS*part {",
			"if pg.units > maxSMS*part+slack(`a message`) {",
		},
	}
}

// slackFile is added to the packages that have pieces. The name of a piece comes from outside.
const slackFile = `

import "os"

func slack(piece string) int {
	if os.Getenv("PROOF_SLACK") == piece {
		return 1
	}
	return 0
}
`

// TestProofHasNoSlack builds the tests of ussd/menu with each piece of the proof's arithmetic one
// unit weaker, and sees them fail: they hold menus that are exactly full, and one unit fuller. The
// files of the tree stay as they are; all pieces are in one test binary that is told which to use.
func TestProofHasNoSlack(t *testing.T) {
	alone(t)
	t.Parallel()
	binary := buildSlack(t)
	run := func(piece string) (string, error) {
		cmd := exec.CommandContext(t.Context(), binary, "-test.run",
			"^(TestProof.*|TestPINLength.*|TestExact.*)$", "-test.failfast")
		cmd.Dir = "../../ussd/menu"
		cmd.Env = append(os.Environ(), "PROOF_SLACK="+piece)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(""); err != nil {
		t.Fatalf("the tests fail without any slack:\n%s", out)
	}
	for _, p := range slackPieces() {
		switch out, err := run(p.name); {
		case err == nil:
			t.Errorf("%s: one unit less care is noticed by no test", p.name)
		case !strings.Contains(out, "--- FAIL: "):
			t.Errorf("%s: no test has failed:\n%s", p.name, out)
		}
	}
}

// buildSlack compiles the tests of ussd/menu with all pieces in them.
func buildSlack(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replaced := make(map[string]string) // by the file of the tree
	write := func(file, text string) {
		name := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[filepath.Join(root, filepath.FromSlash(file))] = name
	}
	texts := make(map[string]string)
	for _, p := range slackPieces() {
		if p.file == "" {
			continue
		}
		if texts[p.file] == "" {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)))
			if err != nil {
				t.Fatal(err)
			}
			texts[p.file] = string(b)
		}
		if n := strings.Count(texts[p.file], p.old); n != 1 {
			t.Fatalf("%s: %q is %d times in %s, so the piece has moved", p.name, p.old, n, p.file)
		}
		texts[p.file] = strings.Replace(texts[p.file], p.old, p.new, 1)
	}
	for file, text := range texts {
		write(file, text)
		folder := filepath.ToSlash(filepath.Dir(file))
		write(folder+"/slack.go", "package "+filepath.Base(folder)+slackFile)
	}
	overlay := filepath.Join(dir, "overlay.json")
	b, err := json.Marshal(map[string]map[string]string{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "menu.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-trimpath", "-overlay", overlay,
		"-o", binary, "./ussd/menu")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
