package menu

import (
	"crypto/sha256"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/smsc/charset"
)

// Schema is the first line's value of every menu file.
const Schema = "ussd.menu/v1"

// catalogueSchema is that of the files which are read elsewhere.
const catalogueSchema = "ussd.catalogue/v1"

// Bounds of a menu.
const (
	MaxStates    = 5000 // in all files
	MaxOptions   = 40   // of one state
	MaxSlots     = 48   // slots, chosen items and values of outcomes together
	MaxItems     = 500  // of one list, or of one of its sub-lists
	MaxErrors    = 500  // texts of errors, in all files
	MaxTextBytes = 2000 // of one text in one language
	MaxLanguages = 8
	MinUnits     = 40 // that a screen may be limited to
)

// loading is the state of one Load.
type loading struct {
	r      *source.Report
	env    Environment
	p      *Program
	placed map[string]source.Pos // "kind name" -> where it was first
	raw    map[string][]byPlace  // sections of all files
}

// byPlace is one section of one file.
type byPlace struct {
	node *source.Node
	pos  source.Pos
}

// Load parses and checks every menu file of fsys against env. All findings go to r, all at once.
// The Program is nil when r failed.
func Load(fsys fs.FS, env Environment, r *source.Report) *Program {
	l := &loading{
		r: r, env: env,
		placed: make(map[string]source.Pos),
		raw:    make(map[string][]byPlace),
		p: &Program{
			nav:      make(map[string]texts),
			entries:  make(map[Entry]string),
			errors:   make(map[string]texts),
			slots:    make(map[string]*slot),
			chosen:   make(map[string]string),
			states:   make(map[string]*state),
			sms:      make(map[string]message),
			patterns: make(map[string]*regexp.Regexp),
			latinOf:  make(map[string]string),
			env:      env,
		},
	}
	files, whole := source.Load(fsys, r)
	if !l.gather(files) || !whole {
		return nil // what is missing may be in a file that was left out
	}
	if len(l.raw["schema"]) == 0 {
		if !r.Failed() {
			r.Errorf(source.Pos{File: "."}, codeSchema, "no file with `schema: %s`", Schema)
		}
		return nil
	}
	l.settings()
	if len(l.p.languages) == 0 {
		return nil // nothing else could be read
	}
	l.errorTexts()
	l.slotTypes()
	l.stateTexts()
	l.movedPaths()
	l.messages()
	(&checking{loading: l}).check()
	if r.Failed() {
		return nil
	}
	l.p.content = contentOf(files)
	l.p.revision = revision.IDOf(l.p.content)
	l.p.placed = l.placed
	return l.p
}

// contentOf is the content sum of all files, the catalogue's too: its names are on the screens.
func contentOf(files []*source.File) [sha256.Size]byte {
	sums := make(map[string][sha256.Size]byte, len(files))
	for _, f := range files {
		sums[f.Name] = f.Sum
	}
	return revision.ContentOf(sums)
}

// sections are the top-level keys of a menu file.
func sections() []string {
	return []string{
		"schema", "service", "languages", "transliterations", "limits", "keys", "nav", "entries",
		"shortcuts", "moved", "errors", "slots", "states", "sms",
	}
}

// gather collects the sections of all menu files. It returns false when a file does not say what
// it is.
func (l *loading) gather(files []*source.File) bool {
	known := true
	for _, f := range files {
		fields := f.Root.Fields()
		if len(fields) == 0 || fields[0].Key != "schema" {
			l.r.Errorf(source.Pos{File: f.Name, Line: 1, Col: 1}, codeSchema,
				"the file does not begin with `schema:`")
			known = false
			l.r.Help("the first line is `schema: %s` or `schema: %s`", Schema, catalogueSchema)
			continue
		}
		switch schema := fields[0].Value; schema.Scalar() {
		case Schema:
		case catalogueSchema:
			continue
		default:
			known = false
			l.r.Errorf(schema.Place(), codeSchema, "unknown schema %q", schema.Scalar())
			l.r.DidYouMean(schema.Scalar(), []string{Schema, catalogueSchema})
			continue
		}
		found := f.Root.Object(l.r, "a menu file", sections()...)
		for _, field := range fields {
			if n := found[field.Key]; n != nil {
				l.raw[field.Key] = append(l.raw[field.Key], byPlace{n, field.KeyPos})
			}
		}
	}
	return known
}

// setting returns the one section of that name, and reports that there is none or another.
func (l *loading) setting(name string) *source.Node {
	all := l.raw[name]
	if len(all) == 0 {
		l.r.Errorf(l.raw["schema"][0].pos, codeSetting, "the setting %q is missing", name)
		return nil
	}
	for _, other := range all[1:] {
		l.r.Errorf(other.pos, codeTwice, "%q is given twice; first in %s", name, all[0].pos)
	}
	l.placed["setting "+name] = all[0].pos
	return all[0].node
}

// once reports a name that is not one, and one that has been there before.
func (l *loading) once(kind string, f source.Field) bool {
	if !isName(f.Key) {
		l.r.Errorf(f.KeyPos, codeName, "%q is no name of a %s", f.Key, kind)
		return false
	}
	key := kind + " " + f.Key
	if first, ok := l.placed[key]; ok {
		l.r.Errorf(f.KeyPos, codeTwice, "the %s %q is there twice; first in %s", kind, f.Key, first)
		return false
	}
	l.placed[key] = f.KeyPos
	return true
}

// fields returns the keys of a section, which must be a map.
func (l *loading) fields(section byPlace, what string) []source.Field {
	if section.node.Is(source.Null) {
		return nil
	}
	section.node.Object(l.r, what)
	return section.node.Fields()
}

func (l *loading) settings() {
	if n := l.setting("service"); n != nil {
		l.p.service = n.Scalar()
		if !regexp.MustCompile(`^\*[0-9]{1,6}(\*[0-9]{1,6}){0,3}#$`).MatchString(l.p.service) {
			l.r.Errorf(n.Place(), codeSetting, "%q is no service code", n.Scalar())
			l.r.Help(`a service code looks like "*900#", in quotes`)
		}
	}
	l.languages(l.setting("languages"))
	if len(l.raw["transliterations"]) > 0 {
		l.transliterations(l.setting("transliterations"))
	}
	l.limits(l.setting("limits"))
	l.keys(l.setting("keys"))
	if nav := l.setting("nav"); nav != nil && len(l.p.languages) > 0 {
		l.nav(nav)
	}
	l.entries(l.setting("entries"))
	if len(l.raw["shortcuts"]) > 0 {
		n := l.setting("shortcuts")
		l.p.shortcuts = l.stateName(n)
		l.placed["setting shortcuts"] = n.Place()
	}
}

func (l *loading) languages(n *source.Node) {
	if n == nil {
		return
	}
	for _, item := range n.Items() {
		switch lang := item.Scalar(); {
		case !isLanguage(lang):
			l.r.Errorf(item.Place(), codeSetting, "%q is no language code", lang)
		case slices.Contains(l.p.languages, lang):
			l.r.Errorf(item.Place(), codeTwice, "the language %q is there twice", lang)
		default:
			l.p.languages = append(l.p.languages, lang)
		}
	}
	if k := len(l.p.languages); k == 0 || k > MaxLanguages {
		l.r.Errorf(n.Place(), codeSetting, "languages must list 1 to %d codes", MaxLanguages)
	}
}

// isLanguage reports whether s is a language code such as ky or ru-latn.
func isLanguage(s string) bool {
	return regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2,8})?$`).MatchString(s)
}

func (l *loading) limits(n *source.Node) {
	l.p.limits = limits{charset.ScreenSeptets, charset.ScreenUCS2}
	if n == nil {
		return
	}
	found := n.Object(l.r, "limits", "gsm7", "ucs2")
	for _, f := range []struct {
		key  string
		most int
		to   *int
	}{
		{"gsm7", charset.ScreenSeptets, &l.p.limits.gsm7},
		{"ucs2", charset.ScreenUCS2, &l.p.limits.ucs2},
	} {
		v, ok := found[f.key]
		if !ok {
			l.r.Errorf(l.raw["limits"][0].pos, codeSetting, "limits lacks %q", f.key)
			continue
		}
		if units, ok := l.number(v, MinUnits, f.most); ok {
			*f.to = units
		}
	}
}

// number reads a whole number and reports one that is out of range.
func (l *loading) number(n *source.Node, least, most int) (int, bool) {
	v, err := strconv.Atoi(n.Scalar())
	if err != nil || v < least || v > most || !isDigits(n.Scalar()) {
		l.r.Errorf(n.Place(), codeSetting, "%q is no whole number from %d to %d",
			n.Scalar(), least, most)
		return 0, false
	}
	return v, true
}

func (l *loading) keys(n *source.Node) {
	l.p.keys = keys{"0", "00", "98"}
	if n == nil {
		return
	}
	found := n.Object(l.r, "keys", "back", "home", "more")
	seen := make(map[string]string)
	for _, f := range []struct {
		name string
		to   *string
	}{{"back", &l.p.keys.back}, {"home", &l.p.keys.home}, {"more", &l.p.keys.more}} {
		v, ok := found[f.name]
		if !ok {
			l.r.Errorf(l.raw["keys"][0].pos, codeSetting, "keys lacks %q", f.name)
			continue
		}
		l.key(v)
		if other, dup := seen[v.Scalar()]; dup {
			l.r.Errorf(v.Place(), codeKeyTwice, "%s and %s have the same key", other, f.name)
		}
		seen[v.Scalar()] = f.name
		*f.to = v.Scalar()
	}
}

// key reports a key that nobody could type, or that is not in quotes.
func (l *loading) key(n *source.Node) {
	const most = 4
	s := n.Scalar()
	if s == "" || len(s) > most || strings.Trim(s, "0123456789*#") != "" {
		l.r.Errorf(n.Place(), codeSetting, "%q is no key: 1 to %d of 0-9, * and #", s, most)
		return
	}
	if !n.Quoted {
		l.r.Errorf(n.Place(), codeKeyWritten, "the key %s must be in quotes", s)
		l.r.Help("write %q", s)
		l.r.Fix(n.Spelled(0, len(s)), source.Quote(s))
	}
}

func (l *loading) nav(n *source.Node) {
	found := n.Object(l.r, "nav", "back", "home", "more")
	for name, key := range map[string]string{
		"back": l.p.keys.back, "home": l.p.keys.home, "more": l.p.keys.more,
	} {
		v, ok := found[name]
		if !ok {
			l.r.Errorf(l.raw["nav"][0].pos, codeSetting, "nav lacks %q", name)
			continue
		}
		t := l.texts(v)
		l.p.nav[name] = t
		l.noPlural(t, "a navigation line")
		for _, lang := range l.p.languages {
			line, ok := t[lang]
			if !ok {
				continue
			}
			for _, h := range line.holders() {
				l.r.Errorf(h.pos, codePlaceholder, "a navigation line shows no value")
			}
			if line.expand(none) != key && !strings.HasPrefix(line.expand(none), key+" ") {
				l.r.Errorf(line.node.Place(), codeNav, "the line must begin with the key %q", key)
			}
		}
	}
}

// none is the value of every placeholder where there are no values.
func none(string) string { return "" }

func (l *loading) entries(n *source.Node) {
	if n == nil {
		return
	}
	known := make([]string, 0, len(Entries()))
	for _, e := range Entries() {
		known = append(known, string(e))
	}
	found := n.Object(l.r, "entries", known...)
	for _, e := range Entries() {
		v, ok := found[string(e)]
		if !ok {
			l.r.Errorf(l.raw["entries"][0].pos, codeEntry, "entries lacks %q", e)
			continue
		}
		l.p.entries[e] = v.Scalar()
		l.placed["entry "+string(e)] = v.Place()
	}
}

// texts reads a text in all languages. A language that fails is left out and reported.
func (l *loading) texts(n *source.Node) texts {
	out := make(texts, len(l.p.languages))
	switch {
	case n.Is(source.Scalar):
		if t := l.template(n); t != nil {
			for _, lang := range l.p.languages {
				if l.p.base(lang) == lang {
					out[lang] = t
				}
			}
		}
	case n.Field(byKey) != nil:
		l.r.Errorf(n.Place(), codePlural, "plural forms stand within a language")
		l.r.Help(`write it as %s: {by: …}`, l.p.languages[0])
	case n.Is(source.Map):
		found := make(map[string]bool)
		for _, f := range n.Fields() {
			if !slices.Contains(l.p.languages, f.Key) {
				l.r.Errorf(f.KeyPos, codeLanguage, "%q is no language of this menu", f.Key)
				if f.Value.Is(source.Null) {
					l.r.Help("a text with a comma needs quotes")
				} else {
					l.r.DidYouMean(f.Key, l.p.languages)
				}
				continue
			}
			found[f.Key] = true
			if t := l.textIn(f.Key, f.Value); t != nil {
				out[f.Key] = t
			}
		}
		for _, lang := range l.p.languages {
			if !found[lang] && l.p.base(lang) == lang {
				l.r.Errorf(n.Place(), codeLanguage, "the text is missing in %q", lang)
			}
		}
	default:
		l.r.Errorf(n.Place(), codeLanguage, "a text was expected here")
	}
	return l.spelled(out)
}

// textIn reads a text in one language, which may have plural forms there.
func (l *loading) textIn(lang string, n *source.Node) *template {
	if n.Is(source.Map) && (n.Field(byKey) != nil || n.Field(everyForm) != nil) {
		return l.plural(n, lang)
	}
	return l.template(n)
}

func (l *loading) template(n *source.Node) *template {
	switch {
	case !n.Is(source.Scalar):
		l.r.Errorf(n.Place(), codeLanguage, "a text was expected here")
		if n.Is(source.Map) {
			l.r.Help("a text that begins with '{' needs quotes; one with plural forms needs `by:`")
		}
		return nil
	case strings.TrimSpace(n.Scalar()) == "":
		l.r.Errorf(n.Place(), codeLanguage, "the text is empty")
		return nil
	case source.Unseen(n.Scalar()) >= 0:
		at := source.Unseen(n.Scalar())
		c, _ := utf8.DecodeRuneInString(n.Scalar()[at:])
		l.r.Errorf(n.Inside(at), codeUnseen, "the text has the character %U that nobody sees", c)
		l.r.Fix(n.Spelled(at, utf8.RuneLen(c)), "")
		return nil
	case source.Blank(n.Scalar()):
		l.r.Errorf(n.Place(), codeUnseen, "there is nothing in the text that can be seen")
		return nil
	case strings.Contains(n.Scalar(), `\n`):
		l.r.Errorf(n.Inside(strings.Index(n.Scalar(), `\n`)), codeLineEnd,
			`\n begins no new line here: it would be shown as it is written`)
		l.r.Help(`put the whole text between double quotes: "first line\nsecond line"`)
		return nil
	case len(n.Scalar()) > MaxTextBytes:
		l.r.Errorf(n.Place(), codeLimit, "the text has more than %d octets", MaxTextBytes)
		return nil
	}
	t := parseTemplate(n, l.r)
	l.spelling(t)
	return t
}

func (l *loading) errorTexts() {
	for _, section := range l.raw["errors"] {
		for _, f := range l.fields(section, "errors") {
			if l.once("error", f) {
				l.p.errors[f.Key] = l.texts(f.Value)
			}
		}
	}
	if n := len(l.p.errors); n > MaxErrors {
		l.r.Errorf(l.raw["errors"][0].pos, codeLimit, "%d error texts; at most %d", n, MaxErrors)
	}
}

// messages reads the texts of the SMS.
func (l *loading) messages() {
	for _, section := range l.raw["sms"] {
		for _, f := range l.fields(section, "sms") {
			if l.once("sms", f) {
				l.p.sms[f.Key] = message{pos: f.KeyPos, texts: l.texts(f.Value)}
			}
		}
	}
}
