package catalogue

import "ussdgw/menus/source"

// The codes of findings.
const (
	CodeSection    = "CAT001"
	CodeMissing    = "CAT002"
	CodeLanguage   = "CAT003"
	CodeTooLong    = "CAT004"
	CodeNumber     = "CAT005"
	CodeID         = "CAT006"
	CodeAccount    = "CAT007"
	CodePattern    = "CAT008"
	CodeExample    = "CAT009"
	CodeAmount     = "CAT010"
	CodeFee        = "CAT011"
	CodeSettlement = "CAT012"
	CodeLimits     = "CAT013"
	CodePrefix     = "CAT014"
	CodeNetwork    = "CAT015"
	CodeYesNo      = "CAT016"
	CodeLevel      = "CAT017"
	CodeUnseen     = "CAT018"
	CodeMixed      = "CAT019"
	CodeFields     = "CAT020"
	CodeOperation  = "CAT021"
	CodePayer      = "CAT022"
	CodeBiller     = "CAT023"
	CodeTopUp      = "CAT024"
)

// Codes explains every code of this package, in their order.
func Codes() []source.Code {
	return []source.Code{
		{
			Code: CodeSection, Title: "a part of the catalogue is missing",
			Text: "The files with the catalogue's schema must together have languages," +
				" accounts, categories, limits, operations and networks, each once and none of them" +
				" empty.",
		},
		{
			Code: CodeMissing, Title: "something must be said here",
			Text: "A key that has no default is missing, or its value is empty.",
		},
		{
			Code: CodeLanguage, Title: "a text is missing in a language",
			Text: "A text is either one string, which then is the same in every language, or a" +
				" map with exactly the languages that the catalogue lists.",
		},
		{
			Code: CodeTooLong, Title: "a text is too long for its screen",
			Text: "Names share a screen with an account, an amount and a fee, so they have at" +
				" most 14 characters; hints have at most 22, where something is found 24, labels" +
				" 40, and what a subscriber of an unserved network is told 50.",
		},
		{
			Code: CodeNumber, Title: "a number cannot be typed or is taken",
			Text: "Subscribers type the number. It is 1 to 97 without leading zeros, because 0," +
				" 00 and 98 are keys of the menu, and no neighbour has the same.",
		},
		{
			Code: CodeID, Title: "an ID is malformed or used twice",
			Text: "An ID is 1 to 32 of a-z, 0-9 and _, begins with a letter and is unique among" +
				" its kind, for providers in the whole catalogue. It is never changed: the books" +
				" and the providers' registries know a provider by it.",
		},
		{
			Code: CodeAccount, Title: "no such kind of account",
			Text: "Each of a provider's fields names one of the kinds under accounts.",
		},
		{
			Code: CodePattern, Title: "a pattern cannot be used",
			Text: "A pattern is a regular expression of RE2 that begins with ^ and ends with $," +
				" so that it matches whole numbers only, allows nothing but digits, and matches" +
				" at least 1 and at most 15 of them.",
		},
		{
			Code: CodeExample, Title: "the example breaks its own rule",
			Text: "Subscribers see the example after a mistake, so the pattern must match it.",
		},
		{
			Code: CodeAmount, Title: "an amount is wrong",
			Text: "An amount is som with at most two decimals, such as \"100\" or \"100.50\". The" +
				" smallest is above 0 and not above the largest.",
		},
		{
			Code: CodeFee, Title: "a fee is wrong",
			Text: "A fee has any of percent (0 to 100, two decimals), fixed, min and max in som." +
				" None is negative, max is above 0 and not below min. {} is no fee, and without max" +
				" a fee may be as large as percent and fixed make it.",
		},
		{
			Code: CodeSettlement, Title: "no such settlement",
			Text: "How the provider learns of payments: \"registry\" is a list after each day," +
				" \"biller\" a message for each payment.",
		},
		{
			Code: CodeLimits, Title: "limits contradict each other, or are out of range",
			Text: "Of each operation, one may not be above the limit of a day, nor a day above that" +
				" of a month. out, which counts all that leaves a wallet, allows at least what a" +
				" payment, a transfer or a cash-out does alone. Every limit is above 0, which would" +
				" be taken for no limit at all. A balance is at most 999999.99, the widest amount" +
				" that screens and messages are proven for.",
		},
		{
			Code: CodePrefix, Title: "prefixes of networks overlap",
			Text: "The longest prefix decides, so a longer one may lie within another network's." +
				" The same prefix twice, and one that changes nothing, are mistakes. One network" +
				" has the prefix \"\", which takes all the numbers that no other has.",
		},
		{
			Code: CodeNetwork, Title: "a network says where to go, or serves, not both",
			Text: "A network that is not served has the text elsewhere; one that is has not.",
		},
		{
			Code: CodeYesNo, Title: "neither yes nor no",
			Text: "Write \"yes\" or \"no\".",
		},
		{
			Code: CodeLevel, Title: "an unknown or a missing level",
			Text: "Limits are given by level of identification: \"remote\", of every wallet that" +
				" is registered over USSD, must be there, and \"in_person\" may be. Without the" +
				" limits of its level no wallet could pay. The fees of transfers and cash-outs are" +
				" given for the same levels; {} is no fee.",
		},
		{
			Code: CodeUnseen, Title: "a text that cannot be shown as it is written",
			Text: "Control and format characters, such as one that turns the direction of writing" +
				" or has no width, make a name look like another. They are refused, as are" +
				" braces, which mark places to fill in, and a text of blanks only.",
		},
		{
			Code: CodeMixed, Title: "letters of two alphabets in one word",
			Text: "A Latin c and a Cyrillic с look the same, but subscribers who search for the" +
				" name do not find it, and one Cyrillic letter makes a screen hold 80 characters" +
				" instead of 182. A Latin name with a Cyrillic ending is right.",
		},
		{
			Code: CodeFields, Title: "fields that make no account",
			Text: "A provider asks for one to three fields, each a kind of account. The account is" +
				" all of them with a / between: it has at most 15 characters, because the screen" +
				" that asks the PIN shows it with the provider, the amount and the fee.",
		},
		{
			Code: CodeOperation, Title: "an operation that a level cannot use",
			Text: "The smallest transfer or cash-out is above what the limits of a level allow at" +
				" once, so that its wallets could not make any.",
		},
		{
			Code: CodePayer, Title: "who pays a fee",
			Text: "A fee's payer is \"customer\", on top of the amount, or \"provider\", who gets that" +
				" much less. What a provider pays is below the amount, the smallest one too." +
				" Transfers and cash-outs have no provider.",
		},
		{
			Code: CodeBiller, Title: "a biller without its settlement, or the other way round",
			Text: "A provider with settlement \"biller\" says which: biller names one of those in the" +
				" configuration of the gateway. Only such a provider can be asked whose account it" +
				" is, with check.",
		},
		{
			Code: CodeTopUp, Title: "a top-up that does not work",
			Text: "The top_up of a network is the ID of a provider whose account is a phone number" +
				" alone and takes all numbers of the network, written as 0555123456, 555123456 or" +
				" 996555123456, whichever its pattern matches first.",
		},
	}
}
