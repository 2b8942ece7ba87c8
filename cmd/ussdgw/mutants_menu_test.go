package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// menuTexts are all texts that subscribers see, by language.
func (f *menusFolder) menuTexts() []*found {
	return slices.Concat(f.prompts(), f.errorTexts(),
		f.texts("states/*/options/*/text"), f.texts("sms/*"))
}

// prompts are those of the states.
func (f *menusFolder) prompts() []*found { return f.texts("states/*/text", "states/*/end") }

// errorTexts are the texts of the errors.
func (f *menusFolder) errorTexts() []*found { return f.texts("states/*/errors/*", "errors/*") }

// stateOf is the state that a thing is in.
func stateOf(at *found) *found {
	for at.up != nil && at.up.path != "states" {
		at = at.up
	}
	return at
}

// first is where the menu's settings are missed: where the first of its files says what it is.
func (f *menusFolder) first() source.Pos {
	for _, at := range f.find("schema") {
		if at.schema == menu.Schema {
			return source.Pos{File: at.file, Line: at.KeyPos.Line}
		}
	}
	panic("ussdgw: no file of a menu")
}

// languageMutators break how the menu is written.
func languageMutators() []mutator {
	return slices.Concat(settingMutators(), nameMutators(), textMutators(), keyMutators())
}

// settings are what the menu must say once.
func (f *menusFolder) settings() []*found {
	all := f.find("service", "languages", "limits", "keys", "nav", "entries")
	return slices.DeleteFunc(all, func(at *found) bool { return at.schema != menu.Schema })
}

func settingMutators() []mutator {
	return []mutator{
		{"MENU001", "without the schema", func(f *menusFolder) []*mutant {
			return each(f.find("schema"), func(at *found) *mutant {
				m := f.write(at.KeyPos, f.line(at.KeyPos), "")
				return m.expect(source.Pos{File: at.file, Line: 1})
			})
		}},
		{"MENU001", "another schema", func(f *menusFolder) []*mutant {
			return each(f.find("schema"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"1")
			})
		}},
		{"MENU002", "without a setting", func(f *menusFolder) []*mutant {
			return each(f.settings(), func(at *found) *mutant { return f.drop(at).expect(f.first()) })
		}},
		{"MENU002", "without a key of a setting", func(f *menusFolder) []*mutant {
			return each(f.find("limits/gsm7", "limits/ucs2", "keys/*", "nav/*"), f.drop)
		}},
		{"MENU002", "one more than a screen holds", func(f *menusFolder) []*mutant {
			return each(f.find("limits/gsm7", "limits/ucs2"), func(at *found) *mutant {
				most := map[string]int{"gsm7": roomSeptets, "ucs2": roomUTF16}[at.Key]
				return f.sayPlain(at, strconv.Itoa(most+1))
			})
		}},
		{"MENU002", "a key that nobody can type", func(f *menusFolder) []*mutant {
			return each(f.find("keys/*", "states/*/options/*/key"), func(at *found) *mutant {
				return f.say(at, "a")
			})
		}},
		{"MENU002", "no service code", func(f *menusFolder) []*mutant {
			return each(f.find("service"), func(at *found) *mutant { return f.say(at, "900") })
		}},
		{"MENU002", "no screen for dialled strings", func(f *menusFolder) []*mutant {
			return each(f.find("shortcuts"), func(at *found) *mutant { return f.say(at, "entry") })
		}},
		{"MENU003", "a setting twice", func(f *menusFolder) []*mutant {
			return each(f.settings(), func(at *found) *mutant {
				return f.insert("sms.yaml", 2, at.Key+": {}")
			})
		}},
		{"MENU003", "a name twice", func(f *menusFolder) []*mutant {
			return each(f.find("states/*", "errors/*", "slots/*"), func(at *found) *mutant {
				lines := slices.Clone(f.files[at.file][at.KeyPos.Line-1 : f.lastLine(at)])
				if at.file == "sms.yaml" || strings.Contains(at.path, "slots") {
					return nil
				}
				section, _, _ := strings.Cut(at.path, "/")
				m := f.insert("sms.yaml", 2, append([]string{section + ":"}, lines...)...)
				return m.also(source.Pos{File: "sms.yaml", Line: 4}, below(at, 0))
			})
		}},
		{"MENU003", "a language twice", func(f *menusFolder) []*mutant {
			return each(f.find("languages/*"), func(at *found) *mutant {
				if at.schema != menu.Schema {
					return nil
				}
				return f.sayPlain(at, f.raw(at.Value)+", "+f.raw(at.Value))
			})
		}},
		{"MENU032", "an option too many", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options"), func(at *found) *mutant {
				var more []string
				for i := range menu.MaxOptions {
					more = append(more, fmt.Sprintf(`      - {key: "*%d", goto: "@home"}`, i))
				}
				return f.insert(at.file, at.KeyPos.Line, more...)
			})
		}},
		{"MENU032", "a text too long", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant {
				return f.say(at, strings.Repeat("n", menu.MaxTextBytes+1))
			})
		}},
		{"MENU032", "a slot too many", func(f *menusFolder) []*mutant {
			return each(f.find("slots"), func(at *found) *mutant {
				var more []string
				for i := range menu.MaxSlots {
					more = append(more, fmt.Sprintf("  slot%d: {type: \"msisdn\"}", i))
				}
				return f.insert(at.file, at.KeyPos.Line, more...).expect(f.first())
			})
		}},
	}
}

func nameMutators() []mutator {
	return []mutator{
		{"MENU004", "not a name", func(f *menusFolder) []*mutant {
			return each(f.find("states/*", "slots/*", "errors/*", "sms/*", "states/*/errors/*"),
				func(at *found) *mutant { return f.rename(at, "Not-A-Name") })
		}},
		{"MENU004", "a notice that is no name", func(f *menusFolder) []*mutant {
			return each(f.fields(menu.Schema, "notice"), func(at *found) *mutant {
				return f.say(at, "Not-A-Name")
			})
		}},
		{"MENU010", "two kinds at once", func(f *menusFolder) []*mutant {
			return each(f.find("states/*"), func(at *found) *mutant {
				text := `    end: "x"`
				if at.Value.Field("end") != nil {
					text = `    do: "wallet.balance"`
				}
				return f.insert(at.file, at.KeyPos.Line, text).expect(below(at, 0))
			})
		}},
		{"MENU010", "a kind that is misspelt", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options", "states/*/list", "states/*/end"),
				func(at *found) *mutant { return f.rename(at, at.Key+"x") })
		}},
		{"MENU010", "nothing but a comment", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/do"), func(at *found) *mutant {
				return f.rename(at, "with_nothing").expect(below(at.up, 0))
			})
		}},
		{"MENU010", "without what the kind needs", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/goto", "states/*/as", "states/*/on",
				"states/*/options/*/goto", "states/*/options/*/key"), f.drop)
		}},
		{"MENU018", "an unknown type", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/type"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU018", "without a bound", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/max"), func(at *found) *mutant {
				if at.up.Value.Field("type").Scalar() == "money" {
					return nil
				}
				return f.drop(at)
			})
		}},
		{"MENU018", "least above most", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/max"), func(at *found) *mutant {
				if at.up.Value.Field("min") == nil {
					return nil
				}
				return f.say(at, "1")
			})
		}},
		{"MENU018", "an exemption of what is no key", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/type"), func(at *found) *mutant {
				return f.sayPlain(at, f.raw(at.Value)+`, exempt: ["7"]`)
			})
		}},
		{"MENU018", "a slot with a name that is taken", func(f *menusFolder) []*mutant {
			return each(f.find("slots"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line, `  offer: {type: "msisdn"}`)
			})
		}},
		{"MENU033", "an unknown language", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/set/lang"), func(at *found) *mutant {
				return f.say(at, "xx")
			})
		}},
		{"MENU033", "an unknown slot", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/set/lang"), func(at *found) *mutant {
				return f.rename(at, "language")
			})
		}},
		{"MENU034", "a slot that nobody asks for", func(f *menusFolder) []*mutant {
			return each(f.find("slots"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line, `  left_over: {type: "msisdn"}`)
			})
		}},
		{"MENU034", "an error that nobody makes", func(f *menusFolder) []*mutant {
			return each(f.find("errors", "states/*/errors"), func(at *found) *mutant {
				indent := strings.Repeat(" ", at.KeyPos.Col+1)
				return f.insert(at.file, at.KeyPos.Line, indent+`left_over: "x"`)
			})
		}},
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_.]+\}`)

func textMutators() []mutator {
	return []mutator{
		{"MENU005", "without a language", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/*/*", "states/*/options/*/text/*", "states/*/errors/*/*",
				"errors/*/*", "sms/*/*", "nav/*/*"), func(at *found) *mutant {
				if at.Key != "ru" && at.Key != "ky" && at.Key != "en" {
					return nil
				}
				return f.drop(at).also(below(at, 0))
			})
		}},
		{"MENU005", "an unknown language", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/text/en", "states/*/end/ru", "sms/*/ky", "nav/*/en",
				"states/*/options/*/text/ru"), func(at *found) *mutant {
				return f.rename(at, at.Key+"x")
			})
		}},
		{"MENU005", "an empty text", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant { return f.say(at, " ") })
		}},
		{"MENU005", "a text in braces without quotes", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant { return f.sayPlain(at, "{amount}") })
		}},
		{"MENU006", "a brace that opens nothing", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"{")
			})
		}},
		{"MENU006", "a brace that closes nothing", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant {
				return f.say(at, "}"+at.Value.Scalar())
			})
		}},
		{"MENU006", "a name that is none", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant { return f.say(at, "{A b}") })
		}},
		{"MENU007", "a placeholder with a slip", func(f *menusFolder) []*mutant {
			return each(append(f.prompts(), f.errorTexts()...), func(at *found) *mutant {
				text := at.Value.Scalar()
				if !placeholder.MatchString(text) {
					return nil
				}
				return f.say(at, strings.Replace(text, "}", "x}", 1))
			})
		}},
		{"MENU007", "a placeholder of nothing", func(f *menusFolder) []*mutant {
			return each(append(f.prompts(), f.errorTexts()...), func(at *found) *mutant {
				return f.say(at, "{nothing}")
			})
		}},
		{"MENU007", "a value in a navigation line", func(f *menusFolder) []*mutant {
			return each(f.find("nav/*/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+" {amount}")
			})
		}},
		{"MENU031", "a navigation line without its key", func(f *menusFolder) []*mutant {
			return each(f.find("nav/*/*"), func(at *found) *mutant {
				return f.say(at, "7"+at.Value.Scalar())
			})
		}},
		{"MENU031", "the text of an inline screen without its key", func(f *menusFolder) []*mutant {
			return each(append(f.prompts(), f.errorTexts()...), func(at *found) *mutant {
				if stateOf(at).Value.Field("nav") == nil {
					return nil
				}
				return f.say(at, strings.ReplaceAll(at.Value.Scalar(), "0", "o"))
			})
		}},
		{"MENU031", "navigation of a kind that is none", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/nav"), func(at *found) *mutant {
				return f.say(at, "none")
			})
		}},
		{"MENU039", "a character without a width", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"\u200b")
			})
		}},
		{"MENU039", "nothing to be seen", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant { return f.say(at, "\u2800") })
		}},
	}
}

func keyMutators() []mutator {
	return []mutator{
		{"MENU015", "a key twice", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/key"), func(at *found) *mutant {
				options := at.up.up.Value.Items()
				if at.up.Key == "0" {
					return nil
				}
				return f.say(at, options[0].Field("key").Scalar())
			})
		}},
		{"MENU015", "two keys of the menu alike", func(f *menusFolder) []*mutant {
			return each(f.find("keys/home", "keys/more"), func(at *found) *mutant {
				return f.say(at, at.up.Value.Field("back").Scalar())
			})
		}},
		{"MENU016", "a key that goes back", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/key"), func(at *found) *mutant { return f.say(at, "0") })
		}},
		{"MENU016", "a key that goes on", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/key"), func(at *found) *mutant { return f.say(at, "98") })
		}},
		{"MENU016", "a key of the menu that is an item's", func(f *menusFolder) []*mutant {
			lists := f.find("states/*/list")
			return each(f.find("keys/*"), func(at *found) *mutant {
				m := f.say(at, "2")
				for _, list := range lists {
					m.also(below(list, 0))
				}
				return m
			})
		}},
		{"MENU017", "a key without quotes", func(f *menusFolder) []*mutant {
			return each(f.find("keys/*", "states/*/options/*/key"), func(at *found) *mutant {
				return f.sayPlain(at, at.Value.Scalar())
			})
		}},
	}
}
