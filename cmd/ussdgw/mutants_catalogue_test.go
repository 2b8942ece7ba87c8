package main

import (
	"regexp"
	"slices"
	"strings"

	"ussdgw/menus/source"
)

// texts are the texts in each language that patterns find, each of their plural forms, and those
// that are the same in all languages.
func (f *menusFolder) texts(patterns ...string) []*found {
	all := f.find(patterns...)
	for _, p := range patterns {
		all = append(all, f.find(p+"/*", p+"/*/*")...)
	}
	return slices.DeleteFunc(scalars(all), func(at *found) bool { return at.Key == "by" })
}

const (
	everyProvider = "categories/*/providers/*"
	everyCategory = "categories/*"
)

func catalogueMutators() []mutator {
	return slices.Concat(catalogueShape(), catalogueValues(), catalogueSettlement(),
		catalogueWords())
}

// catalogueShape breaks what is there and what it is called.
func catalogueShape() []mutator {
	return []mutator{
		{"CAT001", "without a part", func(f *menusFolder) []*mutant {
			return each(f.find("accounts", "categories", "limits", "operations", "networks", "languages"),
				func(at *found) *mutant {
					if at.schema != "ussd.catalogue/v1" {
						return nil
					}
					// The last file of the catalogue has the finding, in its first line.
					return f.drop(at).expect(source.Pos{File: "networks.yaml", Line: 1})
				})
		}},
		{"CAT002", "without a key", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/name", everyProvider+"/fields",
				everyProvider+"/settlement", everyProvider+"/amount/*", everyCategory+"/number",
				"accounts/*/label", "accounts/*/example", "limits/*/*", "limits/*/*/*", "operations/*",
				"operations/*/*", "operations/*/amount/*", "networks/*/served"),
				func(at *found) *mutant {
					if at.schema != "ussd.catalogue/v1" {
						return nil
					}
					return f.drop(at)
				})
		}},
		{"CAT002", "an empty text", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/name"), func(at *found) *mutant {
				return f.say(at, "")
			})
		}},
		{"CAT003", "without a language", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/name/*", "accounts/*/label/*", "accounts/*/hint/*",
				"networks/*/elsewhere/*", everyCategory+"/name/*", "operations/*/name/*"), f.drop)
		}},
		{"CAT003", "another language", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/name/en", "accounts/*/hint/ru"),
				func(at *found) *mutant { return f.rename(at, "uz") })
		}},
		{"CAT006", "a malformed id", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/id", everyCategory+"/id"),
				func(at *found) *mutant { return f.say(at, "Id-1") })
		}},
		{"CAT006", "an id twice", func(f *menusFolder) []*mutant {
			all := f.find(everyProvider + "/id")
			return each(all[1:], func(at *found) *mutant {
				return f.say(at, all[0].Value.Scalar())
			})
		}},
		{"CAT007", "an unknown kind of account", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fields/*"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"CAT012", "an unknown settlement", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/settlement"), func(at *found) *mutant {
				return f.say(at, "letter")
			})
		}},
		{"CAT015", "where to go instead, and served", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/served"), func(at *found) *mutant {
				other := map[string]string{"yes": "no", "no": "yes"}[at.Value.Scalar()]
				return f.say(at, other)
			})
		}},
		{"CAT016", "neither yes nor no", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/served"), func(at *found) *mutant {
				return f.say(at, "true")
			})
		}},
		{"CAT017", "another level", func(f *menusFolder) []*mutant {
			return each(f.find("limits/remote", "limits/in_person"), func(at *found) *mutant {
				return f.rename(at, at.Key+"s")
			})
		}},
		{"CAT017", "a fee of another level", func(f *menusFolder) []*mutant {
			return each(f.find("operations/*/fee/*"), func(at *found) *mutant {
				return f.rename(at, at.Key+"s")
			})
		}},
	}
}

// catalogueNames are the names of categories and providers.
func (f *menusFolder) catalogueNames() []*found {
	return f.texts(everyProvider+"/name", everyCategory+"/name", "operations/*/name")
}

// catalogueValues breaks what is said.
func catalogueValues() []mutator {
	return []mutator{
		{"CAT004", "a name of 15 letters", func(f *menusFolder) []*mutant {
			return each(f.catalogueNames(), func(at *found) *mutant {
				return f.say(at, strings.Repeat("ж", 15))
			})
		}},
		{"CAT004", "a hint of 23 letters", func(f *menusFolder) []*mutant {
			return each(f.texts("accounts/*/hint"), func(at *found) *mutant {
				return f.say(at, strings.Repeat("n", 23))
			})
		}},
		{"CAT004", "a text of 51 letters", func(f *menusFolder) []*mutant {
			return each(f.texts("networks/*/elsewhere"), func(at *found) *mutant {
				return f.say(at, strings.Repeat("n", 51))
			})
		}},
		{"CAT005", "a number that is a key", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/number", everyCategory+"/number"),
				func(at *found) *mutant { return f.say(at, "98") })
		}},
		{"CAT005", "a number that is taken", func(f *menusFolder) []*mutant {
			return each(f.find("categories/*/providers/[1-9]/number", "categories/[1-9]/number"),
				func(at *found) *mutant { return f.say(at, "1") })
		}},
		{"CAT008", "a pattern that is not anchored", func(f *menusFolder) []*mutant {
			return each(f.find("accounts/*/pattern"), func(at *found) *mutant {
				return f.say(at, strings.TrimPrefix(at.Value.Scalar(), "^"))
			})
		}},
		{"CAT008", "a pattern of anything", func(f *menusFolder) []*mutant {
			return each(f.find("accounts/*/pattern"), func(at *found) *mutant {
				return f.say(at, "^.{9}$")
			})
		}},
		{"CAT008", "a pattern of too many digits", func(f *menusFolder) []*mutant {
			return each(f.find("accounts/*/pattern"), func(at *found) *mutant {
				return f.say(at, "^[0-9]{9,16}$")
			})
		}},
		{"CAT009", "an example of another kind", func(f *menusFolder) []*mutant {
			return each(f.find("accounts/*/example"), func(at *found) *mutant {
				return f.say(at, "1")
			})
		}},
		{"CAT010", "no amount", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/amount/*", "operations/*/amount/*", "limits/*/balance",
				"limits/*/*/*"),
				func(at *found) *mutant { return f.say(at, "1.234") })
		}},
		{"CAT010", "least above most", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/amount/min", "operations/*/amount/min"),
				func(at *found) *mutant { return f.say(at, "999999") })
		}},
		{"CAT011", "more than all", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fee/percent", "operations/*/fee/*/percent"),
				func(at *found) *mutant { return f.say(at, "100.01") })
		}},
		{"CAT011", "no fee at most", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fee/max"), func(at *found) *mutant {
				return f.say(at, "0")
			})
		}},
		{"CAT013", "no limit", func(f *menusFolder) []*mutant {
			return each(f.find("limits/*/balance", "limits/*/*/*"),
				func(at *found) *mutant { return f.say(at, "0") })
		}},
		{"CAT013", "a day above a month", func(f *menusFolder) []*mutant {
			return each(f.find("limits/*/*/day"), func(at *found) *mutant {
				return f.say(at, "900000")
			})
		}},
		{"CAT013", "one above a day", func(f *menusFolder) []*mutant {
			return each(f.find("limits/*/*/once"), func(at *found) *mutant {
				return f.say(at, "900000")
			})
		}},
		{"CAT013", "less together than alone", func(f *menusFolder) []*mutant {
			return each(f.find("limits/*/out/*"), func(at *found) *mutant {
				return f.say(at, "1")
			})
		}},
		{"CAT013", "a balance that no screen holds", func(f *menusFolder) []*mutant {
			return each(f.find("limits/*/balance"), func(at *found) *mutant {
				return f.say(at, "1000000")
			})
		}},
		{"CAT014", "a prefix that begins with zero", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/prefixes/*"), func(at *found) *mutant {
				return f.say(at, "0555")
			})
		}},
		{"CAT014", "a prefix twice", func(f *menusFolder) []*mutant {
			all := f.find("networks/*/prefixes/*")
			return each(all[1:], func(at *found) *mutant {
				return f.say(at, all[0].Value.Scalar())
			})
		}},
		{"CAT014", "a prefix within another", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/prefixes/[1-9]"), func(at *found) *mutant {
				return f.say(at, at.up.Value.Items()[0].Scalar()+"5")
			})
		}},
		{"CAT018", "a letter that turns the direction", func(f *menusFolder) []*mutant {
			return each(f.catalogueNames(), func(at *found) *mutant { return f.say(at, "a\u202eb") })
		}},
		{"CAT018", "a brace", func(f *menusFolder) []*mutant {
			return each(f.texts("accounts/*/hint", "networks/*/elsewhere"),
				func(at *found) *mutant { return f.say(at, "{x}") })
		}},
	}
}

// below is so many lines below a thing.
func below(at *found, lines int) source.Pos {
	return source.Pos{File: at.file, Line: at.KeyPos.Line + lines}
}

// catalogueSettlement breaks what is said of billers, fees and operations.
func catalogueSettlement() []mutator {
	return []mutator{
		{"CAT021", "more than a level allows", func(f *menusFolder) []*mutant {
			return each(f.find("operations/*/amount/min"), func(at *found) *mutant {
				return f.say(at, "30000")
			})
		}},
		{"CAT022", "a payer that there is not", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fee/payer"), func(at *found) *mutant {
				return f.say(at, "bank")
			})
		}},
		{"CAT022", "a fee that leaves nothing", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fee"), func(at *found) *mutant {
				return f.sayPlain(at, `{fixed: "10", payer: "provider"}`)
			})
		}},
		{"CAT022", "an operation without a provider", func(f *menusFolder) []*mutant {
			return each(f.find("operations/*/fee/*"), func(at *found) *mutant {
				return f.sayPlain(at, `{percent: "1", payer: "provider"}`)
			})
		}},
		{"CAT023", "without the biller", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/biller"), func(at *found) *mutant {
				return f.drop(at).expect(source.Pos{
					File: at.file, Line: at.up.Value.Field("settlement").Place().Line,
				})
			})
		}},
		{"CAT023", "a registry with a biller", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/biller"), func(at *found) *mutant {
				settlement := source.Field{Value: at.up.Value.Field("settlement")}
				return f.say(&found{Field: settlement}, "registry").expect(at.KeyPos)
			})
		}},
		{"CAT024", "a top-up to nobody", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/top_up"), func(at *found) *mutant {
				return f.say(at, "nobody")
			})
		}},
		{"CAT024", "a top-up of another network", func(f *menusFolder) []*mutant {
			return each(f.find("networks/*/top_up"), func(at *found) *mutant {
				return f.say(at, "kyrgyztelecom")
			})
		}},
	}
}

// catalogueWords breaks names, and what is asked for an account.
func catalogueWords() []mutator {
	return []mutator{
		{"CAT019", "a Latin letter in a Cyrillic name", func(f *menusFolder) []*mutant {
			return each(f.catalogueNames(), f.mixed)
		}},
		{"CAT019", "a Latin letter in another text", func(f *menusFolder) []*mutant {
			return each(f.texts("accounts/*/hint", "accounts/*/where", "accounts/*/label",
				"networks/*/elsewhere"), f.mixed)
		}},
		{"CAT020", "no field", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fields"), func(at *found) *mutant {
				return f.sayPlain(at, "[]")
			})
		}},
		{"CAT020", "a field too many", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fields"), func(at *found) *mutant {
				return f.sayPlain(at, `["office", "office", "office", "office"]`)
			})
		}},
		{"CAT020", "fields that are too long together", func(f *menusFolder) []*mutant {
			return each(f.find(everyProvider+"/fields"), func(at *found) *mutant {
				return f.sayPlain(at, `["personal9", "personal9"]`)
			})
		}},
	}
}

// mixed puts a Latin letter into a Cyrillic word of a text, if there is one with an o within it.
func (f *menusFolder) mixed(at *found) *mutant {
	text := at.Value.Scalar()
	if !withinWord.MatchString(text) {
		return nil
	}
	return f.say(at, withinWord.ReplaceAllString(text, "${1}o${2}"))
}

var withinWord = regexp.MustCompile(`([а-я])о([а-я])`)
