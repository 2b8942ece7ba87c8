package catalogue

import (
	"ussdgw/menus/schema"
)

// Patterns of words, as editors check them.
const (
	namePattern     = `^[a-z][a-z0-9_]{0,31}$`
	languagePattern = `^[a-z]{2,3}(-[a-z]{2,8})?$`
	amountPattern   = `^[0-9]{1,9}([.,][0-9]{1,2})?$`
	numberPattern   = `^[1-9][0-9]?$`
	prefixPattern   = `^([1-9][0-9]{0,14})?$`
)

// FileSchema describes a file of a catalogue. It says what can be said of one file alone; what
// needs the other files only Load finds.
func FileSchema() *schema.Schema {
	return &schema.Schema{
		Title: "Catalogue file, " + Schema,
		Description: "Who can be paid, limits and networks. Each part is in one of the folder's" +
			" files.",
		Required: []string{"schema"},
		Properties: []schema.Property{
			{Key: "schema", Schema: &schema.Schema{
				Description: "What this file is: the first key of every file.",
				Types:       []string{schema.String}, Enum: []string{Schema},
			}},
			{Key: "languages", Schema: &schema.Schema{
				Description: "The languages that every text here is in: [\"ky\", \"ru\", \"en\"].",
				Items:       word(languagePattern, "A language."), MinItems: 1, Unique: true,
			}},
			{Key: "accounts", Schema: &schema.Schema{
				Description: "What an account can be, by a name that providers refer to.",
				NamePattern: namePattern, Named: accountSchema(), MinNamed: 1,
			}},
			{Key: "categories", Schema: &schema.Schema{
				Description: "The categories with their providers.", Items: categorySchema(),
				MinItems: 1,
			}},
			{Key: "limits", Schema: limitsSchema()},
			{Key: "operations", Schema: operationsSchema()},
			{Key: "networks", Schema: &schema.Schema{
				Description: "The mobile networks by their names. The longest prefix that a number" +
					" begins with decides which one it is of.",
				NamePattern: namePattern, Named: networkSchema(), MinNamed: 1,
			}},
		},
		Definitions: []schema.Property{{Key: "text", Schema: textSchema()}},
	}
}

// text describes a text of at most most characters.
func text(about, description string, most int) *schema.Schema {
	return &schema.Schema{
		Ref: "text", Description: description, Text: true, About: about, Limit: most,
	}
}

// word describes a text without letters that mean anything to YAML.
func word(pattern, description string) *schema.Schema {
	s := schema.Scalar(description)
	s.Pattern = pattern
	return s
}

// amount describes an amount of money or a percentage, with quotes or without.
func amount(description string) *schema.Schema {
	s := word(amountPattern, description)
	s.Types = []string{schema.String, schema.Number}
	return s
}

func textSchema() *schema.Schema {
	one := func(description string) *schema.Schema {
		s := schema.Scalar(description)
		s.Types, s.MinLength = []string{schema.String, schema.Number}, 1
		return s
	}
	return &schema.Schema{
		Description: "A text of one line: one string, the same in all languages, or a map with" +
			" every language.",
		AnyOf: []*schema.Schema{
			one("The same in all languages."),
			{
				Description: "The text in every language.", NamePattern: languagePattern,
				Named: one(""), MinNamed: 1,
			},
		},
	}
}

func accountSchema() *schema.Schema {
	return &schema.Schema{
		Description: "A kind of account.",
		Required:    []string{"label", "hint", "where", "pattern", "example"},
		Properties: []schema.Property{
			{Key: "label", Schema: text("name of an account",
				"Its name on receipts, at most 40 characters.", MaxLabel)},
			{Key: "hint", Schema: text("what the screen asks for",
				"What the screen asks for, at most 22 characters.", MaxHint)},
			{Key: "where", Schema: text("where the account is found",
				"Where a payer finds it, at most 24 characters.", MaxWhere)},
			{Key: "pattern", Schema: word(`^\^.*\$$`, "A regular expression of digits that the"+
				" whole account matches: \"^[0-9]{6,8}$\".")},
			{Key: "example", Schema: &schema.Schema{
				Description: "An account that the pattern matches, shown when one is refused.",
				Types:       []string{schema.String, schema.Number},
			}},
		},
	}
}

func categorySchema() *schema.Schema {
	return &schema.Schema{
		Description: "A category of providers.",
		Required:    []string{"id", "number", "name", "providers"},
		Properties: []schema.Property{
			{Key: "id", Schema: word(namePattern, "Its ID, which never changes.")},
			{Key: "number", Schema: numberSchema("What a subscriber types: 1 to 97, and never" +
				" another one later.")},
			{Key: "name", Schema: text("name of a category", "At most 14 characters.", MaxName)},
			{Key: "providers", Schema: &schema.Schema{
				Description: "Who can be paid.", Items: providerSchema(), MinItems: 1,
			}},
		},
	}
}

func numberSchema(description string) *schema.Schema {
	s := word(numberPattern, description)
	s.Types = []string{schema.String, schema.Integer}
	return s
}

func yesNo(description string) *schema.Schema {
	return &schema.Schema{
		Description: description, Types: []string{schema.String}, Enum: []string{"yes", "no"},
	}
}

func providerSchema() *schema.Schema {
	return &schema.Schema{
		Description: "Somebody who can be paid.",
		Required:    []string{"id", "number", "name", "fields", "amount", "fee", "settlement"},
		Properties: []schema.Property{
			{Key: "id", Schema: word(namePattern, "Its ID, unique and forever: the books know it.")},
			{Key: "number", Schema: numberSchema("What a subscriber types: 1 to 97, unique in the" +
				" category, and never given to another provider.")},
			{Key: "name", Schema: text("name of a provider", "At most 14 characters.", MaxName)},
			{Key: "fields", Schema: &schema.Schema{
				Description: "What is asked, one after the other: 1 to 3 kinds of `accounts`.",
				Items:       word(namePattern, "A kind of account."), MinItems: 1,
				MaxItems: MaxFields,
			}},
			{Key: "amount", Schema: boundsSchema()},
			{Key: "fee", Schema: feeSchema()},
			{Key: "settlement", Schema: &schema.Schema{
				Description: "How the provider learns of payments: by a list of each day, or by a" +
					" message for each.",
				Types: []string{schema.String}, Enum: []string{SettlementRegistry, SettlementBiller},
			}},
			{Key: "biller", Schema: word(namePattern, "With settlement biller: which one, by its"+
				" name in the configuration.")},
			{Key: "check", Schema: yesNo("yes: the biller is asked whose account it is before the" +
				" amount is.")},
			{Key: "stopped", Schema: yesNo("yes: it is listed, but takes no payments now.")},
			{Key: "promoted", Schema: yesNo("yes: where a menu asks for it, it comes first.")},
		},
	}
}

func boundsSchema() *schema.Schema {
	return &schema.Schema{
		Description: "The smallest and the largest amount, without the fee, in som.",
		Required:    []string{"min", "max"},
		Properties: []schema.Property{
			{Key: "min", Schema: amount("The smallest amount, above 0.")},
			{Key: "max", Schema: amount("The largest amount.")},
		},
	}
}

func feeSchema() *schema.Schema {
	return &schema.Schema{
		Description: "What it costs: a share and a fixed part together.",
		Properties: []schema.Property{
			{Key: "percent", Schema: amount("The share of the amount: 1.5 is 1.5 %.")},
			{Key: "fixed", Schema: amount("Som that are added to the share.")},
			{Key: "min", Schema: amount("The smallest fee.")},
			{Key: "max", Schema: amount("The largest fee, above 0; no bound without it.")},
			{Key: "payer", Schema: &schema.Schema{
				Description: "Who pays it: the customer on top of the amount, as without this key, or" +
					" the provider out of it.",
				Types: []string{schema.String}, Enum: []string{PayerCustomer, PayerProvider},
			}},
		},
	}
}

func limitsSchema() *schema.Schema {
	operation := func(what string) *schema.Schema {
		return &schema.Schema{
			Description: what + ", in som, without fees.",
			Required:    []string{"once", "day", "month"},
			Properties: []schema.Property{
				{Key: "once", Schema: amount("One of them.")},
				{Key: "day", Schema: amount("A calendar day, at least one of them.")},
				{Key: "month", Schema: amount("A calendar month, at least a day.")},
			},
		}
	}
	level := func(who string) *schema.Schema {
		return &schema.Schema{
			Description: "How much such a wallet may move and hold, in som: " + who,
			Required:    []string{OpPayment, OpTransfer, OpCashOut, OpCashIn, OpOut, "balance"},
			Properties: []schema.Property{
				{Key: OpPayment, Schema: operation("Payments to providers")},
				{Key: OpTransfer, Schema: operation("Transfers to other wallets")},
				{Key: OpCashOut, Schema: operation("Cash from an agent")},
				{Key: OpCashIn, Schema: operation("Cash to an agent")},
				{Key: OpOut, Schema: operation("Payments, transfers and cash-outs together, at least" +
					" what each may be alone")},
				{Key: "balance", Schema: amount("The most that it may hold: up to 999999.99.")},
			},
		}
	}
	return &schema.Schema{
		Description: "What a wallet may do, by the level of identification of its owner.",
		Required:    []string{LevelRemote},
		Properties: []schema.Property{
			{Key: LevelRemote, Schema: level("registered from afar, over USSD.")},
			{Key: LevelInPerson, Schema: level("the owner has shown a document in person.")},
		},
	}
}

func operationsSchema() *schema.Schema {
	operation := func(what string) *schema.Schema {
		return &schema.Schema{
			Description: what,
			Required:    []string{"name", "amount", "fee"},
			Properties: []schema.Property{
				{Key: "name", Schema: text("name of an operation", "What it is called where who gets"+
					" a payment is named, at most 14 characters.", MaxName)},
				{Key: "amount", Schema: boundsSchema()},
				{Key: "fee", Schema: &schema.Schema{
					Description: "The fee by the level of identification, for each that has limits.",
					Properties: []schema.Property{
						{Key: LevelRemote, Schema: feeSchema()},
						{Key: LevelInPerson, Schema: feeSchema()},
					},
				}},
			},
		}
	}
	return &schema.Schema{
		Description: "What moves money to no provider: bounds and fees.",
		Required:    []string{OpTransfer, OpCashOut},
		Properties: []schema.Property{
			{Key: OpTransfer, Schema: operation("Money to another wallet.")},
			{Key: OpCashOut, Schema: operation("Cash from an agent, against a code.")},
			{Key: OpCashIn, Schema: &schema.Schema{
				Description: "Cash to an agent, and other money that no wallet has sent.",
				Required:    []string{"name"},
				Properties: []schema.Property{
					{Key: "name", Schema: text("name of an operation", "What it is called in a history, at"+
						" most 14 characters.", MaxName)},
				},
			}},
		},
	}
}

func networkSchema() *schema.Schema {
	return &schema.Schema{
		Description: "A mobile network.",
		Required:    []string{"name", "served", "prefixes"},
		Properties: []schema.Property{
			{Key: "name", Schema: schema.Scalar("How it is called.")},
			{Key: "served", Schema: yesNo("Whether its subscribers can use this menu.")},
			{Key: "prefixes", Schema: &schema.Schema{
				Description: "How its numbers begin, with 996 and without a plus sign; \"\" is" +
					" every other number.",
				Items: word(prefixPattern, "The first digits of a number, in quotes."),
			}},
			{Key: "elsewhere", Schema: text("where to go instead", "Where a subscriber of a network"+
				" that is not served goes instead, at most 50 characters.", MaxElsewhere)},
			{Key: "top_up", Schema: word(namePattern, "The ID of the provider that puts money on a"+
				" phone of this network.")},
		},
	}
}

// maxWhere is the most characters in where an account is found.
