package main

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
)

// mutators are all there are.
func mutators() []mutator {
	return slices.Concat(yamlMutators(), languageMutators(), flowMutators(),
		decidingMutators(), wordingMutators(), adviceMutators(), screenMutators(), moneyMutators(),
		catalogueMutators())
}

// unbreakable says of the codes that no change of the shipped files can bring why that is so.
func unbreakable() map[string]string {
	return map[string]string{}
}

// each makes a mutant of everything found.
func each(all []*found, make func(at *found) *mutant) []*mutant {
	var out []*mutant
	for _, at := range all {
		if m := make(at); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// eachFile breaks each file in turn.
func eachFile(f *menusFolder, make func(name string) *mutant) []*mutant {
	var out []*mutant
	for _, name := range f.fileNames() {
		out = append(out, make(name))
	}
	return out
}

// quoted are the texts in double quotes on one line.
func (f *menusFolder) quoted() []*found {
	return slices.DeleteFunc(scalars(f.all), func(at *found) bool {
		return !strings.HasPrefix(f.raw(at.Value), `"`)
	})
}

// keysOfMaps are the fields of maps.
func (f *menusFolder) keysOfMaps() []*found {
	return slices.DeleteFunc(slices.Clone(f.all), func(at *found) bool {
		return at.up == nil || !at.up.Value.Is(source.Map)
	})
}

func yamlMutators() []mutator {
	return []mutator{
		{"YAML001", "a folder instead of a file", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				return &mutant{
					files: map[string]string{name: "folder"}, what: "a folder",
					at: []source.Pos{{File: name}},
				}
			})
		}},
		{"YAML002", "a file of more than a mebibyte", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				return f.insert(name, 2, "# "+strings.Repeat("long ", source.MaxFileBytes/5)).expect(
					source.Pos{File: name})
			})
		}},
		{"YAML002", "too many lines", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				return f.insert(name, 2, slices.Repeat([]string{"#"}, source.MaxLines+1)...).expect(
					source.Pos{File: name})
			})
		}},
		{"YAML002", "too many signs", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				return f.insert(name, 2, "# "+strings.Repeat(": ", source.MaxTokens/2+1)).expect(
					source.Pos{File: name})
			})
		}},
		{"YAML003", "a tab", func(f *menusFolder) []*mutant {
			return each(f.keysOfMaps(), func(at *found) *mutant {
				if f.inFlow(at) || at.KeyPos.Col == 1 {
					return nil
				}
				m := f.write(source.Pos{File: at.file, Line: at.KeyPos.Line, Col: 1}, "  ", "\t")
				return m
			})
		}},
		{"YAML003", "a quote that is not closed", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant {
				raw := f.raw(at.Value)
				m := f.sayPlain(at, raw[:len(raw)-1])
				next := at.KeyPos.Line // the line of the next quote
				for next < len(f.files[at.file]) && !strings.Contains(f.files[at.file][next], `"`) {
					next++
				}
				return m.also(source.Pos{File: at.file, Line: next + 1})
			})
		}},
		{"YAML003", "a bracket that is not closed", func(f *menusFolder) []*mutant {
			return each(f.all, func(at *found) *mutant {
				if raw := f.raw(at.Value); strings.HasPrefix(raw, "{") {
					return f.sayPlain(at, raw[:len(raw)-1]).also(below(at, 1))
				}
				return nil
			})
		}},
		{"YAML004", "a second document", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				last := len(f.files[name]) - 1
				return f.insert(name, last, "---", `more: "text"`)
			})
		}},
		{"YAML005", "an anchor", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant {
				return f.sayPlain(at, "&here "+f.raw(at.Value))
			})
		}},
		{"YAML005", "an alias", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant { return f.sayPlain(at, "*900") })
		}},
		{"YAML005", "a tag", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant {
				return f.sayPlain(at, "!!str "+f.raw(at.Value))
			})
		}},
		{"YAML005", "a merge key", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options", "states/*/on"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line-1, "    <<: {nav: inline}")
			})
		}},
		{"YAML006", "too many brackets", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant {
				return f.sayPlain(at, strings.Repeat("[", 70)+strings.Repeat("]", 70))
			})
		}},
		{"YAML007", "a key twice", func(f *menusFolder) []*mutant {
			return each(f.keysOfMaps(), func(at *found) *mutant {
				if f.inFlow(at) {
					from := at.KeyPos
					both := string([]rune(f.line(from))[from.Col-1:at.Value.Place().Col-1]) +
						f.raw(at.Value)
					return f.write(from, both, both+", "+both)
				}
				if at.KeyPos.Line != f.lastLine(at) || strings.Contains(f.line(at.KeyPos), "- ") {
					return nil
				}
				return f.insert(at.file, at.KeyPos.Line, f.line(at.KeyPos))
			})
		}},
		{"YAML008", "a key with a slip", func(f *menusFolder) []*mutant {
			known := f.fields(menu.Schema, "goto", "with", "confirm", "errors", "nav", "limits")
			known = append(known, f.fields(catalogue.Schema, "hint", "settlement", "percent",
				"served")...)
			return each(known, func(at *found) *mutant { return f.rename(at, at.Key+"x") })
		}},
		{"YAML009", "a text instead of a map", func(f *menusFolder) []*mutant {
			return each(f.find("limits", "keys", "states/*/on", "slots/*",
				"accounts/*", "categories/*/providers/*/fee"), func(at *found) *mutant {
				if !strings.HasPrefix(f.raw(at.Value), "{") {
					return nil
				}
				return f.sayPlain(at, `"text"`)
			})
		}},
		{"YAML010", "a key that is a map", func(f *menusFolder) []*mutant {
			return each(f.keysOfMaps(), func(at *found) *mutant {
				if f.inFlow(at) {
					return nil
				}
				return f.rename(at, "{"+at.Key+": x}")
			})
		}},
		{"YAML010", "a key of nothing", func(f *menusFolder) []*mutant {
			return each(f.keysOfMaps(), func(at *found) *mutant { return f.rename(at, `""`) })
		}},
		{"YAML011", "a control character", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant { return f.say(at, "a\x01b") })
		}},
		{"YAML011", "half a letter", func(f *menusFolder) []*mutant {
			return each(f.quoted(), func(at *found) *mutant { return f.say(at, "a\xd0b") })
		}},
		{"YAML012", "another ending", func(f *menusFolder) []*mutant {
			return eachFile(f, func(name string) *mutant {
				other := strings.TrimSuffix(name, ".yaml") + ".yml"
				return &mutant{
					files: map[string]string{other: strings.Join(f.files[name], "\n")},
					gone:  name, what: "the ending .yml",
					at: []source.Pos{{File: other}},
				}
			})
		}},
	}
}
