package main

import "strings"

// full makes a text take all of a screen and one unit more, its values not counted.
func (f *menusFolder) full(at *found) *mutant {
	letter := "ж"
	if strings.Contains(at.path, "/en") {
		letter = "n"
	}
	text, more := placeholder.ReplaceAllString(at.Value.Scalar(), ""), ""
	for units, limit := room(text); units <= limit; units, limit = room(text + more) {
		more += letter
	}
	return f.say(at, at.Value.Scalar()+more)
}

// screenMutators break how much room there is.
func screenMutators() []mutator {
	return []mutator{
		{"MENU014", "a prompt too long", func(f *menusFolder) []*mutant {
			return each(f.texts("states/*/text"), func(at *found) *mutant { return f.full(at) })
		}},
		{"MENU014", "an end too long", func(f *menusFolder) []*mutant {
			return each(f.texts("states/*/end"), func(at *found) *mutant { return f.full(at) })
		}},
		{"MENU014", "an option too long", func(f *menusFolder) []*mutant {
			return each(f.texts("states/*/options/*/text"), func(at *found) *mutant {
				return f.full(at)
			})
		}},
		{"MENU014", "an error too long", func(f *menusFolder) []*mutant {
			return each(f.errorTexts(), func(at *found) *mutant { return f.full(at) })
		}},
		{"MENU014", "one letter outside the alphabet", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/end/en"), func(at *found) *mutant {
				if len(at.Value.Scalar()) < roomUTF16 {
					return nil
				}
				return f.say(at, at.Value.Scalar()+"№")
			})
		}},
		{"MENU014", "a smaller screen", func(f *menusFolder) []*mutant {
			return each(f.find("limits/ucs2"), func(at *found) *mutant {
				m := f.sayPlain(at, "60")
				for _, text := range f.menuTexts() {
					m.also(below(text, 0))
				}
				return m
			})
		}},
		{"MENU038", "a slot too short for its rule", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/max"), func(at *found) *mutant {
				if at.up.Value.Field("rule") == nil {
					return nil
				}
				return f.say(at, "9")
			})
		}},
		{"MENU019", "an unknown rule", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/rule"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU019", "a rule of no list", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/rule"), func(at *found) *mutant {
				return f.say(at, "x"+at.Value.Scalar())
			})
		}},
		{"MENU019", "a rule that is not written as one", func(f *menusFolder) []*mutant {
			return each(f.find("slots/*/rule"), func(at *found) *mutant {
				return f.say(at, "provider")
			})
		}},
	}
}

// moneyMutators break what keeps money and secrets safe.
func moneyMutators() []mutator {
	return append(secretMutators(), offerMutators()...)
}

func secretMutators() []mutator {
	return []mutator{
		{"MENU022", "a secret on a screen", func(f *menusFolder) []*mutant {
			return each(append(f.prompts(), f.errorTexts()...), func(at *found) *mutant {
				secret := "{pin}"
				if at.KeyPos.Line%2 == 0 {
					secret = "{own_inn}"
				}
				return f.say(at, at.Value.Scalar()+secret)
			})
		}},
		{"MENU022", "a secret in a message", func(f *menusFolder) []*mutant {
			return each(f.texts("sms/paid", "sms/cash_code", "sms/pin_changed"),
				func(at *found) *mutant { return f.say(at, at.Value.Scalar()+"{pin}") })
		}},
		{"MENU022", "a secret that is lost", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/goto"), func(at *found) *mutant {
				if ask := at.up.Value.Field("ask").Scalar(); ask != "pin" && ask != "own_inn" {
					return nil
				}
				return f.say(at, "main")
			})
		}},
		{"MENU022", "a secret as an argument that is none", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if at.Value.Quoted || at.Key == "pin" || at.Key == "inn" {
					return nil
				}
				return f.sayPlain(at, "pin")
			})
		}},
		{"MENU022", "a secret that nobody typed", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/pin", "states/*/with/inn"), func(at *found) *mutant {
				if stateOf(at).Key == "reg_do" {
					return nil // an application is no secret
				}
				return f.sayPlain(at, "amount")
			})
		}},
		{"MENU022", "a secret that is not asked right before", func(f *menusFolder) []*mutant {
			return each(f.find("states/main/options/*/goto"), func(at *found) *mutant {
				return f.say(at, "pin_stage")
			})
		}},
		{"MENU022", "a secret that is set", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/options/*/set/lang"), func(at *found) *mutant {
				return f.sayPlain(at, f.raw(at.Value)+`, pin: "1234"`)
			})
		}},
	}
}

func offerMutators() []mutator {
	return []mutator{
		{"MENU023", "money without a confirm screen", func(f *menusFolder) []*mutant {
			return each(append(f.find("states/main/options/*/goto"), f.find(
				"states/pay_*/options/*/goto", "states/pay_amount/goto")...),
				func(at *found) *mutant { return f.say(at, "pay_do") })
		}},
		{"MENU023", "money without an offer", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/with/*"), func(at *found) *mutant {
				if at.up.Value.Field("pin") == nil || at.up.Value.Field("offer") == nil {
					return nil
				}
				return f.drop(at)
			})
		}},
		{"MENU023", "money of another operation", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/goto"), func(at *found) *mutant {
				if at.up.Value.Field("confirm") == nil {
					return nil
				}
				other := map[string]string{"pay_do": "send_do", "send_do": "cash_do", "cash_do": "pay_do"}
				return f.say(at, other[at.Value.Scalar()])
			})
		}},
		{"MENU023", "money as an entry", func(f *menusFolder) []*mutant {
			return each(f.find("entries/start", "entries/resume"), func(at *found) *mutant {
				return f.say(at, "pay_do")
			})
		}},
		{"MENU024", "something that is not shown", func(f *menusFolder) []*mutant {
			return each(f.find("states/pay_confirm/text/*", "states/send_confirm/text/*",
				"states/cash_confirm/text/*"), func(at *found) *mutant {
				what := placeholder.FindAllString(at.Value.Scalar(), -1)
				return f.say(at, strings.Replace(at.Value.Scalar(),
					what[at.KeyPos.Line%len(what)], "x", 1))
			})
		}},
		{"MENU025", "an unknown state that makes the offer", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/confirm"), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"x")
			})
		}},
		{"MENU025", "a state that makes no offer", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/confirm"), func(at *found) *mutant {
				return f.say(at, "balance_do")
			})
		}},
		{"MENU025", "an offer that is not confirmed", func(f *menusFolder) []*mutant {
			return each(f.find("states/pay_quote/on/ok", "states/pay_again/on/ok",
				"states/pay_do/on/changed", "states/send_again/on/ok", "states/send_do/on/changed",
				"states/cash_quote/on/ok"), func(at *found) *mutant { return f.say(at, "soon") })
		}},
		{"MENU025", "a confirm screen without a PIN", func(f *menusFolder) []*mutant {
			return each(f.find("states/*/confirm"), func(at *found) *mutant {
				ask := at.up.Value.Field("ask")
				return f.write(ask.Place(), f.raw(ask), `"amount"`)
			})
		}},
		{"MENU025", "a confirm screen as an entry", func(f *menusFolder) []*mutant {
			return each(f.find("entries/start", "entries/resume"), func(at *found) *mutant {
				return f.say(at, "pay_confirm")
			})
		}},
		{"MENU026", "the offer's id on a screen", func(f *menusFolder) []*mutant {
			return each(f.prompts(), func(at *found) *mutant {
				return f.say(at, at.Value.Scalar()+"{offer}")
			})
		}},
		{"MENU037", "a payment that is not told", func(f *menusFolder) []*mutant {
			return each(f.texts("states/pay_done/end", "states/pay_doubt/end", "states/pay_held/end",
				"states/send_done/end", "states/cash_done/end", "states/told_code/text",
				"states/told_paid/text"), func(at *found) *mutant {
				text := strings.NewReplacer("{amount}", "x", "{until}", "x").Replace(at.Value.Scalar())
				if !strings.HasPrefix(stateOf(at).Key, "told_") {
					text = strings.ReplaceAll(text, "{code}", "x")
				}
				return f.say(at, text)
			})
		}},
		{"MENU037", "an outcome that leads elsewhere", func(f *menusFolder) []*mutant {
			return each(f.find("states/pay_do/on/paid", "states/pay_do/on/in_doubt",
				"states/pay_do/on/held", "states/cash_do/on/code_sent", "states/send_do/on/paid",
				"states/payment_told/on/sent", "states/payment_told/on/paid"), func(at *found) *mutant {
				return f.say(at, "main")
			})
		}},
	}
}
