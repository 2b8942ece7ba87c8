package menu_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// What a child process finds in its environment: the case, and the folder that it loads.
const (
	corpusCase   = "MENU_CORPUS_CASE"
	corpusFolder = "MENU_CORPUS_FOLDER"
)

// The cases in which a child does more than load a folder.
const (
	noFolder = "no folder"
	replaced = "replaced by an endless file"
	hog      = "hog" // it takes more than it may
)

// What no folder of broken files may take, the test program itself included.
const (
	mostMemory = 64 << 20 // octets from the operating system
	mostCPU    = 5 * time.Second
)

// A broken folder, and the codes of what is found in it, each once. "" is a folder that loads.
type broken struct {
	codes string
	write func(t *testing.T, dir string)
}

// file writes one file beside the good menu.
func file(text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		put(t, dir, "menu.yaml", base(t))
		put(t, dir, "zz.yaml", text)
	}
}

// alone writes one file and nothing else.
func alone(text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		put(t, dir, "zz.yaml", text)
	}
}

// state is a file in which the state that an unregistered number comes to is as given.
func state(text string) func(*testing.T, string) {
	return file("schema: ussd.menu/v1\nstates:\n  broken: " + text + "\n")
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// base is the good menu, in which an unregistered number comes to the state `broken`.
func base(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/good/menu.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(b), "unregistered: language", "unregistered: broken", 1)
}

// symlink makes zz.yaml a link.
func symlink(target string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		put(t, dir, "menu.yaml", base(t))
		put(t, dir, "target", "schema: ussd.menu/v1\nstates: {broken: {end: \"x\"}}\n")
		if err := os.Symlink(target, filepath.Join(dir, "zz.yaml")); err != nil {
			t.Fatal(err)
		}
	}
}

// laughs are nine anchors that stand for ten of the one before: a thousand million words.
func laughs() string {
	text := "a0: &a0 [\"lol\"]\n"
	for i := range 9 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1,
			strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return text
}

// corpus is everything that is known to break programs which read YAML, or menus.
func corpus() map[string]broken {
	all := brokenText()
	maps.Copy(all, brokenMenus())
	maps.Copy(all, brokenFolders())
	return all
}

// many is n lines of states.
func many(format string, n int) string {
	var b strings.Builder
	b.WriteString("schema: ussd.menu/v1\nstates:\n")
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// brokenText is no YAML, or more of it than anybody writes.
func brokenText() map[string]broken {
	return map[string]broken{
		"empty":  {"YAML003", alone("")},
		"blanks": {"YAML003", alone("   \n\n")},
		"tabs":   {"YAML003", state("\n\tend: \"x\"")},
		"duplicate keys": {"MENU003 YAML007", state("{end: \"x\"}\n  broken: {end: \"y\"}\n" +
			"  main: {end: \"z\"}")},
		"one key again and again": {
			"YAML002", state(strings.Repeat("{end: \"x\"}\n  broken: ", 19_000)),
		},
		"many keys": {"YAML002", alone(many("  s%d: {end: \"x\"}\n", 19_000))},
		"many keys in braces": {
			"MENU002", alone(many("", 0) + " {" + commas("k%d: x", 19_000) +
				"}\n"),
		},
		"many lines of one text": {"MENU032", state("\n    end: |\n" +
			strings.Repeat("      x\n", 19_000))},
		"anchors bomb":      {"YAML005", alone(laughs())},
		"merge keys":        {"YAML005", alone("a: &a {b: 1}\nc: {<<: *a}\n")},
		"10 MB":             {"YAML002", alone(strings.Repeat("# ten octets\n", 800_000))},
		"10 MB in one line": {"YAML002", alone("a: \"" + strings.Repeat("x", 10<<20) + "\"\n")},
		"depth in brackets": {"YAML006", alone(strings.Repeat("[", 10_000))},
		"depth in braces":   {"YAML006", alone(strings.Repeat("{a: ", 10_000))},
		"depth in dashes":   {"YAML006", alone(strings.Repeat("- ", 10_000))},
		"depth in lines":    {"YAML006", alone(depth(1_400))},
		"signs":             {"YAML002", alone(strings.Repeat("[],", 300_000))},
		"not UTF-8":         {"YAML011", state("{end: \"\xff\xfe\"}")},
		"UTF-16":            {"YAML011", alone("\xff\xfes\x00c\x00h\x00e\x00m\x00a\x00")},
		"zero octets":       {"YAML011", alone(strings.Repeat("\x00", 1<<20))},
	}
}

// brokenMenus are YAML, and mean nothing or what must not be.
func brokenMenus() map[string]broken {
	return map[string]broken{
		"unknown fields":    {"YAML008", state(`{end: "x", txet: "y"}`)},
		"dangling goto":     {"MENU009", state(`{options: [{key: "1", text: "A", goto: gone}]}`)},
		"unreachable state": {"MENU027", state("{end: \"x\"}\n  island: {end: \"y\"}")},
		"cycle without input": {"MENU028", state("{do: wallet.balance, on: {ok: two}}\n" +
			"  two: {do: wallet.balance, on: {ok: broken}}")},
		"missing terminal": {"MENU028", state(`{text: "x"}`)},
		"missing language": {"MENU005", state(`{end: {ru: "x"}}`)},
		"too long expanded": {"MENU014", state(`{list: categories, as: category, goto: wide}` +
			"\n  wide: {end: \"" + strings.Repeat("n", 80) + `{category}"}`)},
		"non-GSM characters": {"MENU014 MENU051", state(`{end: "` + strings.Repeat("n", 100) +
			`…"}`)},
		"norway": {"MENU002 MENU005", state(`{text: {ru: "x", en: "y", no: "z"}, ` +
			`options: [{key: no, text: "A", goto: main}]}`)},
		"on and off": {"MENU005", state(`{end: {on: "x", off: "y"}}`)},
		"octal":      {"MENU017", state(`{options: [{key: 010, text: "A", goto: main}]}`)},
		"int and string keys": {"MENU015 MENU017", state(`{options: [{key: 1, text: "A", ` +
			`goto: main}, {key: "1", text: "B", goto: main}]}`)},
		"names that are numbers": {"MENU004 YAML007", state("{end: \"x\"}\n  1: {end: \"y\"}\n" +
			"  \"1\": {end: \"z\"}")},
		"undefined variable": {"MENU007", state(`{end: "{balnce}"}`)},
		"infinite range":     {"MENU006", state(`{end: "{{range}} {for i in 1..}"}`)},
		"value in a value":   {"MENU006", state(`{end: "{amount{}}"}`)},
		"unknown action":     {"MENU011", state(`{do: wallet.drain, on: {ok: main}}`)},
		"payment without confirm and PIN": {"MENU008 MENU012 MENU023 MENU025", state(
			`{do: payment.pay, with: {offer: offer}, on: {paid: pay_done, in_doubt: pay_doubt, ` +
				`wrong_pin: pay_confirm, changed: pay_confirm}}`)},
		"a thousand faults": {
			"MENU009", file(many("  s%d: {options: [{key: \"1\", text: \"A\", goto: no}]}\n", 1_500) +
				"  broken: {end: \"x\"}\n"),
		},
	}
}

// brokenFolders have something else than files, or too much.
func brokenFolders() map[string]broken {
	return map[string]broken{
		noFolder:         {"YAML001", func(*testing.T, string) {}},
		"link":           {"", symlink("target")},
		"link to itself": {"YAML001", symlink("zz.yaml")},
		"link to zeros":  {"YAML001", symlink("/dev/zero")},
		"link nowhere":   {"YAML001", symlink("/nowhere/at/all")},
		"named pipe": {"YAML001", func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "zz.yaml"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		replaced: {"YAML002", alone("a: 1\n")},
		"too many states": {"MENU032", func(t *testing.T, dir string) {
			put(t, dir, "menu.yaml", base(t))
			put(t, dir, "a.yaml", many("  a%d: {end: \"x\"}\n", menu.MaxStates/2))
			put(t, dir, "b.yaml", many("  b%d: {end: \"x\"}\n", menu.MaxStates/2)+
				"  broken: {end: \"x\"}\n")
		}},
	}
}

// commas is n pieces of text with commas between.
func commas(format string, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(all, ", ")
}

// depth is n maps within each other, one to a line.
func depth(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// swapped gives an endless file instead of the one that it was asked about.
type swapped struct{ fs.FS }

func (s swapped) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if name != "zz.yaml" || err != nil {
		return f, err
	}
	return endless{f}, nil
}

type endless struct{ fs.File }

func (endless) Read(b []byte) (int, error) { return copy(b, "# and on it goes\n"), nil }

// No broken file panics, hangs or takes much: each is loaded by a process of its own, whose
// processor time and memory the operating system and the runtime have counted.
func TestCorpus(t *testing.T) {
	if name := os.Getenv(corpusCase); name != "" {
		child(t, name)
		return
	}
	if testing.Short() {
		t.Skip("starts a process for each folder")
	}
	cases := corpus()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // what is measured is each process alone
			dir := t.TempDir()
			cases[name].write(t, dir)
			codes, memory, cpu := measured(t, name, dir)
			t.Logf("%d KiB, %s of processor time", memory>>10, cpu)
			if codes != cases[name].codes {
				t.Errorf("found %q, want %q", codes, cases[name].codes)
			}
			if memory > mostMemory || cpu > mostCPU {
				t.Errorf("it took %d KiB and %s, at most %d KiB and %s are allowed", memory>>10, cpu,
					mostMemory>>10, mostCPU)
			}
		})
	}
	t.Run("the measure itself", func(t *testing.T) {
		if _, memory, _ := measured(t, hog, ""); memory <= mostMemory {
			t.Errorf("a process that holds more than %d KiB is measured to have %d KiB",
				mostMemory>>10, memory>>10)
		}
	})
}

// measured loads a folder in a child process.
func measured(t *testing.T, name, dir string) (codes string, memory uint64, cpu time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // the machine may be busy
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCorpus$", "-test.v")
	cmd.Env = append(os.Environ(), corpusCase+"="+name, corpusFolder+"="+dir)
	out, err := cmd.CombinedOutput()
	m := regexp.MustCompile(`(?m)^corpus: (\d+) octets; (.*)$`).FindSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("the process ended with %v\n%s", err, bytes.TrimSpace(out[:min(len(out), 4000)]))
	}
	memory, err = strconv.ParseUint(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return string(m[2]), memory, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// child loads one folder and prints the codes of what was found, and how much memory the process
// has ever had: that never goes down.
func child(t *testing.T, name string) {
	var codes []string
	if name == hog {
		b := make([]byte, mostMemory)
		codes = append(codes, strconv.Itoa(int(b[len(b)-1])))
	} else {
		fsys, env := os.DirFS(os.Getenv(corpusFolder)), environment()
		switch name {
		case thousand:
			env = trilingual()
		case noFolder:
			fsys = os.DirFS(os.Getenv(corpusFolder) + "/none")
		case replaced:
			fsys = swapped{fsys}
		}
		r := &source.Report{}
		p := menu.Load(fsys, env, r)
		if (p == nil) != r.Failed() {
			t.Errorf("the program is nil: %t, the report failed: %t", p == nil, r.Failed())
		}
		if err := r.Write(&strings.Builder{}); err != nil {
			t.Error(err)
		}
		for _, f := range r.Findings() {
			codes = append(codes, f.Code)
		}
	}
	slices.Sort(codes)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("corpus: %d octets; %s\n", m.Sys, strings.Join(slices.Compact(codes), " "))
}
