package menu

import (
	"fmt"
	"slices"
	"strings"

	"ussdgw/menus/schema"
)

// Patterns of words, as editors check them.
const (
	namePattern     = `^[a-z][a-z0-9_]*$`
	keyPattern      = `^[0-9*#]{1,4}$`
	languagePattern = `^[a-z]{2,3}(-[a-z]{2,8})?$`
	servicePattern  = `^\*[0-9]{1,6}(\*[0-9]{1,6}){0,3}#$`
	amountPattern   = `^[0-9]{1,6}([.,][0-9]{1,2})?$`
	wholePattern    = `^[0-9]{1,4}$`
	rulePattern     = `^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`
	targetPattern   = `^(@home|@back|@resume|[a-z][a-z0-9_]*)$`
	pathPattern     = `^[0-9]{1,4}(\*[0-9]{1,4}){0,7}$`
)

// FileSchema describes a file of a menu, made from the tables that Load reads it by. It says what
// can be said of one file alone; what needs the other files, or a proof, only Load finds.
func FileSchema() *schema.Schema {
	root := &schema.Schema{
		Title: "Menu file, " + Schema,
		Description: "Part of a USSD menu. All files of the folder are read together, so a file" +
			" may hold any part of it.",
		Required:    []string{"schema"},
		Definitions: definitions(),
	}
	known := sectionSchemas()
	for _, key := range sections() {
		root.Properties = append(root.Properties, property(key, known))
	}
	return root
}

// property is a key of a table with what known says about it. That a key of the loader has no
// description is a programmer's mistake.
func property(key string, known map[string]*schema.Schema) schema.Property {
	s := known[key]
	if s == nil {
		panic(fmt.Sprintf("menu: schema: nothing is said about the key %q", key))
	}
	return schema.Property{Key: key, Schema: s}
}

// text describes a text that subscribers read: what it is, in a word and in a sentence.
func text(about, description string) *schema.Schema {
	return &schema.Schema{Ref: "text", Description: description, Text: true, About: about}
}

// line is text for what has no plural forms.
func line(about, description string) *schema.Schema {
	s := text(about, description)
	s.Ref = "line"
	return s
}

// name describes a name of something that is defined elsewhere.
func name(description string) *schema.Schema {
	s := schema.Scalar(description)
	s.Pattern = namePattern
	return s
}

// ref is a definition with a description for this place.
func ref(definition, description string) *schema.Schema {
	return &schema.Schema{Ref: definition, Description: description}
}

// pattern describes a word that is in quotes or would otherwise be a word to YAML as well.
func pattern(p, description string) *schema.Schema {
	s := schema.Scalar(description)
	s.Pattern = p
	return s
}

// number describes a number, with quotes or without.
func number(p, description string) *schema.Schema {
	s := pattern(p, description)
	s.Types = []string{schema.String, schema.Number}
	return s
}

// errorTexts describes a map of texts by the code of a refusal.
func errorTexts(description string) *schema.Schema {
	return &schema.Schema{
		Description: description, NamePattern: namePattern,
		Named: text("error", "What is shown in place of the prompt when an answer is refused"+
			" with this code, or when a target brings it as a notice."),
	}
}

// sectionSchemas describe the keys of a file by sections.
func sectionSchemas() map[string]*schema.Schema {
	word := &schema.Schema{Types: []string{schema.String}, Enum: []string{Schema}}
	word.Description = "What this file is: the first key of every file."
	return map[string]*schema.Schema{
		"schema": word,
		"service": pattern(servicePattern, "The code that is dialled, in quotes: \"*900#\"."+
			" Given once, in any one of the files."),
		"languages": {
			Description: "The languages of every text, the default first: [\"ky\", \"ru\", \"en\"].",
			Items:       &schema.Schema{Types: []string{schema.String}, Pattern: languagePattern},
			MinItems:    1, MaxItems: MaxLanguages, Unique: true,
		},
		"transliterations": {
			Description: "Further languages that are others in Latin letters, so that a screen" +
				" holds 182 characters: {ru-latn: ru}. Their texts are made from those of the" +
				" language, unless a text has an entry of its own for them.",
			NamePattern: languagePattern,
			Named: &schema.Schema{
				Types: []string{schema.String}, Pattern: languagePattern,
				Description: "The language that this one is in other letters.",
			},
		},
		"limits": {
			Description: "The room on a screen, in units of its alphabet.",
			Required:    []string{"gsm7", "ucs2"},
			Properties: []schema.Property{
				{Key: "gsm7", Schema: number(wholePattern, "Septets of a screen whose"+
					" characters are all in the GSM alphabet: 40 to 182.")},
				{Key: "ucs2", Schema: number(wholePattern, "Characters of any other screen, as"+
					" one with Cyrillic letters: 40 to 80.")},
			},
		},
		"keys":    keysSchema(),
		"nav":     navSchema(),
		"entries": entriesSchema(),
		"shortcuts": name("The screen where the answers of a dialled string (*900*3*3#) begin. A" +
			" dial that starts on another screen shows that one and leaves the string alone."),
		"moved": {
			Description: "Old paths of dialled strings that still work: where an item was before it" +
				" was moved.",
			Items: &schema.Schema{
				Required: []string{"path", "goto"},
				Properties: []schema.Property{
					{Key: "path", Schema: pattern(pathPattern, "The keys as they are dialled after"+
						" the service code, with * between them: \"3*1\". The longest path wins.")},
					{Key: "goto", Schema: ref("target", "The screen or action where the rest of"+
						" the string goes on.")},
				},
			},
		},
		"errors": errorTexts("Texts by the code of the refusal, for every state that has none of" +
			" its own."),
		"slots": {
			Description: "What is typed, by the name of its place.",
			NamePattern: namePattern, Named: schema.Ref("slot"),
		},
		"states": {
			Description: "The screens and actions by their names. The file where a state is does" +
				" not matter.",
			NamePattern: namePattern, Named: schema.Ref("state"), Spaced: true,
		},
		"sms": {
			Description: "The text of every kind of message that the wallet sends. Only first_pin" +
				" may show {pin}.",
			NamePattern: namePattern,
			Named: text("SMS", "One SMS is 70 letters with Cyrillic and 160 without. A longer text"+
				" is sent, and paid for, in parts; at most four."),
		},
	}
}

func keysSchema() *schema.Schema {
	return &schema.Schema{
		Description: "What is typed to move about, the same on every screen, in quotes.",
		Required:    []string{"back", "home", "more"},
		Properties: []schema.Property{
			{Key: "back", Schema: pattern(keyPattern, "To the page or the screen before: \"0\".")},
			{Key: "home", Schema: pattern(keyPattern, "To the entry `start`; everything typed is"+
				" forgotten: \"00\".")},
			{Key: "more", Schema: pattern(keyPattern, "To the next page: \"98\".")},
		},
	}
}

func navSchema() *schema.Schema {
	return &schema.Schema{
		Description: "The lines that are printed for the keys. Each begins with its key.",
		Required:    []string{"back", "more", "home"},
		Properties: []schema.Property{
			{Key: "back", Schema: line("line of the key back",
				"Printed where there is a page or a screen to go back to: \"0 Back\".")},
			{Key: "more", Schema: line("line of the key more",
				"Printed while there is a next page: \"98 More\".")},
			{Key: "home", Schema: line("line of the key home",
				"Printed where it fits; the key works everywhere: \"00 Menu\".")},
		},
	}
}

func entriesSchema() *schema.Schema {
	says := map[Entry]string{
		EntryStart: "The code is dialled; also @home and the key home. Any state.",
		EntryResume: "Dialled again after a drop; @resume goes on where it stopped. A screen or" +
			" an action.",
		EntryUntold: "A payment's fate was not told; sets `offer`. The state whose action tells" +
			" it: payment.resolve.",
		EntryOver:        "An answer to a session that is no more. An end.",
		EntryBusy:        "More work than can be done in time. An end.",
		EntryRefused:     "A dialled string that leads nowhere or holds a PIN. An end.",
		EntryUnavailable: "An action has failed technically. An end.",
	}
	out := &schema.Schema{Description: "The state for each way into a dialogue."}
	for _, e := range Entries() {
		known := map[string]*schema.Schema{}
		if says[e] != "" {
			known[string(e)] = name(says[e])
		}
		out.Properties = append(out.Properties, property(string(e), known))
		out.Required = append(out.Required, string(e))
	}
	return out
}

// definitions are what the sections refer to.
func definitions() []schema.Property {
	return []schema.Property{
		{Key: "state", Schema: stateSchema()},
		{Key: "option", Schema: optionSchema()},
		{Key: "case", Schema: caseSchema()},
		{Key: "letters", Schema: lettersSchema()},
		{Key: "target", Schema: targetSchema()},
		{Key: "slot", Schema: slotSchema()},
		{Key: "text", Schema: textSchema(schema.Ref("form"))},
		{Key: "line", Schema: textSchema(sentence())},
		{Key: "form", Schema: &schema.Schema{AnyOf: []*schema.Schema{sentence(), pluralSchema()}}},
	}
}

func sentence() *schema.Schema {
	return &schema.Schema{
		Types: []string{schema.String, schema.Number}, MinLength: 1, MaxLength: MaxTextBytes,
	}
}

func textSchema(one *schema.Schema) *schema.Schema {
	all := sentence()
	all.Description = "The same in all languages."
	return &schema.Schema{
		Description: "A text: one string, the same in all languages, or a map with every language." +
			" {name} stands for a value; a brace that is to be seen is doubled.",
		AnyOf: []*schema.Schema{
			all,
			{
				Description: "The text in every language of the menu.",
				NamePattern: languagePattern, Named: one, MinNamed: 1,
			},
		},
	}
}

func pluralSchema() *schema.Schema {
	out := &schema.Schema{
		Description: "A form of the text for each kind of number that the language tells apart.",
		Required:    []string{byKey, "other"},
		Properties: []schema.Property{
			{Key: byKey, Schema: name("The value that is counted: one of type count.")},
		},
	}
	says := map[string]string{
		"zero":  "Not in Kyrgyz, Russian or English.",
		"one":   "1; in Russian also 21, 31, …",
		"two":   "Not in Kyrgyz, Russian or English.",
		"few":   "Russian: 2, 3, 4, 22, 23, 24, …",
		"many":  "Russian: 0, 5 to 20, 25 to 30, …",
		"other": "Every other number, and the only other form in Kyrgyz and English.",
	}
	for _, c := range categories() {
		s := sentence()
		s.Description = says[c.name]
		out.Properties = append(out.Properties, schema.Property{Key: c.name, Schema: s})
	}
	return out
}

func targetSchema() *schema.Schema {
	to := pattern(targetPattern, "A state, or @home (the entry `start`, everything typed is"+
		" forgotten), @back (the screen before the one on display), @resume (what was interrupted).")
	return &schema.Schema{
		Description: "Where it goes on: a state, @home, @back or @resume, or {goto: STATE, notice:" +
			" CODE}.",
		AnyOf: []*schema.Schema{
			to,
			{
				Description: "A screen with an error text in place of its prompt.",
				Required:    []string{"goto"},
				Properties: []schema.Property{
					{Key: "goto", Schema: to},
					{Key: "notice", Schema: name("The code of the error text that is shown there in" +
						" place of the prompt.")},
				},
			},
		},
	}
}

// whenSchema describes a guard.
func whenSchema(description string) *schema.Schema {
	return schema.Scalar(description + " An expression over what was typed, chosen and set, in" +
		" single quotes: 'lang == \"ru\"', 'provider.fields >= 2', 'amount > som(\"100\")'.")
}

func optionSchema() *schema.Schema {
	known := map[string]*schema.Schema{
		"key": pattern(keyPattern, "What is typed, in quotes: 1 to 4 of 0-9, * and #. It is"+
			" printed before the text."),
		"text": line("option", "The line. Without it the key works and nothing is printed."),
		"when": whenSchema("The option is neither shown nor accepted unless this is true."),
		"set": {
			Description: "Values that slots get, such as {lang: \"en\"}, which switches the" +
				" dialogue's language.",
			NamePattern: namePattern,
			Named:       &schema.Schema{Types: []string{schema.String, schema.Number}},
		},
		"goto": schema.Ref("target"),
	}
	out := &schema.Schema{
		Description: "One answer of a screen.", Required: []string{"key", "goto"},
	}
	for _, key := range []string{"key", "text", "when", "set", "goto"} {
		out.Properties = append(out.Properties, property(key, known))
	}
	return out
}

func caseSchema() *schema.Schema {
	return &schema.Schema{
		Description: "One way to go on.",
		Required:    []string{"goto"},
		Properties: []schema.Property{
			{Key: "when", Schema: whenSchema("This way is taken if no earlier one was and this is" +
				" true. The last case has no `when`, all others have one.")},
			{Key: "goto", Schema: schema.Ref("target")},
			{Key: "notice", Schema: name("The code of the error text that is shown there in place" +
				" of the prompt.")},
		},
	}
}

func lettersSchema() *schema.Schema {
	return &schema.Schema{
		Description: "What happens to an answer that is no key and no item but a text: it goes into" +
			" a text slot, and on to a state, usually a list with `match` of that slot.",
		Required: []string{"as", "goto"},
		Properties: []schema.Property{
			{Key: "as", Schema: name("The text slot.")},
			{Key: "goto", Schema: schema.Ref("target")},
		},
	}
}

// slotSchema is one map for all types; what goes with which is in its conditions.
func slotSchema() *schema.Schema {
	says := map[string]*schema.Schema{
		"type": {
			Types: []string{schema.String}, Enum: slotTypes(),
			Description: "What may be typed. text: Latin and Cyrillic letters, blanks, - ' and .;" +
				" digits: digits only; person_inn: the 14 digits of an identity card; secret_inn: the" +
				" same as a secret; money: 100, 100.50, 100,50 or 100*50; pin: a secret; msisdn: a" +
				" phone number.",
		},
		"min": number(amountPattern, "The fewest letters or digits, or the least amount of money:"+
			" 1, and 0.01 som, if nothing is said."),
		"max": number(amountPattern, "The most letters (up to 60) or digits (up to 30), or the"+
			" largest amount of money. Letters and digits must have it: without it nobody knows"+
			" whether the value fits a screen."),
		"length": number(wholePattern, "The digits of a PIN: 4 to 12. The configuration may set"+
			" another."),
		"rule": pattern(rulePattern, "The rule of the item that was chosen, which narrows what is"+
			" taken: provider.account, provider.amount."),
		"exempt": {
			Description: "Navigation keys that are ordinary input here, because they could be" +
				" meant: [\"0\"].",
			Items: pattern(keyPattern, "A navigation key, in quotes."),
		},
	}
	out := &schema.Schema{
		Description: "A place for what is typed.", Required: []string{"type"},
	}
	for _, t := range slotTypes() {
		keys := slotKeys(slotType(t))
		for _, key := range keys {
			if !slices.ContainsFunc(out.Properties, func(p schema.Property) bool {
				return p.Key == key
			}) {
				out.Properties = append(out.Properties, property(key, says))
			}
		}
		then := &schema.Schema{Names: keys}
		if t == string(typeText) || t == string(typeDigits) {
			then.Required = []string{"max"}
		}
		out.AllOf = append(out.AllOf, &schema.Schema{If: schema.With("type", t), Then: then})
	}
	return out
}

// stateSchema is one map with the keys of all kinds of states: exactly one of those that make a
// kind is there, and then only what goes with it.
func stateSchema() *schema.Schema {
	says := stateKeySchemas()
	out := &schema.Schema{Description: "A state does exactly one thing: " + kindNames() + "."}
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			out.Properties = append(out.Properties, property(key, says))
		}
	}
	needs := map[string][]string{
		"ask": {"text", "goto"}, "list": {"as", "goto"}, "do": {"on"},
	}
	for _, k := range stateKinds() {
		add(k.key)
		out.OneOf = append(out.OneOf, &schema.Schema{Required: []string{k.key}})
		out.AllOf = append(out.AllOf, &schema.Schema{
			If: &schema.Schema{Required: []string{k.key}},
			Then: &schema.Schema{
				Names: append([]string{k.key}, k.with...), Required: needs[k.key],
			},
		})
	}
	for _, k := range stateKinds() {
		for _, key := range k.with {
			add(key)
		}
	}
	return out
}

// kindNames lists the keys that make a kind of state.
func kindNames() string {
	var all []string
	for _, k := range stateKinds() {
		all = append(all, k.key)
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// stateKeySchemas describe the keys of states.
func stateKeySchemas() map[string]*schema.Schema {
	return map[string]*schema.Schema{
		"options": {
			Description: "A screen with answers to choose from, each printed as \"key text\".",
			Items:       schema.Ref("option"), MinItems: 1, MaxItems: MaxOptions,
		},
		"ask": name("A screen that asks: what is typed goes into this slot."),
		"list": name("A screen with the items of a list, such as categories or providers. The" +
			" chosen item's id goes into the slot of `as`."),
		"do": pattern(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$`, "An action of the wallet, which"+
			" shows nothing: \"wallet.balance\"."),
		"cases": {
			Description: "Shows nothing and goes on in the first case that holds. The last has no" +
				" `when`.",
			Items: schema.Ref("case"), MinItems: 1,
		},
		"end":  text("last screen", "The last screen of the dialogue: nothing can be answered."),
		"text": text("prompt", "The prompt. It is on the first page only."),
		"errors": errorTexts("Texts by the code of the refusal, which go before those of the" +
			" file's own errors. A code is one of the slot's, `option` for options and lists, or" +
			" one that a target brings."),
		"nav": {
			Types: []string{schema.String}, Enum: []string{"inline"},
			Description: "inline prints no lines for back and home; every text of the state then" +
				" says the back key itself.",
		},
		"goto": schema.Ref("target"),
		"confirm": name("Makes this the confirm screen of a payment: the state whose action makes" +
			" the offer shown here. The text shows provider, account, {amount} and {fee}."),
		"as": name("The slot that takes the chosen item's id."),
		"only": name("Only these items of the list, best first: `promoted`, or a value that holds" +
			" their ids. Their keys are 1, 2, 3, …"),
		"match": name("Only the items whose name has a word with what was typed into this text" +
			" slot, Latin or Cyrillic."),
		"top": {
			Description: "Items that are printed first, with their own numbers: `promoted`, or" +
				" values that hold ids.",
			Items: name("promoted, or a value."), MinItems: 1,
		},
		"letters": ref("letters", "Takes letters where numbers are asked, to search for them."),
		"none":    ref("target", "Where to go when `only` or `match` find nothing."),
		"with": {
			Description: "The arguments of the action: without quotes the name of a value, in" +
				" quotes a literal text.",
			NamePattern: namePattern,
			Named:       &schema.Schema{Types: []string{schema.String, schema.Number}},
		},
		"on": {
			Description: "Where each outcome of the action leads: every outcome, and no other.",
			NamePattern: namePattern, Named: schema.Ref("target"), MinNamed: 1,
		},
	}
}
