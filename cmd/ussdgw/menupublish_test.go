package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"ussdgw/menus"
	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/ledger/pgserver"
)

// publishing is a ledger to publish in, with a folder of menus.
type publishing struct {
	t    *testing.T
	flag []string // --config FILE or --data DIR
	dir  string   // of the menus
}

// newPublishing makes a folder of menus beside a ledger that flag names.
func newPublishing(t *testing.T, flag ...string) publishing {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "menus")
	files, err := revision.Pack(menus.FS())
	if err == nil {
		err = writeFolder(dir, files)
	}
	if err != nil {
		t.Fatal(err)
	}
	return publishing{t, flag, dir}
}

// devPublishing publishes in the ledger of a folder of dev.
func devPublishing(t *testing.T) publishing {
	t.Helper()
	data := t.TempDir()
	store, err := litestore.Open(filepath.Join(data, devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	return newPublishing(t, "--data", data)
}

// run runs `ussdgw menu NAME ...` and returns what it printed and its exit code.
func (p publishing) run(name string, args ...string) (string, int) {
	p.t.Helper()
	args = append(append([]string{"menu", name}, args...), p.flag...)
	out, err := command(p.t.Context(), args...)
	var stderr bytes.Buffer
	code := exitCode(&stderr, err)
	return out + stderr.String(), code
}

// want runs a command line and fails unless it ends with code and prints what matches want.
func (p publishing) want(code int, want, name string, args ...string) string {
	p.t.Helper()
	out, got := p.run(name, args...)
	if got != code || !regexp.MustCompile(want).MatchString(out) {
		p.t.Fatalf("%s %q: code %d, want %d and %q in\n%s", name, args, got, code, want, out)
	}
	return out
}

// edit changes the menus of the folder without changing what they say.
func (p publishing) edit() {
	p.t.Helper()
	path := filepath.Join(p.dir, "main.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, "# edited\n"...), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// postgresPublishing publishes in a migrated PostgreSQL, with keys under menus and under pin.
func postgresPublishing(t *testing.T, menusKeys, pinKeys string) publishing {
	t.Helper()
	config := postgresConfig(t, menusKeys, pinKeys)
	p := newPublishing(t, "--config", config)
	if out, err := command(t.Context(), "db", "migrate", "--config", config); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return p
}

// postgresConfig writes the configuration of an empty schema.
func postgresConfig(t *testing.T, menusKeys, pinKeys string) string {
	t.Helper()
	pgserver.Need(t)
	at := needPlace(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"url": at.url, "keys": "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		"config.yaml": fmt.Sprintf(`
ledger: {url_file: %q, schema: %q}
pin: {key_file: %q%s}
links:
  - {name: one, address: "smsc:2775", system_id: gw}
menus: {%s}
`, dir+"/url", at.schema, dir+"/keys", pinKeys, menusKeys),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "config.yaml")
}

func TestPublishInPostgres(t *testing.T) {
	p := postgresPublishing(t, "test_numbers: [996555123456, 0700123456]", "")
	p.want(0, `published to 2 test numbers: 99655\*\*\*3456, 99670\*\*\*3456\.`, "publish", p.dir,
		"--reason", "first", "--by", "aida")
	p.want(0, "published to 5% of the subscribers and 2 test", "publish", p.dir, "--to", "5%",
		"--reason", "on", "--by", "aida")
	p.want(0, "Everybody has [0-9a-f]{12} from now on", "publish", p.dir, "--to", "all",
		"--reason", "on", "--by", "aida")
	p.want(0, "by aida", "status")
	p.want(0, "Everybody has the menus built into the program", "rollback", "--reason", "back")
	p.want(0, "whole: 4 entries", "history", "--verify")
}

func TestPublishNeedsMigrations(t *testing.T) {
	config := postgresConfig(t, "", "")
	p := newPublishing(t, "--config", config)
	p.want(1, "run: ussdgw db migrate --config "+regexp.QuoteMeta(config), "status")
}

func TestPublishSaysWhenAFolderWins(t *testing.T) {
	dir := t.TempDir()
	p := postgresPublishing(t, fmt.Sprintf("dir: %q", dir), "")
	p.want(0, "menus.dir is set, so gateways .*\n"+regexp.QuoteMeta(dir), "publish", p.dir,
		"--reason", "first", "--to", "all")
}

// TestTwoPersons walks a change through the hands that the configuration asks for.
func TestTwoPersons(t *testing.T) {
	p := postgresPublishing(t, "two_persons: true, test_numbers: [996555123456]", "")
	first := []string{p.dir, "--reason", "r", "--by"}
	p.want(1, "first give it to test numbers: ussdgw menu publish", "publish",
		append(first, "aida", "--to", "all")...)
	p.want(0, "Nothing was published yet", "history")
	p.want(0, "published to 1 test number", "publish", append(first, "aida")...)
	p.want(1, `is by aida \(as .+\), so somebody else has to publish it to 5%`, "publish",
		append(first, "aida", "--to", "5%")...)
	p.want(1, `is by aida \(as .+\), so somebody else`, "publish",
		append(first, "AIDA", "--to", "all")...)
	p.want(0, "5% of the subscribers", "publish", append(first, "bek", "--to", "5%")...)
	p.want(1, `is by aida \(as .+\), so somebody else`, "publish",
		append(first, "aida", "--to", "all")...)
	p.want(2, `has \d+ characters; at most 64`, "publish", p.dir, "--reason", "r", "--by",
		"somebody else entirely whose name has far more characters than it can have")
	p.want(0, "Everybody has", "publish", append(first, "bek", "--to", "all")...)
	p.want(0, `(?m)^3 .* bek \(as .+\) +publish .* to all`, "history")
	p.want(0, `by bek \(as .+\)\n`, "status")
	p.want(0, "Everybody has", "rollback", "--reason", "r", "--by", "aida")
}

// TestPublishRefusesWhatSlipsIn appends to the log while a command is at work: it must not go
// on top of what it has not seen.
func TestPublishRefusesWhatSlipsIn(t *testing.T) {
	p := devPublishing(t)
	p.want(0, "Everybody", "publish", p.dir, "--to", "all", "--reason", "first", "--by", "aida")
	p.edit()
	cmd := menuPublishCommand()
	cmd.SetContext(t.Context())
	o := changeOptions{
		ledgerOptions: ledgerOptions{data: p.flag[1]}, reason: "mine", by: "bek",
	}
	err := o.edit(cmd, func(ctx context.Context, e *editor) error {
		p.want(0, "taken back|Everybody", "rollback", "--reason", "between", "--by", "cholpon")
		mine := publishOptions{changeOptions: o, to: "all"}
		return mine.publish(ctx, e, p.dir, revision.Change{
			Kind: revision.KindPublish, Stage: revision.StageAll,
		})
	})
	if err == nil || !strings.Contains(err.Error(), "somebody else has published just now") {
		t.Errorf("got %v", err)
	}
	p.want(0, "whole: 2 entries", "history")
}

// TestTamperedLogIsNamed edits a log by hand: it is shown, named, and not built upon.
func TestTamperedLogIsNamed(t *testing.T) {
	p := devPublishing(t)
	p.want(0, "Everybody", "publish", p.dir, "--to", "all", "--reason", "first", "--by", "aida")
	p.edit()
	p.want(0, "Everybody", "publish", p.dir, "--to", "all", "--reason", "second", "--by", "aida")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.flag[1], devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	exec(`DROP TRIGGER menu_revision_no_update`,
		`UPDATE menu_revision SET files = (SELECT files FROM menu_revision ORDER BY stored_at LIMIT 1)`)
	p.want(0, "whole: 2 entries", "history")
	p.want(1, "revision [0-9a-f]{12} of entry 2: .*were changed", "history", "--verify")
	exec(`DROP TRIGGER menu_change_no_update`,
		`UPDATE menu_change SET actor = 'bek' WHERE seq = 2`)
	out := p.want(1, `(?s)publish .* first.*entry 2: its content is not what was sealed`, "history")
	if strings.Contains(out, "whole") {
		t.Errorf("the broken log is called whole:\n%s", out)
	}
	p.want(1, `"whole": false`, "history", "--format", "json")
	const edited = "somebody has edited the log"
	p.want(1, edited, "status")
	p.edit()
	p.want(1, edited, "publish", p.dir, "--to", "all", "--reason", "third", "--by", "aida")
	p.want(1, edited, "rollback", "--reason", "back", "--by", "aida")
}

// TestPublishChecksWhatIsStored widens a revision that this program finds faults in.
func TestPublishChecksWhatIsStored(t *testing.T) {
	p := devPublishing(t)
	store, err := litestore.Open(filepath.Join(p.flag[1], devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := revision.New(map[string][]byte{"main.yaml": []byte("apiVersion: old\n")}, "aida",
		time.Now())
	if err == nil {
		err = store.PutRevision(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.want(1, `(?s)`+r.ID+`/main.yaml:\d+.*the menus of `+r.ID+` have faults`, "publish", r.ID,
		"--to", "all", "--reason", "x")
	p.want(0, "Nothing was published yet", "history")
}

// TestPublishChecksWithThePINLength lengthens the texts that tell the length of a PIN until they
// fit with one digit and not with two.
func TestPublishChecksWithThePINLength(t *testing.T) {
	p := devPublishing(t)
	files, err := revision.Pack(os.DirFS(p.dir))
	if err != nil {
		t.Fatal(err)
	}
	const told = "{pin.length}"
	fits := func(pad, pinLength int) bool {
		for name, text := range files {
			text = bytes.ReplaceAll(text, []byte(told), []byte(told+strings.Repeat(".", pad)))
			if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return loadMenus(os.DirFS(p.dir), pinLength, new(source.Report)) != nil
	}
	most := sort.Search(80, func(pad int) bool { return !fits(pad, 4) }) - 1
	if most < 0 || !fits(most, 4) {
		t.Fatal("no length fits")
	}
	const fault = `\.yaml:\d+:\d+: error`
	p.want(1, fault, "publish", p.dir, "--to", "all", "--reason", "x", "--pin-length", "12")
	p.want(0, "Everybody", "publish", p.dir, "--to", "all", "--reason", "x")
	postgres := postgresPublishing(t, "", ", length: 12")
	postgres.dir = p.dir
	postgres.want(1, fault, "publish", p.dir, "--to", "all", "--reason", "x")
}

// TestOtherFilesOfThatName puts files before subscribers whose name is that of others which were
// published: no command takes them for those.
func TestOtherFilesOfThatName(t *testing.T) {
	p := devPublishing(t)
	store, err := litestore.Open(filepath.Join(p.flag[1], devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	files, err := revision.Pack(menus.FS())
	if err != nil {
		t.Fatal(err)
	}
	r, err := revision.New(files, "aida", time.Now())
	if err == nil {
		err = store.PutRevision(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	others := revision.Change{
		Kind: revision.KindPublish, Revision: r.ID, Content: r.Content(), Stage: revision.StageAll,
	}
	others.Content[len(others.Content)-1]++
	change(t, store, others)
	const tampered = "under the name [0-9a-f]{12}, files with the sum [0-9a-f]{64} were published"
	p.want(0, "whole: 1 entry", "history")
	p.want(1, tampered, "history", "--verify")
	p.want(1, tampered, "checkout", "live", filepath.Join(t.TempDir(), "new"))
	p.want(1, tampered, "plan", p.dir, "--against", "live")
	p.want(0, "Everybody has the menus built into the program", "rollback", "--reason", "r")
	p.want(1, tampered, "publish", r.ID, "--to", "all", "--reason", "r")
	p.want(1, tampered, "publish", p.dir, "--to", "all", "--reason", "r")
	p.want(1, tampered, "rollback", "--to", r.ID, "--reason", "r")
}

func TestResolveNamesOneRevision(t *testing.T) {
	p := devPublishing(t)
	store, err := litestore.Open(filepath.Join(p.flag[1], devLedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const one, two = "abcdef000001", "abcdef000002"
	log := publishedLog{changes: []revision.Change{
		{Revision: one}, {Revision: two}, {Revision: one}, {Revision: ""},
	}}
	for text, want := range map[string]string{
		"abcdef":        "may be abcdef000001 or abcdef000002: give more digits",
		"abcdef000001":  "no revision abcdef000001 was ever published",
		"abcde":         "names no revision",
		"ABCDEF":        "names no revision",
		"":              "names no revision",
		"abcdef0000012": "names no revision",
	} {
		if r, err := log.resolve(t.Context(), store, text); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %s, %v, want %q", text, r.ID, err, want)
		}
	}
}

func TestTestNumbersAreReadAsWritten(t *testing.T) {
	cfg, report := loadConfig(writeConfig(t, minimal(t)+
		"menus: {test_numbers: [0555123456, \"+996700123456\", 996777123456], two_persons: true}\n"),
		filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	got, err := digitsOf(cfg.Menus.TestNumbers, "here")
	want := []string{"996555123456", "996700123456", "996777123456"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || !cfg.Menus.TwoPersons {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	t.Setenv("USSDGW_MENUS_TEST_NUMBERS", "996555000001,996555000002")
	cfg, report = loadConfig(writeConfig(t, minimal(t)+"menus: {test_numbers: [996555123456]}\n"),
		filesRequired)
	if report.Failed() || len(cfg.Menus.TestNumbers) != 2 {
		t.Errorf("the environment does not win: %v", cfg.Menus.TestNumbers)
	}
}

func TestTooManyTestNumbers(t *testing.T) {
	numbers := strings.Repeat("996555123456, ", revision.MaxNumbers+1)
	_, report := loadConfig(writeConfig(t, minimal(t)+"menus: {test_numbers: ["+numbers+"]}\n"),
		filesRequired)
	if text := reportText(t, report); !strings.Contains(text, "menus.test_numbers has 101 numbers") {
		t.Errorf("got %s", text)
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{
		"devdata": "devdata", "/etc/a-b_c.yaml": "/etc/a-b_c.yaml", "my menus": "'my menus'",
		"": "''", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "5%": "5%",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestOpenBooksNamesTheSecretThatIsMissing(t *testing.T) {
	path := writeConfig(t, strings.Replace(minimal(t), `url: "postgres://u@db/x"`,
		`url_file: /nowhere/url`, 1))
	_, _, _, err := openBooks(t.Context(), path, "")
	if err == nil || !strings.Contains(err.Error(), "ledger.url_file cannot be read") ||
		!errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// otherFiles is a store that has other files under every name, as somebody can make them who tries
// some ten million folders.
type otherFiles struct{ revision.Store }

func (otherFiles) Revision(_ context.Context, id string) (revision.Revision, error) {
	return revision.Revision{
		ID: id, Author: "mallory", Files: map[string][]byte{"main.yaml": []byte("x")},
	}, nil
}

func TestPublishOfAFolderTakesNoOtherFilesOfItsName(t *testing.T) {
	p := newPublishing(t)
	e := &editor{store: otherFiles{}, actor: "aida", err: io.Discard}
	if _, err := e.folder(t.Context(), p.dir); err == nil ||
		!strings.Contains(err.Error(), "under the same name") ||
		!strings.Contains(err.Error(), "mallory") {
		t.Errorf("got %v, want a refusal that names the author", err)
	}
}
