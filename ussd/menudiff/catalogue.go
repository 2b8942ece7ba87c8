package menudiff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/money"
)

// Places are where the entries of a catalogue stand in the files, by "provider dostek", "category
// other", "limits remote", "operation transfer" and "network o", and their keys, by "provider
// dostek fee".
type Places map[string]source.Pos

// FindPlaces looks up where the entries of the catalogue in files stand.
func FindPlaces(files []*source.File) Places {
	out := make(Places)
	for _, f := range files {
		for _, part := range []struct{ section, what string }{
			{"limits", "limits"}, {"operations", "operation"}, {"networks", "network"},
		} {
			for _, entry := range f.Root.Field(part.section).Fields() {
				out[part.what+" "+entry.Key] = entry.KeyPos
				for _, f := range entry.Value.Fields() {
					out[part.what+" "+entry.Key+" "+f.Key] = f.Value.Place()
				}
			}
		}
		for _, category := range f.Root.Field("categories").Items() {
			name := "category " + category.Field("id").Scalar()
			out[name], out[name+" name"] = category.Place(), category.Field("name").Place()
			for _, p := range category.Field("providers").Items() {
				id := p.Field("id").Scalar()
				out["provider "+id] = p.Place()
				for _, f := range p.Fields() {
					key := f.Key
					if key == "fields" { // of several accounts in place of one
						key = "account"
					}
					out["provider "+id+" "+key] = f.Value.Place()
				}
			}
		}
	}
	return out
}

// at returns the nearest place that is known: of a provider's key, of the provider, of a file that
// has anything of the catalogue.
func (p Places) at(name, key string) source.Pos {
	if pos, ok := p[name+" "+key]; ok {
		return pos
	}
	if pos, ok := p[name]; ok {
		return pos
	}
	kind, _, _ := strings.Cut(name, " ")
	for _, other := range slices.Sorted(maps.Keys(p)) {
		if strings.HasPrefix(other, kind+" ") {
			return source.Pos{File: p[other].File}
		}
	}
	return source.Pos{File: "."}
}

// catalogue compares what can be paid and by which rules. The keys of providers are the walk's:
// here is what a payment costs, what it takes and what its texts say.
func (c *comparison) catalogue() {
	was, is := providers(c.old.Catalogue), providers(c.now.Catalogue)
	for _, p := range is.list {
		id := p.provider.ID
		b, ok := was.byID[id]
		pos := c.now.Places.at("provider "+id, "")
		switch {
		case !ok:
			c.note("", SubjectPayee, id, pos, "%s can be paid now", p.provider.title(c.is.Languages[0]))
		case b.category != p.category:
			c.note("", SubjectPayee, id, pos, "%s is under %s instead of %s",
				p.provider.title(c.is.Languages[0]), p.category, b.category)
		}
		if ok {
			c.fields("provider "+id, id, p.provider.title(c.is.Languages[0]), b.provider.Provider,
				p.provider.Provider)
		}
	}
	for _, p := range was.list {
		if _, ok := is.byID[p.provider.ID]; !ok {
			pos := c.now.Places.at("provider "+p.provider.ID, "")
			c.note(GradeMoney, SubjectPayee, p.provider.ID, pos, "%s can be paid no more",
				p.provider.title(c.was.Languages[0]))
			c.note(GradeSession, SubjectPayee, p.provider.ID, pos,
				"%s may have been chosen in a dialogue, and is gone",
				p.provider.title(c.was.Languages[0]))
		}
	}
	c.categories()
	for _, level := range both(c.old.Catalogue.Limits, c.now.Catalogue.Limits) {
		a, before := c.old.Catalogue.Limits[level]
		b, now := c.now.Catalogue.Limits[level]
		pos := c.now.Places.at("limits "+level, "")
		switch {
		case !before:
			c.note(GradeMoney, SubjectPayee, level, pos, "the limits of the level %s are new", level)
		case !now:
			c.note(GradeMoney, SubjectPayee, level, pos, "the limits of the level %s are gone", level)
		default:
			c.fields("limits "+level, level, "limits of the level "+level, a, b)
		}
	}
	for _, op := range both(c.old.Catalogue.Operations, c.now.Catalogue.Operations) {
		c.fields("operation "+op, op, op, c.old.Catalogue.Operations[op],
			c.now.Catalogue.Operations[op])
	}
	c.networks()
}

// categories compares the names of the categories.
func (c *comparison) categories() {
	was := make(map[string]catalogue.Category)
	for _, g := range c.old.Catalogue.Categories {
		was[g.ID] = g
	}
	for _, g := range c.now.Catalogue.Categories {
		if b, ok := was[g.ID]; ok {
			b.Providers, g.Providers = nil, nil
			c.fields("category "+g.ID, g.ID, "category "+g.ID, b, g)
		} else {
			c.note("", SubjectPayee, g.ID, c.now.Places.at("category "+g.ID, ""),
				"the category %s is new", g.Name[c.is.Languages[0]])
		}
		delete(was, g.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		c.note(GradeSession, SubjectPayee, id, c.now.Places.at("category "+id, ""),
			"the category %s is gone", was[id].Name[c.was.Languages[0]])
	}
}

// networks compares who is served. A number that is sent elsewhere has lost all its paths.
func (c *comparison) networks() {
	was := make(map[string]catalogue.Network)
	for _, n := range c.old.Catalogue.Networks {
		was[n.ID] = n
	}
	for _, n := range c.now.Catalogue.Networks {
		b, ok := was[n.ID]
		delete(was, n.ID)
		if ok {
			c.fields("network "+n.ID, n.ID, "network "+n.Name, b, n)
		} else {
			c.note("", SubjectPayee, n.ID, c.now.Places.at("network "+n.ID, ""),
				"the network %s is new", n.Name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		c.note(GradePath, SubjectPayee, id, c.now.Places.at("network "+id, ""),
			"the network %s is gone", was[id].Name)
	}
}

// A field says what one field of the catalogue is called, and what its change means.
type field struct {
	words string
	grade Grade
	key   string // in the file
}

// fieldNamed describes a field by its path. "" as words is a field that nobody notices, or whose
// change the walk reports. A field that is not here is about money, so that one which the
// catalogue gets later cannot be forgotten.
func fieldNamed(path string) field {
	known := map[string]field{
		"ID": {}, "Number": {}, "Promoted": {"whether it is promoted", "", "promoted"},
		"Name":      {"the name", GradeText, "name"},
		"Elsewhere": {"where its subscribers are sent", GradeText, "elsewhere"},
		"Served":    {"whether it is served", GradePath, "served"},
		"Prefixes":  {"the beginnings of its numbers", GradePath, "prefixes"},

		"Min":             {"the smallest amount", GradeMoney, "amount"},
		"Max":             {"the largest amount", GradeMoney, "amount"},
		"Fee.Fixed":       {"the fixed part of the fee", GradeMoney, "fee"},
		"Fee.BasisPoints": {"the fee", GradeMoney, "fee"},
		"Fee.Min":         {"the smallest fee", GradeMoney, "fee"},
		"Fee.Max":         {"the largest fee", GradeMoney, "fee"},
		"Fee.Payer":       {"who pays the fee", GradeMoney, "fee"},
		"Settlement":      {"how it learns of payments", GradeMoney, "settlement"},
		"Biller":          {"which biller takes its payments", GradeMoney, "biller"},
		"Check":           {"whether it is asked whose account it is", GradeMoney, "check"},
		"Stopped":         {"whether payments are stopped", GradeMoney, "stopped"},

		"Fields":         {"how many fields are asked for", GradeMoney, "account"},
		"Fields.Label":   {"the name of what is asked for", GradeText, "account"},
		"Fields.Hint":    {"the hint of what is asked for", GradeText, "account"},
		"Fields.Where":   {"where the account is found", GradeText, "account"},
		"Fields.Example": {"the example of an account", GradeText, "account"},
		"Fields.Pattern": {"the pattern of an account", GradeMoney, "account"},
		"Fields.MinLen":  {"the fewest digits of an account", GradeMoney, "account"},
		"Fields.MaxLen":  {"the most digits of an account", GradeMoney, "account"},

		"Balance": {"the most that a wallet may hold", GradeMoney, "balance"},
		"TopUp":   {"who puts money on its phones", GradeMoney, "top_up"},
	}
	if rest, ok := strings.CutPrefix(path, "Operations."); ok {
		op, window, _ := strings.Cut(rest, ".")
		when := map[string]string{"Once": "at once", "Day": "of a day", "Month": "of a month"}
		return field{words: op + " " + when[window], grade: GradeMoney, key: op}
	}
	if rest, ok := strings.CutPrefix(path, "Fees."); ok {
		level, part, _ := strings.Cut(rest, ".")
		f := fieldNamed("Fee." + part)
		f.words += " of the level " + level
		return f
	}
	if part, ok := strings.CutPrefix(path, "Account."); ok {
		path = "Fields." + part
	}
	if f, ok := known[path]; ok {
		return f
	}
	return field{words: strings.ToLower(path), grade: GradeMoney}
}

// fields compares two entries of the catalogue field by field. title says whose they are.
func (c *comparison) fields(where, name, title string, was, is any) {
	for _, d := range differences("", reflect.ValueOf(was), reflect.ValueOf(is)) {
		f := fieldNamed(d.path)
		if f.words == "" {
			continue
		}
		c.note(f.grade, SubjectPayee, name, c.now.Places.at(where, f.key), "%s: %s is %s instead of %s",
			title, f.words, d.is, d.was)
	}
}

// A difference is one field of two structs that is not equal.
type difference struct{ path, was, is string }

// differences lists the exported fields in which two values of one type differ. The elements of
// lists of the same length are compared one by one, under the name of the list, those of maps under
// their keys.
func differences(path string, was, is reflect.Value) []difference {
	var out []difference
	structs := was.Kind() == reflect.Slice && was.Type().Elem().Kind() == reflect.Struct
	switch {
	case was.Kind() == reflect.Struct:
		for i := range was.NumField() {
			f := was.Type().Field(i)
			if f.IsExported() {
				name := strings.TrimPrefix(path+"."+f.Name, ".")
				out = append(out, differences(name, was.Field(i), is.Field(i))...)
			}
		}
	case was.Kind() == reflect.Map && was.Type().Elem().Kind() == reflect.Struct:
		for _, key := range both(keys(was), keys(is)) {
			out = append(out, differences(path+"."+key, element(was, key), element(is, key))...)
		}
	case structs && was.Len() != is.Len():
		out = append(out, difference{path, fmt.Sprint(was.Len()), fmt.Sprint(is.Len())})
	case structs:
		for i := range was.Len() {
			out = append(out, differences(path, was.Index(i), is.Index(i))...)
		}
	case !reflect.DeepEqual(was.Interface(), is.Interface()):
		out = append(out, difference{path, shown(was), shown(is)})
	}
	return out
}

// keys are those of a map whose keys are texts.
func keys(m reflect.Value) map[string]bool {
	out := make(map[string]bool, m.Len())
	for _, key := range m.MapKeys() {
		out[key.String()] = true
	}
	return out
}

// element is that of a key, or a zero value.
func element(m reflect.Value, key string) reflect.Value {
	if v := m.MapIndex(reflect.ValueOf(key)); v.IsValid() {
		return v
	}
	return reflect.Zero(m.Type().Elem())
}

// shown is a value as a person reads it.
func shown(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case money.Amount:
		return x.Short() + " som"
	case int64: // basis points: two decimals, as an amount has
		return money.Amount(x).Short() + "%"
	case string:
		return fmt.Sprintf("%q", x)
	case bool:
		return map[bool]string{true: "yes", false: "no"}[x]
	case []string:
		return strings.Join(x, ", ")
	case map[string]string:
		if len(x) == 0 {
			return "nothing"
		}
		var out []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			out = append(out, fmt.Sprintf("%s %q", k, x[k]))
		}
		return strings.Join(out, ", ")
	}
	return fmt.Sprint(v.Interface())
}

// payee is a provider and the category that it is in.
type payee struct {
	provider titled
	category string
}

// titled is a provider that can name itself.
type titled struct{ catalogue.Provider }

// title is the name with the ID.
func (p titled) title(lang string) string { return fmt.Sprintf("%s (%s)", p.Name[lang], p.ID) }

// payees are all providers of a catalogue.
type payees struct {
	list []payee
	byID map[string]payee
}

func providers(c *catalogue.Catalogue) payees {
	out := payees{byID: make(map[string]payee)}
	for _, category := range c.Categories {
		for _, p := range category.Providers {
			one := payee{titled{p}, category.ID}
			out.list = append(out.list, one)
			out.byID[p.ID] = one
		}
	}
	return out
}
