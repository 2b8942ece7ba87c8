package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "ussdgw/"

// arrows is the whole list of packages and of what each may import of ours. A package that is not
// here is a room that nobody has drawn: add it here and in ARCHITECTURE.md. "..." is everything:
// only the program's own package has it.
var arrows = map[string][]string{
	"smsc/charset":      {},
	"smsc/pdu":          {},
	"smsc/dialect":      {"smsc/pdu", "smsc/charset"},
	"smsc":              {"smsc/pdu", "smsc/charset"},
	"smsc/sim":          {"smsc/pdu", "smsc/dialect", "smsc/charset"},
	"menus":             {},
	"menus/source":      {},
	"menus/revision":    {},
	"menus/report":      {"menus/source"},
	"menus/schema":      {"menus/source"},
	"menus/format":      {"menus/source", "menus/schema"},
	"menus/translation": {"menus/source", "menus/schema"},
	"wallet/money":      {},
	"wallet/msisdn":     {},
	"wallet/pin":        {},
	"wallet/catalogue":  {"wallet/money", "menus/source", "menus/schema"},
	"wallet/ledger":     {"wallet/money", "wallet/msisdn", "wallet/pin"},
	"wallet/biller":     {"wallet/money"},

	"wallet/biller/registry":  {"wallet/money"},
	"wallet/biller/billersim": {"wallet/money", "wallet/biller/registry"},
	"wallet": append([]string{
		"wallet/ledger", "wallet/catalogue", "wallet/biller",
	}, walletLeaves...),
	"wallet/cashdesk": append([]string{
		"wallet", "wallet/ledger",
	}, walletLeaves...),
	"ussd/menu": append([]string{
		"smsc/charset", "menus/source", "menus/schema", "menus/revision",
	}, walletLeaves...),
	"ussd/menudiff": {
		"ussd/menu", "wallet/catalogue", "wallet/money", "menus/source",
	},
	"ussd/session": {"ussd/menu", "wallet/msisdn"},
	"ussd":         append([]string{"ussd/menu", "ussd/session"}, leaves...),
	"ussd/teller": append([]string{
		"ussd", "ussd/menu", "wallet", "wallet/ledger", "wallet/catalogue",
	}, walletLeaves...),
	"ussd/release": {
		"ussd", "ussd/menu", "menus/revision", "wallet/catalogue", "wallet/msisdn",
	},
	"ussd/transcript": append([]string{"ussd", "ussd/menu", "ussd/session"}, leaves...),
	"ussd/console":    {},
	"cmd/ussdgw":      {"..."},

	// Stores and what their tests share.
	"wallet/ledger/sqlbooks": append([]string{"wallet/ledger"}, walletLeaves...),
	"wallet/ledger/pgstore": append([]string{
		"wallet/ledger", "wallet/ledger/sqlbooks", "menus/revision",
	}, walletLeaves...),
	"wallet/ledger/litestore": append([]string{
		"wallet/ledger", "wallet/ledger/sqlbooks", "menus/revision",
	}, walletLeaves...),
	"menus/revision/revisiontest":        {"menus/revision"},
	"wallet/ledger/ledgertest":           append([]string{"wallet/ledger"}, walletLeaves...),
	"wallet/ledger/ledgertest/bookmodel": append([]string{"wallet/ledger"}, walletLeaves...),
	"wallet/ledger/pgserver":             {},
	"ussd/session/sessiontest":           {"ussd/session", "ussd/menu", "wallet/msisdn"},
	"ussd/session/redisserver":           {},
	"menus/schema/schematest":            {"menus/schema", "menus/source"},
}

var (
	walletLeaves = []string{"wallet/money", "wallet/msisdn", "wallet/pin"}
	leaves       = append([]string{"smsc/pdu", "smsc/dialect", "smsc/charset"}, walletLeaves...)
)

// owners lists, for libraries that one room alone may import, the packages that may. Tests are
// held to it too.
var owners = map[string][]string{
	"github.com/redis/go-redis":           {"ussd/session"},
	"github.com/jackc/pgx":                {"wallet/ledger/pgstore"},
	"modernc.org/sqlite":                  {"wallet/ledger/litestore"},
	"github.com/fiorix/go-smpp":           {"smsc/pdu"},
	"github.com/spf13/viper":              {"cmd/ussdgw"},
	"github.com/spf13/cobra":              {"cmd/ussdgw"},
	"github.com/prometheus/client_golang": {"cmd/ussdgw"},
	"github.com/goccy/go-yaml":            {"menus/source"},
	"github.com/santhosh-tekuri":          {"menus/schema/schematest"},
	"github.com/expr-lang/expr":           {"ussd/menu"},
	"github.com/fsnotify/fsnotify":        {"cmd/ussdgw"},
	"golang.org/x/sync":                   {"ussd/release"},
}

// pure lists what the menu language must not import: it has no input or output and nothing to
// wait for. It knows dates, so it imports time; TestMenuHasNoClock sees to the rest.
var pure = []string{"context", "os", "net", "net/http", "database/sql", "math/rand", "sync"}

// clock matches what would make the menu language depend on the time of day.
var clock = regexp.MustCompile(`\btime\.(Now|Since|Until|After|AfterFunc|Sleep|Tick|New\w+)\(`)

// listed is what `go list -json` says about one package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// breaches compares packages with the rules.
func breaches(packages []listed) []string {
	var out []string
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, drawn := arrows[name]
		if !drawn {
			out = append(out, fmt.Sprintf("%s is in no list of arrows", name))
			continue
		}
		for _, i := range p.Imports {
			if to, ours := strings.CutPrefix(i, module); ours &&
				!slices.Contains(allowed, to) && !slices.Contains(allowed, "...") {
				out = append(out, fmt.Sprintf("%s must not import %s", name, to))
			}
			if name == "ussd/menu" && slices.Contains(pure, i) {
				out = append(out, fmt.Sprintf("%s must not import %s", name, i))
			}
		}
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for library, rooms := range owners {
				if (i == library || strings.HasPrefix(i, library+"/")) && !slices.Contains(rooms, name) {
					out = append(out, fmt.Sprintf("%s must not import %s", name, i))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// list returns our packages and all that the program depends on of ours.
func list(t *testing.T, overlay string) []listed {
	t.Helper()
	args := []string{"list", "-deps", "-json=ImportPath,Imports,TestImports,XTestImports"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./...")...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for decode := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		if err := decode.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			packages = append(packages, p)
		}
	}
}

func TestImportsFollowTheArrows(t *testing.T) {
	packages := list(t, "")
	for _, b := range breaches(packages) {
		t.Error(b)
	}
	for name := range arrows {
		if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == module+name }) {
			t.Errorf("%s is in the list of arrows but does not exist", name)
		}
	}
}

func TestMenuHasNoClock(t *testing.T) {
	files, err := filepath.Glob("../../ussd/menu/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := clock.Find(text); found != nil && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s has %q", name, found)
		}
	}
}

// TestForbiddenImportsAreFound adds imports to the real tree and sees the rule fail.
func TestForbiddenImportsAreFound(t *testing.T) {
	const redis, viper = "github.com/redis/go-redis/v9", "github.com/spf13/viper"
	for _, tt := range []struct{ in, pkg, imports, want string }{
		{"smsc", "smsc", "ussdgw/wallet/money", "smsc must not import wallet/money"},
		{"smsc", "smsc", "ussdgw/smsc/dialect", "smsc must not import smsc/dialect"},
		{"wallet", "wallet", "ussdgw/smsc/charset", "wallet must not import smsc/charset"},
		{"ussd", "ussd", "ussdgw/wallet/ledger", "ussd must not import wallet/ledger"},
		{"ussd/menu", "menu", "context", "ussd/menu must not import context"},
		{"ussd", "ussd", redis, "ussd must not import " + redis},
		{"ussd/console", "console", viper, "ussd/console must not import " + viper},
		{"newroom", "newroom", "fmt", "newroom is in no list of arrows"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			overlay := addFile(t, tt.in, fmt.Sprintf("package %s\n\nimport _ %q\n", tt.pkg, tt.imports))
			if got := breaches(list(t, overlay)); !slices.Contains(got, tt.want) {
				t.Errorf("got %q, want %q among them", got, tt.want)
			}
		})
	}
}

// addFile returns an overlay that adds a Go file to a folder without writing there.
func addFile(t *testing.T, folder, text string) string {
	t.Helper()
	target, err := filepath.Abs(filepath.Join("../..", folder, "forbidden.go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "forbidden.go")
	overlay := filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {target: source}})
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string][]byte{source: []byte(text), overlay: replace} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}
