package main

import (
	"fmt"
	"slices"
	"strings"

	"ussdgw/menus/source"
	"ussdgw/ussd/menu"
)

// wordingMutators break plural forms, languages in Latin letters, and words.
func wordingMutators() []mutator { return append(pluralMutators(), letterMutators()...) }

// forms are the plural forms of all texts.
func (f *menusFolder) forms(names ...string) []*found {
	return slices.DeleteFunc(f.fields(menu.Schema, names...), func(at *found) bool {
		return at.up == nil || at.up.Value.Field("by") == nil
	})
}

func pluralMutators() []mutator {
	return []mutator{
		{"MENU045", "without a form", func(f *menusFolder) []*mutant {
			return each(f.forms("one", "few", "many", "other"), f.drop)
		}},
		{"MENU045", "a form that the language lacks", func(f *menusFolder) []*mutant {
			return each(f.forms("by"), func(at *found) *mutant {
				return f.insert(at.file, at.KeyPos.Line, strings.Repeat(" ", at.KeyPos.Col-1)+
					`two: "x"`)
			})
		}},
		{"MENU045", "forms that go by nothing", func(f *menusFolder) []*mutant {
			return each(f.forms("by"), f.drop)
		}},
		{"MENU045", "forms that go by what is no number", func(f *menusFolder) []*mutant {
			return each(f.forms("by"), func(at *found) *mutant { return f.say(at, "amount") })
		}},
		{"MENU045", "an option with plural forms", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/text/en", "nav/*/en"), func(at *found) *mutant {
				return f.sayPlain(at, `{by: "count", one: "0 98 a", other: "0 98 b"}`)
			})
		}},
		{"MENU046", "Latin letters of no language", func(f *menusFolder) []*mutant {
			return each(f.find("transliterations/*"), func(at *found) *mutant {
				return f.say(at, "uz")
			})
		}},
		{"MENU046", "Latin letters instead of a language", func(f *menusFolder) []*mutant {
			return each(f.find("transliterations/*"), func(at *found) *mutant {
				return f.rename(at, at.Value.Scalar())
			})
		}},
		{"MENU046", "a text in Latin letters that is not", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/text/en"), func(at *found) *mutant {
				return f.sayPlain(at, f.raw(at.Value)+`, ru-latn: "Ж"`)
			})
		}},
	}
}

func letterMutators() []mutator {
	return []mutator{
		{"MENU050", "a Latin letter in a Cyrillic word", func(f *menusFolder) []*mutant {
			return each(f.prompts(), f.mixed)
		}},
		{"MENU050", "a Latin letter in an error", func(f *menusFolder) []*mutant {
			return each(f.errorTexts(), f.mixed)
		}},
		{"MENU050", "a Latin letter in an option", func(f *menusFolder) []*mutant {
			return each(f.texts("states/*/options/*/text"), f.mixed)
		}},
		{"MENU050", "a Latin letter in a message", func(f *menusFolder) []*mutant {
			return each(f.texts("sms/*"), f.mixed)
		}},
		{"MENU051", "a printed apostrophe", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/text/en", "states/*/end/en", "sms/*/en",
				"states/*/errors/*/en"), func(at *found) *mutant {
				if !at.Value.Is(source.Scalar) {
					return nil
				}
				return f.say(at, at.Value.Scalar()+"’")
			})
		}},
		{"MENU051", "a dash in an option", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/text/en"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+" –")
			})
		}},
		{"MENU052", "a Latin letter for a word", func(f *menusFolder) []*mutant {
			return each(f.texts("states/*/end", "states/*/text", "states/*/errors/*", "sms/*"),
				func(at *found) *mutant {
					if !strings.Contains(at.path, "/ru") {
						return nil
					}
					return f.say(at, "Мы c вами. "+at.Value.Scalar())
				})
		}},
		{"MENU055", "an option that was copied", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/[1-9]/text/*"), func(at *found) *mutant {
				option := at.up.up
				first := option.up.Value.Items()[0]
				if option.Value.Field("when") != nil || first.Field("text").Field(at.Key) == nil {
					return nil
				}
				return f.say(at, first.Field("text").Field(at.Key).Scalar())
			})
		}},
		{"MENU057", "a line end that is written out", func(f *menusFolder) []*mutant {
			return each(f.menuTexts(), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+`\n-`)
			})
		}},
		{"MENU056", "a key that is lost for nothing", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/type"), func(at *found) *mutant {
				slot := at.up.Key
				asked := slices.ContainsFunc(f.find("states/*/ask"), func(ask *found) bool {
					return ask.Value.Scalar() == slot
				})
				if kind := at.Value.Scalar(); kind == "digits" || kind == "money" || !asked {
					return nil
				}
				return f.sayPlain(at, f.raw(at.Value)+`, exempt: ["0"]`)
			})
		}},
	}
}

// adviceMutators break what should be, when somebody asks for advice.
func adviceMutators() []mutator {
	return []mutator{
		{"MENU060", "three screens more before the money moves", func(f *menusFolder) []*mutant {
			moves := map[string]string{
				"pay_quote": "pay_do", "send_quote": "send_do", "send_recipient": "send_do",
			}
			const most = 3
			return each(f.find("states/*_amount/goto", "states/send_number/goto"),
				func(at *found) *mutant {
					to := at.Value.Scalar()
					if moves[to] == "" {
						return nil
					}
					pays := f.find("states/" + moves[to])[0]
					const more = `  more%d: {text: "x", options: [{key: "1", text: "y", goto: "%s"}]}`
					m := f.say(at, "more1")
					for n := 1; n <= most; n++ {
						next := fmt.Sprintf("more%d", n+1)
						if n == most {
							next = to
						}
						m = f.then(m, at.file, f.stateLine(at.file), fmt.Sprintf(more, n, next))
					}
					m.expect(below(pays, 0))
					if pays.file == at.file {
						m.expect(below(pays, most))
					}
					return m
				})
		}},
		{"MENU061", "more options than one page has", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options"), func(at *found) *mutant {
				var more []string
				for i := range 9 {
					more = append(more, fmt.Sprintf(`      - {key: "*%d", text: "t%d", goto: "@home"}`, i, i))
				}
				if len(at.Value.Items()) < 2 && at.up.Value.Field("text") == nil {
					return nil
				}
				return f.insert(at.file, at.KeyPos.Line, more...).also(below(at, 0))
			})
		}},
		{"MENU062", "a prompt without room for an option", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/text/ru"), func(at *found) *mutant {
				const most = roomUTF16 - len("\n98 xxxxx\n0 xxxxx")
				text := at.Value.Scalar()
				units, _ := room(text)
				few := len(at.up.up.Value.Field("options").Items()) < 2
				if few || strings.Contains(text, "{") || units > most {
					return nil
				}
				return f.say(at, text+strings.Repeat("ж", most-units))
			})
		}},
		{"MENU063", "a screen of more than 160 septets", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/end/en"), func(at *found) *mutant {
				text := at.Value.Scalar()
				if strings.Contains(text, "{") {
					return nil
				}
				return f.say(at, text+strings.Repeat("n", 161-len(text)))
			})
		}},
		{"MENU064", "a message of more than one part", func(f *menusFolder) []*mutant {
			return each(f.texts("sms/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+strings.Repeat("ж", 71))
			})
		}},
	}
}
