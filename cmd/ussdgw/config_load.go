package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/viper"

	"ussdgw/menus/source"
	"ussdgw/wallet"
)

// The codes of findings about a configuration.
const (
	codeUnreadable = "CONF001" // a file cannot be read
	codeUnknown    = "CONF002" // a key or a variable that means nothing
	codeShape      = "CONF003" // a section, a list or a value where another one belongs
	codeValue      = "CONF004" // a value that cannot be used
	codeSecret     = "CONF005" // a secret where it can be read
)

// missingFiles says what a named file that cannot be read is.
type missingFiles uint8

const (
	filesRequired  missingFiles = iota // a fault: serve cannot start
	filesElsewhere                     // a warning: the file may be on another machine
)

// configLoad is one reading of a configuration: the file's own tree knows places and unknown
// keys, viper knows what wins: environment over file over nothing.
type configLoad struct {
	path    string
	root    *source.Node
	viper   *viper.Viper
	report  *source.Report
	missing missingFiles
	places  map[string]source.Pos // of every key in the file
	known   []string              // every variable that is read
}

// loadConfig reads path and the environment. Every fault is in the report; the Config is usable
// when the report has not failed.
func loadConfig(path string, missing missingFiles) (Config, *source.Report) {
	l := &configLoad{
		path: path, viper: viper.New(), report: &source.Report{}, missing: missing,
		places: make(map[string]source.Pos),
	}
	text, err := readAtMost(path, source.MaxFileBytes)
	if err != nil {
		l.report.Errorf(source.Pos{File: path}, codeUnreadable, "%v", reason(err))
		return Config{}, l.report
	}
	file := source.ParseBytes(path, text, l.report)
	if file == nil {
		return Config{}, l.report
	}
	l.root = file.Root
	l.viper.SetConfigType("yaml")
	if err := l.viper.ReadConfig(bytes.NewReader(text)); err != nil {
		l.report.Errorf(source.Pos{File: path}, source.CodeSyntax, "%v", err)
		return Config{}, l.report
	}
	// One link can come from the environment alone.
	cfg := Config{
		Links: make([]LinkConfig, max(1, len(l.root.Field("links").Items()))),
	}
	if n := len(l.root.Field("billers").Items()); n > 0 {
		cfg.Billers = make([]BillerConfig, n)
	}
	if n := len(l.root.Field("agents").Field("networks").Items()); n > 0 {
		cfg.Agents.Networks = make([]NetworkConfig, n)
	}
	l.section(reflect.ValueOf(&cfg).Elem(), l.root, "", "the configuration")
	l.secrets(reflect.ValueOf(&cfg).Elem(), "")
	l.variables()
	cfg = cfg.withDefaults()
	if !l.report.Failed() {
		var f faults
		cfg.validate(&f)
		l.faults(f.list)
	}
	return cfg, l.report
}

// section fills the struct to from node and the environment.
func (l *configLoad) section(to reflect.Value, node *source.Node, prefix, what string) {
	l.keys(to.Type(), node, prefix, what)
	for i := range to.NumField() {
		name := to.Type().Field(i).Tag.Get("mapstructure")
		if name == "" {
			continue // a secret: it has no key
		}
		key, field := prefix+name, to.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			l.section(field, node.Field(name), key+".", name)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			l.list(field, node.Field(name), key)
		default:
			l.value(field, node.Field(name), key)
		}
	}
}

// keys reports the keys of node that the struct type t does not have, and remembers the others.
func (l *configLoad) keys(t reflect.Type, node *source.Node, prefix, what string) {
	if node.Is(source.Null) {
		return
	}
	if !node.Is(source.Map) {
		l.report.Errorf(node.Place(), codeShape, "%s must be a section of keys, not %s", what,
			node.Kind)
		return
	}
	known := configKeys(t)
	for _, f := range node.Fields() {
		switch {
		case slices.Contains(known, f.Key):
			l.places[prefix+f.Key] = f.KeyPos
		case slices.Contains(known, f.Key+"_file"):
			l.report.Errorf(hidden(f.KeyPos), codeSecret, "%q does not belong in this file", f.Key)
			l.report.Help("put it in a file of its own and name that as %s_file", f.Key)
		default:
			l.report.Errorf(f.KeyPos, codeUnknown, "%s has no key %q", what, f.Key)
			if near := source.Suggest(f.Key, known); near != "" {
				l.report.Help("did you mean %q?", near)
			} else {
				l.report.Help("known here: %s", strings.Join(known, ", "))
			}
		}
	}
}

// hidden is p without the excerpt of its line, which may hold a secret.
func hidden(p source.Pos) source.Pos { return source.Pos{File: p.String()} }

// configKeys lists the keys that a section may have.
func configKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("mapstructure"); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

func (l *configLoad) list(to reflect.Value, node *source.Node, key string) {
	if !node.Is(source.Null) && !node.Is(source.List) {
		l.report.Errorf(node.Place(), codeShape, "%s must be a list: begin each entry with '-'", key)
		return
	}
	items := node.Items()
	for i := range to.Len() {
		var item *source.Node
		if i < len(items) {
			item = items[i]
			l.places[fmt.Sprintf("%s.%d", key, i)] = item.Place()
		}
		l.section(to.Index(i), item, fmt.Sprintf("%s.%d.", key, i), "an entry of "+key)
	}
}

// value decodes one key. A variable of the environment is bound before it is looked up: only so
// does it count when the file has no such key.
func (l *configLoad) value(to reflect.Value, node *source.Node, key string) {
	l.known = append(l.known, envName(key))
	if err := l.viper.BindEnv(key, envName(key)); err != nil {
		panic(fmt.Sprintf("config: bind %s: %v", key, err))
	}
	if node.Is(source.Map) || (node.Is(source.List) && to.Kind() != reflect.Slice) {
		l.report.Errorf(node.Place(), codeShape, "%s must be one value, not %s", key, node.Kind)
		return
	}
	err := l.viper.UnmarshalKey(key, to.Addr().Interface(), viper.DecodeHook(decodeValue))
	if err != nil {
		l.report.Errorf(l.place(key), codeValue, "%s: %s", key, decodeReason(err))
		l.report.Help("%s", wanted(to.Type()))
		return
	}
	if words, ok := to.Addr().Interface().(*[]string); ok && os.Getenv(envName(key)) == "" {
		*words = written(node, *words)
	}
	if strings.HasSuffix(key, "_file") && to.String() != "" {
		l.named(key, to.String())
	}
}

// written is the list of texts as the file has it: to the library 0555123456 is an octal number.
func written(node *source.Node, decoded []string) []string {
	if !node.Is(source.List) {
		return decoded
	}
	var words []string
	for _, item := range node.Items() {
		words = append(words, item.Scalar())
	}
	return words
}

// place is where key is in the file, or the variable that it comes from.
func (l *configLoad) place(key string) source.Pos {
	if os.Getenv(envName(key)) != "" {
		return source.Pos{File: envName(key)}
	}
	for at := key; at != ""; {
		if p, ok := l.places[at]; ok {
			return p
		}
		at = at[:max(0, strings.LastIndexByte(at, '.'))]
	}
	return source.Pos{File: l.path}
}

func (l *configLoad) faults(list []fault) {
	secrets := make(map[int]bool) // the lines that hold one
	for _, f := range list {
		if f.secret {
			secrets[l.place(f.key).Line] = true
		}
	}
	for _, f := range list {
		at, code := l.place(f.key), codeValue
		if secrets[at.Line] {
			at = hidden(at)
		}
		if f.secret {
			code = codeSecret
		}
		l.report.Errorf(at, code, "%s %s", f.key, f.message)
		l.report.Help("%s", f.help)
	}
}

// variables reports those with our prefix that mean nothing: a typo there is as bad as in the
// file.
func (l *configLoad) variables() {
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if value == "" || !strings.HasPrefix(name, envPrefix) || slices.Contains(l.known, name) {
			continue
		}
		l.report.Errorf(source.Pos{File: name}, codeUnknown, "this variable is not known")
		if near := source.Suggest(name, l.known); near != "" {
			l.report.Help("did you mean %s?", near)
		}
	}
}

// secrets fills the fields that are secrets: from their variable, else from their file.
func (l *configLoad) secrets(in reflect.Value, prefix string) {
	for i := range in.NumField() {
		field, kind := in.Field(i), in.Type().Field(i)
		name := prefix + kind.Tag.Get("mapstructure")
		switch {
		case field.Kind() == reflect.Struct:
			l.secrets(field, name+".")
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				l.secrets(field.Index(j), fmt.Sprintf("%s.%d.", name, j))
			}
		case kind.Tag.Get("env") != "":
			l.secret(field, prefix+kind.Tag.Get("env"), prefix+kind.Tag.Get("file"))
		}
	}
}

func (l *configLoad) secret(to reflect.Value, key, fileKey string) {
	l.known = append(l.known, envName(key))
	if value := os.Getenv(envName(key)); value != "" {
		to.SetString(value)
		return
	}
	if written := to.String(); written != "" {
		if l.viper.GetString(fileKey) != "" {
			l.report.Errorf(l.place(fileKey), codeValue, "both %s and %s are set", key, fileKey)
			l.report.Help("leave one of them out")
		}
		if u, err := url.Parse(written); err != nil || hasPassword(u) {
			l.report.Errorf(hidden(l.place(key)), codeSecret,
				"%s holds a password or is no URL", key)
			l.report.Help("put the whole URL in a file and name that as %s, or set %s",
				lastPart(fileKey), envName(key))
		}
		return
	}
	if path := l.viper.GetString(fileKey); path != "" {
		text, err := readAtMost(path, maxSecretOctets)
		if err == nil { // else it is reported with its key
			to.SetString(strings.TrimRight(string(text), "\r\n"))
		}
	}
}

// named reports a named file that cannot be read.
func (l *configLoad) named(key, path string) {
	_, err := readAtMost(path, maxNamedFileOctets)
	switch {
	case err == nil:
	case l.missing == filesElsewhere:
		l.report.Warnf(l.place(key), codeUnreadable, "%s: %v", key, err)
		l.report.Help("serve will refuse to start without it")
	default:
		l.report.Errorf(l.place(key), codeUnreadable, "%s: %v", key, err)
	}
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has || u.Query().Has("password")
}

func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

const envPrefix = "USSDGW_"

// envName is the variable of a key: "links.0.system_id" is USSDGW_LINKS_0_SYSTEM_ID.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// decodeValue reads what the environment brings as text, and refuses a duration without a unit,
// which would be nanoseconds.
func decodeValue(_, to reflect.Type, value any) (any, error) {
	text, isText := value.(string)
	switch {
	case to == reflect.TypeFor[lockTimes]():
		return decodeLocks(value), nil
	case to == reflect.TypeFor[time.Duration]():
		if !isText {
			text = fmt.Sprint(value)
		}
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%q is no duration", text)
		}
		return d, nil
	case !isText:
		return value, nil
	case to.Kind() == reflect.Slice:
		return strings.Split(text, ","), nil
	case to.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", text)
		}
		return n, nil
	case to.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return b, nil
	}
	return value, nil
}

// decodeLocks puts its duration in the place of untilSupport. Other entries are left to
// decodeValue.
func decodeLocks(value any) any {
	if text, isText := value.(string); isText {
		value = strings.Split(text, ",")
	}
	entries := reflect.ValueOf(value)
	if entries.Kind() != reflect.Slice {
		return value
	}
	locks := make([]any, entries.Len())
	for i := range locks {
		locks[i] = entries.Index(i).Interface()
		if text, isText := locks[i].(string); isText && strings.TrimSpace(text) == untilSupport {
			locks[i] = wallet.UntilSupport.String()
		}
	}
	return locks
}

// decodeReason takes the library's frame, the name of the value in quotes, off an error.
func decodeReason(err error) string {
	text := strings.TrimSpace(err.Error())
	text = strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	if rest, ok := strings.CutPrefix(text, "'"); ok {
		_, text, _ = strings.Cut(rest, "' ")
	}
	return text
}

func wanted(t reflect.Type) string {
	switch t.String() {
	case "time.Duration":
		return "write a duration with its unit: 500ms, 30s, 3m, 24h"
	case "main.lockTimes":
		return "write a list of durations, the last of which may be support: [30m, 24h, support]"
	case "int":
		return "write a whole number"
	case "bool":
		return "write true or false"
	}
	return "write a text"
}

// readAtMost reads a file of at most limit octets.
func readAtMost(path string, limit int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: more than %d octets", path, limit)
	}
	return b, err
}

// reason takes the operation and the path off an error that will be printed beside the path.
func reason(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
