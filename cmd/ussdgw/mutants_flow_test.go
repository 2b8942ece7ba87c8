package main

import (
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// targets are all names of states that something leads to.
func (f *menusFolder) targets() []*found {
	all := scalars(append(f.fields(menu.Schema, "goto"), f.find("states/*/on/*")...))
	return slices.DeleteFunc(all, func(at *found) bool {
		return strings.HasPrefix(at.Value.Scalar(), "@")
	})
}

// flowMutators break where things lead.
func flowMutators() []mutator {
	return slices.Concat(targetMutators(), actionMutators(), entryMutators())
}

func targetMutators() []mutator {
	return []mutator{
		{"MENU008", "a value that is not there yet", func(f *menusFolder) []*mutant {
			return each(f.prompts(), func(at *found) *mutant {
				// Nobody has chosen a provider, nor is there a code, before these.
				switch s := stateOf(at).Key; {
				case strings.HasPrefix(s, "reg_"), strings.HasPrefix(s, "resend_"), s == "language":
					return f.say(at, "{provider}")
				case strings.HasPrefix(s, "pay_") && s != "pay_done" && s != "pay_doubt":
					return f.say(at, "{code}").also(below(stateOf(at), 0))
				}
				return nil
			})
		}},
		{"MENU008", "an argument that is not there yet", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if at.Value.Quoted || at.Value.Scalar() == "pin" {
					return nil
				}
				return f.sayPlain(at, "code")
			})
		}},
		{"MENU009", "a target with a slip", func(f *menusFolder) []*mutant {
			return each(f.targets(), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU009", "an unknown screen for dialled strings", func(f *menusFolder) []*mutant {
			return each(f.find("shortcuts"), func(at *found) *mutant { return f.say(at, "mian") })
		}},
		{"MENU009", "a notice at an end", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/on/*"), func(at *found) *mutant {
				if !at.Value.Is(source.Scalar) {
					return nil
				}
				return f.sayPlain(at, `{goto: "busy", notice: "option"}`)
			})
		}},
		{"MENU021", "a notice without a text", func(f *menusFolder) []*mutant {
			return each(f.fields(menu.Schema, "notice"), func(at *found) *mutant {
				return f.say(at, "not_written")
			})
		}},
		{"MENU021", "a refusal without a text", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/errors/*", "errors/*"), func(at *found) *mutant {
				if slices.Contains([]string{"option", "pin_format"}, at.Key) && at.up.up != nil {
					return nil // the file's own errors have it too
				}
				m := f.rename(at, at.Key+"x")
				for _, s := range f.find("states/*") {
					m.also(below(s, 0))
				}
				for _, to := range f.targets() {
					m.also(below(to, 0))
				}
				return m
			})
		}},
		{"MENU027", "a state that nothing leads to", func(f *menusFolder) []*mutant {
			return each(f.find("states"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line, `  lost: {end: "x"}`)
			})
		}},
		{"MENU027", "a state that is left out", func(f *menusFolder) []*mutant {
			leads := make(map[string][]*found)
			for _, to := range f.targets() {
				leads[to.Value.Scalar()] = append(leads[to.Value.Scalar()], to)
			}
			return each(f.find("states/*"), func(at *found) *mutant {
				all := leads[at.Key]
				if len(all) != 1 || all[0].up.Value.Field("key") == nil {
					return nil // only the one option that leads here
				}
				return f.say(all[0], "@home").expect(below(at, 0))
			})
		}},
		{"MENU028", "a screen without answers", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options"), func(at *found) *mutant {
				if at.up.Value.Field("text") == nil {
					return nil
				}
				return f.drop(at).expect(below(at.up, 0))
			})
		}},
		{"MENU028", "actions in a circle", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/on/*"), func(at *found) *mutant {
				if !at.Value.Is(source.Scalar) || len(at.up.up.Value.Field("with").Fields()) > 0 {
					return nil
				}
				return f.say(at, stateOf(at).Key)
			})
		}},
	}
}

func actionMutators() []mutator {
	return []mutator{
		{"MENU011", "an unknown action", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/do"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU012", "an argument with a slip", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				return f.rename(at, at.Key+"x")
			})
		}},
		{"MENU012", "without an argument", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if slices.Contains([]string{"again", "account2", "account3"}, at.Key) {
					return nil
				}
				return f.drop(at)
			})
		}},
		{"MENU012", "an argument that is no name", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				return f.sayPlain(at, "100.50")
			})
		}},
		{"MENU012", "an argument of nothing", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if at.Value.Quoted || at.Value.Scalar() == "pin" {
					return nil
				}
				return f.sayPlain(at, "nothing")
			})
		}},
		{"MENU013", "without an outcome", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/on/*"), func(at *found) *mutant {
				if len(at.up.Value.Fields()) == 1 {
					return nil
				}
				return f.drop(at)
			})
		}},
		{"MENU013", "an outcome with a slip", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/on/*"), func(at *found) *mutant {
				return f.rename(at, at.Key+"x")
			})
		}},
		{"MENU020", "an unknown list", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/list"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU020", "a list into a slot that is typed", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/as"), func(at *found) *mutant {
				return f.say(at, "account")
			})
		}},
		{"MENU020", "a list into another slot", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/as"), func(at *found) *mutant {
				if at.Value.Scalar() != "category" {
					return nil // no other list depends on it
				}
				m := f.say(at, at.Value.Scalar()+"x")
				for _, list := range f.find("states/*/list") {
					m.also(below(list, 0))
				}
				return m
			})
		}},
		{"MENU035", "a language that the catalogue lacks", func(f *menusFolder) []*mutant {
			lists := f.find("states/*/list")
			return each(f.find("languages/*"), func(at *found) *mutant {
				if at.schema != menu.Schema {
					return nil
				}
				m := f.sayPlain(at, f.raw(at.Value)+`, "uz"`)
				for _, list := range lists {
					m.also(below(list, 0))
				}
				return m
			})
		}},
		{"MENU036", "another literal", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/again"), func(at *found) *mutant {
				return f.say(at, "no")
			})
		}},
		{"MENU036", "a literal instead of a value", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if at.Value.Quoted || at.Value.Scalar() == "pin" {
					return nil
				}
				return f.say(at, at.Value.Scalar())
			})
		}},
	}
}

func entryMutators() []mutator {
	return []mutator{
		{"MENU029", "an unknown state", func(f *menusFolder) []*mutant {
			return each(f.find("entries/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU029", "without an entry", func(f *menusFolder) []*mutant {
			return each(f.find("entries/*"), f.drop)
		}},
		{"MENU029", "a screen that goes on", func(f *menusFolder) []*mutant {
			return each(f.find("entries/over", "entries/busy", "entries/shortcut_refused",
				"entries/unavailable"), func(at *found) *mutant { return f.say(at, "main") })
		}},
		{"MENU029", "a state that does not tell", func(f *menusFolder) []*mutant {
			return each(f.find("entries/untold"), func(at *found) *mutant {
				return f.say(at, "balance_do")
			})
		}},
		{"MENU030", "without a message", func(f *menusFolder) []*mutant {
			return each(f.find("sms/*"), func(at *found) *mutant {
				return f.drop(at).expect(f.first())
			})
		}},
		{"MENU030", "an unknown message", func(f *menusFolder) []*mutant {
			return each(f.find("sms/*"), func(at *found) *mutant { return f.rename(at, at.Key+"x") })
		}},
		{"MENU030", "a field of another message", func(f *menusFolder) []*mutant {
			return each(f.texts("sms/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+" {where}")
			})
		}},
		{"MENU030", "more than four messages", func(f *menusFolder) []*mutant {
			return each(f.texts("sms/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+strings.Repeat("n", 4*153-30))
			})
		}},
		{"MENU030", "the message of a secret without it", func(f *menusFolder) []*mutant {
			without := strings.NewReplacer("{pin}", "x", "{code}", "x")
			texts := f.texts("sms/first_pin", "sms/pin_reset", "sms/cash_code")
			return each(texts, func(at *found) *mutant {
				return f.say(at, without.Replace(at.Value.Scalar()))
			})
		}},
	}
}
