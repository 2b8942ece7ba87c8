package main

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// decidingMutators break conditions, cases, moved paths, and lists that find their items.
func decidingMutators() []mutator {
	return slices.Concat(conditionMutators(), caseMutators(), movedMutators(), findMutators())
}

// conditions are all conditions.
func (f *menusFolder) conditions() []*found { return f.fields(menu.Schema, "when") }

// guarded gives an option or a case, of which at is the goto, a condition.
func (f *menusFolder) guarded(at *found) *mutant {
	const when = `when: 'lang == "ru"'`
	if f.inFlow(at) {
		return f.write(at.KeyPos, "goto", when+", goto")
	}
	return f.insert(at.file, at.KeyPos.Line, strings.Repeat(" ", at.KeyPos.Col-1)+when)
}

// says makes a mutant of every condition, with what is made of its text.
func (f *menusFolder) conditioned(make func(text string) string) []*mutant {
	return each(f.conditions(), func(at *found) *mutant {
		return f.say(at, make(at.Value.Scalar()))
	})
}

func conditionMutators() []mutator {
	return []mutator{
		{"MENU040", "a condition that is not whole", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string { return text + " and" })
		}},
		{"MENU040", "a condition that compares nothing", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string { return strings.Fields(text)[0] })
		}},
		{"MENU040", "a number compared with a text", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string {
				return strings.Fields(text)[0] + ` == "2"`
			})
		}},
		{"MENU040", "a condition that calculates", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string {
				return strings.Fields(text)[0] + " + 1 > 2"
			})
		}},
		{"MENU040", "a condition that looks at a clock", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string { return text + " and now() > 1" })
		}},
		{"MENU040", "a condition that is too long", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string {
				return text + strings.Repeat(" and "+text, 20)
			})
		}},
		{"MENU040", "a condition without quotes and with a comma", func(f *menusFolder) []*mutant {
			return each(f.conditions(), func(at *found) *mutant {
				return f.sayPlain(at, at.Value.Scalar()+" and lang == 'ru', lang == 'ky'")
			})
		}},
		{"MENU040", "an empty condition", func(f *menusFolder) []*mutant {
			return f.conditioned(func(string) string { return " " })
		}},
		{"MENU041", "a name with a slip", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string { return strings.Replace(text, " ", "x ", 1) })
		}},
		{"MENU041", "a name of nothing", func(f *menusFolder) []*mutant {
			return f.conditioned(func(text string) string { return text + " and nothing > 1" })
		}},
	}
}

func caseMutators() []mutator {
	return []mutator{
		{"MENU042", "a last case with a condition", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/cases/*/goto"), func(at *found) *mutant {
				if at.up.Value.Field("when") != nil {
					return nil
				}
				return f.guarded(at)
			})
		}},
		{"MENU042", "a case without a condition", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/cases/*/when"), func(at *found) *mutant {
				return f.drop(at).also(below(at, 0), below(at, 1))
			})
		}},
		{"MENU042", "a case that leads nowhere", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/cases/*/goto"), f.drop)
		}},
		{"MENU042", "no case", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/cases"), func(at *found) *mutant {
				lines := slices.Clone(f.files[at.file])
				lines = slices.Delete(lines, at.KeyPos.Line, f.lastLine(at))
				lines[at.KeyPos.Line-1] += " []"
				return f.changed(at.file, lines, at.KeyPos.Line, "no case")
			})
		}},
		{"MENU043", "the only option with a condition", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/goto"), func(at *found) *mutant {
				state := at.up.up.up
				for _, o := range state.Value.Field("options").Items() {
					if o != at.up.Value && o.Field("when") == nil {
						return nil
					}
				}
				return f.guarded(at).also(below(state, 0), below(at.up.up, 0))
			})
		}},
	}
}

// movedMutators write moved paths: the shipped menus have none.
func movedMutators() []mutator {
	moved := func(texts ...string) func(f *menusFolder) []*mutant {
		return func(f *menusFolder) []*mutant {
			var out []*mutant
			for i, name := range []string{"main.yaml", "payments.yaml", "settings.yaml"} {
				out = append(out, f.insert(name, 2, "moved: ["+texts[i%len(texts)]+"]"))
			}
			return out
		}
	}
	return []mutator{
		{"MENU044", "a path that is none", moved(`{path: "3**1", goto: "soon"}`,
			`{path: "3#", goto: "soon"}`, `{path: "1*1*1*1*1*1*1*1*1", goto: "soon"}`)},
		{"MENU044", "a path without its part", moved(`{path: "3*9"}`, `{goto: "soon"}`)},
		{"MENU044", "a path that leads nowhere", moved(`{path: "3*9", goto: "main"}`,
			`{path: "3*9", goto: "@home"}`, `{path: "3*9", goto: "@back"}`)},
		{"MENU044", "paths that are no list", func(f *menusFolder) []*mutant {
			return []*mutant{f.insert("main.yaml", 2, `moved: "3*1"`)}
		}},
		{"MENU008", "a path to what is not set yet", func(f *menusFolder) []*mutant {
			return each(f.find("states/pay_amount", "states/found", "states/pay_provider"),
				func(at *found) *mutant {
					m := f.insert("main.yaml", 2, `moved: [{path: "3*9", goto: "`+at.Key+`"}]`)
					m.at = nil
					for _, line := range f.find("states/" + at.Key + "/*") {
						m.also(below(line, 0))
					}
					return m
				})
		}},
		{"MENU009", "a path to an unknown state", moved(`{path: "3*9", goto: "main_x"}`)},
		{"MENU023", "a path to where money moves", moved(`{path: "3*9", goto: "pay_do"}`)},
	}
}

func findMutators() []mutator {
	return []mutator{
		{"MENU053", "items that nothing names", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/only", "states/*/top/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU053", "nowhere to go when nothing is found", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/none"), f.drop)
		}},
		{"MENU053", "somewhere to go when a whole list is empty", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/as"), func(at *found) *mutant {
				if at.up.Value.Field("none") != nil {
					return nil
				}
				return f.insert(at.file, at.KeyPos.Line, `    none: "main"`)
			})
		}},
		{"MENU053", "an order of what is found", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/only", "states/*/match"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line, `    top: ["promoted"]`)
			})
		}},
		{"MENU018", "letters into a slot that takes none", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/letters/as", "states/*/match"), func(at *found) *mutant {
				return f.say(at, "account")
			})
		}},
		{"MENU010", "letters that lead nowhere", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/letters/*"), f.drop)
		}},
		{"MENU054", "screens that lead to each other only", func(f *menusFolder) []*mutant {
			return each(f.find("states/main/options/*/goto"), func(at *found) *mutant {
				if at.Value.Scalar() != "soon" {
					return nil
				}
				m := f.then(f.say(at, "stuck"), at.file, f.stateLine(at.file), `  stuck: {ask: "stuck",`+
					` text: "x", errors: {digits_only: "x", digits_length: "x"}, goto: "stuck"}`)
				m = f.then(m, at.file, 2,
					`slots: {stuck: {type: "digits", max: "2", exempt: ["0", "00"]}}`)
				return m.expect(source.Pos{File: at.file, Line: f.stateLine(at.file) + 2})
			})
		}},
	}
}

// stateLine is the line of a file with its states.
func (f *menusFolder) stateLine(file string) int {
	for _, at := range f.find("states") {
		if at.file == file {
			return at.KeyPos.Line
		}
	}
	panic("ussdgw: no states in " + file)
}

// then puts a line below another one of a mutant.
func (f *menusFolder) then(m *mutant, file string, below int, text string) *mutant {
	lines := slices.Insert(strings.Split(m.files[file], "\n"), below, text)
	return f.changed(file, lines, below+1, m.what)
}
