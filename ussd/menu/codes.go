package menu

import (
	"slices"

	"ussdgw/menus/source"
)

// Codes of the findings of Load. They are stable: people look them up.
const (
	codeSchema      = "MENU001"
	codeSetting     = "MENU002"
	codeTwice       = "MENU003"
	codeName        = "MENU004"
	codeLanguage    = "MENU005"
	codeTemplate    = "MENU006"
	codePlaceholder = "MENU007"
	codeUnset       = "MENU008"
	codeTarget      = "MENU009"
	codeState       = "MENU010"
	codeAction      = "MENU011"
	codeArgument    = "MENU012"
	codeOutcome     = "MENU013"
	codeFit         = "MENU014"
	codeKeyTwice    = "MENU015"
	codeKeyShadowed = "MENU016"
	codeKeyWritten  = "MENU017"
	codeSlot        = "MENU018"
	codeRule        = "MENU019"
	codeList        = "MENU020"
	codeErrorText   = "MENU021"
	codeSecret      = "MENU022"
	codeMoney       = "MENU023"
	codeConfirmText = "MENU024"
	codeConfirm     = "MENU025"
	codeOffer       = "MENU026"
	codeUnreachable = "MENU027"
	codeNoWayOut    = "MENU028"
	codeEntry       = "MENU029"
	codeSMS         = "MENU030"
	codeNav         = "MENU031"
	codeLimit       = "MENU032"
	codeSet         = "MENU033"
	codeUnused      = "MENU034"
	codeEnvironment = "MENU035"
	codeLiteral     = "MENU036"
	codeUntold      = "MENU037"
	codeRange       = "MENU038"
	codeUnseen      = "MENU039"
	codeGuard       = "MENU040"
	codeGuardName   = "MENU041"
	codeCases       = "MENU042"
	codeHidden      = "MENU043"
	codeMoved       = "MENU044"
	codePlural      = "MENU045"
	codeLatin       = "MENU046"
	codeMixed       = "MENU050"
	codeAlphabet    = "MENU051"
	codeLone        = "MENU052"
	codeFind        = "MENU053"
	codeStuck       = "MENU054"
	codeLikeText    = "MENU055"
	codeExempt      = "MENU056"
	codeLineEnd     = "MENU057"
	codeDeep        = "MENU060"
	codeLong        = "MENU061"
	codeNoOptions   = "MENU062"
	codeFull        = "MENU063"
	codeParts       = "MENU064"
)

// Codes explains every code of this package, in their order.
func Codes() []source.Code {
	return slices.Concat(
		languageCodes(), proofCodes(), flowCodes(), wordingCodes(), adviceCodes(),
	)
}

// languageCodes are about how the menu is written.
func languageCodes() []source.Code {
	return []source.Code{
		{Code: codeSchema, Title: "the file does not say what it is", Text: "Every file begins" +
			" with `schema: ussd.menu/v1` or `schema: ussd.catalogue/v1`, so that one folder can" +
			" hold both and a file of something else is noticed."},
		{Code: codeSetting, Title: "a setting is missing or impossible", Text: "service," +
			" languages, limits, keys, nav and entries are each given once, in any one of the" +
			" files. The message says what is allowed."},
		{Code: codeTwice, Title: "the same name in two places", Text: "States, slots, errors," +
			" messages and settings of all files are read as one. A name that is there twice has" +
			" no clear meaning, so one of the two must go."},
		{Code: codeName, Title: "not a name", Text: "Names of states, slots and codes are made" +
			" of small Latin letters, digits and underscores, begin with a letter, and have at" +
			" most 40 characters."},
		{Code: codeLanguage, Title: "a text is missing in a language", Text: "A text is one" +
			" string that is the same in all languages, or a map that has every language of the" +
			" menu and no other. A text is never empty."},
		{Code: codeTemplate, Title: "a brace that is no placeholder", Text: "{name} stands for" +
			" a value. A brace that subscribers are to see is written twice: {{ and }}."},
		{Code: codePlaceholder, Title: "an unknown value in a text", Text: "A placeholder names" +
			" a slot, the slot of a list (its item's label is shown), a value of the chosen item" +
			" such as {provider.hint}, or a value that an outcome brings."},
		{Code: codeUnset, Title: "a value that may not be there", Text: "The value is set on some" +
			" paths to this state but not on every one, so a subscriber could see a hole. The" +
			" message names a state from which the value does not come along."},
		{Code: codeTarget, Title: "an unknown target", Text: "A target is the name of a state," +
			" @home, @back or @resume."},
		{Code: codeState, Title: "a state of no clear kind", Text: "A state does exactly one" +
			" thing: it shows options, asks for a slot, shows a list, does an action, chooses among" +
			" cases, or ends the dialogue. Each kind has its own keys."},
		{Code: codeAction, Title: "an unknown action", Text: "`do:` names an action that the" +
			" wallet offers."},
		{Code: codeArgument, Title: "wrong arguments of an action", Text: "`with:` gives an" +
			" action exactly the arguments it declares. A value without quotes is the name of a" +
			" slot or of a value; in quotes it is a literal text."},
		{Code: codeOutcome, Title: "outcomes not handled", Text: "`on:` says for every outcome" +
			" of the action where to go. An outcome that is left out would strand a subscriber," +
			" one that does not exist is a slip of the finger."},
		{Code: codeKeyTwice, Title: "two options on one key", Text: "Only the first could ever" +
			" be chosen. Give the other one a key of its own."},
		{Code: codeKeyShadowed, Title: "an option on a navigation key", Text: "The keys for back," +
			" home and more are looked at first, so the option could never be chosen."},
		{Code: codeKeyWritten, Title: "a key without quotes", Text: "Write keys in quotes." +
			" Without them other programs read 00 as the number 0 and * as an alias, and a file that" +
			" was saved by such a program comes back changed."},
		{Code: codeSlot, Title: "a slot that cannot be", Text: "The slot is not declared, its" +
			" type is unknown, or its bounds are impossible. The message says which."},
		{Code: codeRule, Title: "a rule that is not there", Text: "`rule: provider.account` takes" +
			" the rule `account` of the item that was chosen into the list slot `provider`. The" +
			" slot must be chosen before on every path, and the rule's pattern must be a regular" +
			" expression."},
		{Code: codeList, Title: "a list that cannot be shown", Text: "The list is unknown, is" +
			" empty, or depends on a slot that is not certainly chosen before; or two lists are" +
			" chosen into the same slot."},
		{Code: codeErrorText, Title: "an error without a text", Text: "What the state can refuse" +
			" needs a text in the state's own `errors:` or in that of a file."},
		{Code: codeNav, Title: "a navigation line that misleads", Text: "A line of `nav:` begins" +
			" with the key it is about. A state with `nav: inline` says the back key in its own" +
			" text, because nothing is added to it."},
		{Code: codeLimit, Title: "more than the engine takes", Text: "States, options, slots and" +
			" texts are bounded. Split a menu that is larger than this into several services."},
		{Code: codeSet, Title: "a value that cannot be set", Text: "`set:` gives a slot a literal" +
			" value that the slot itself would accept, or switches the language with lang."},
	}
}

// proofCodes are about what the menu would do.
func proofCodes() []source.Code {
	return []source.Code{
		{Code: codeFit, Title: "a screen that does not fit", Text: "With every value as wide as" +
			" it can be, this part of the screen and its navigation lines are longer than a" +
			" screen. One letter outside the GSM alphabet, in the text or in a value, leaves room" +
			" for 80 characters instead of 182. Shorten the text, or bound the slot."},
		{Code: codeSecret, Title: "a secret would get out", Text: "What is typed into a secret" +
			" slot goes to the action that the screen leads to and nowhere else: to no text, no" +
			" message, no literal and no argument that is not declared secret."},
		{Code: codeMoney, Title: "money without a confirm screen", Text: "An action that moves" +
			" money runs only right after a screen that confirms the offer and asks the PIN, and" +
			" takes that PIN and that offer."},
		{Code: codeConfirmText, Title: "a confirm screen that hides something", Text: "The screen" +
			" on which a payment is confirmed shows whom it goes to, the account, the amount and" +
			" the fee, in every language."},
		{Code: codeConfirm, Title: "an offer without its confirm screen", Text: "`confirm:` names" +
			" the do state that makes the offer. Each outcome that leaves an offer open leads to" +
			" a confirm screen of such a state and nowhere else. What the screen shows is of that" +
			" very offer: its outcome sets it, or its action was given it. Coming back to the screen" +
			" makes the offer anew, so the state gives no text in quotes that skips a question."},
		{Code: codeOffer, Title: "the offer's id is not for people", Text: "`offer` is an opaque" +
			" id that goes from the action that makes an offer to the one that takes it. No text" +
			" shows it, no slot has its name."},
		{Code: codeUnreachable, Title: "nothing leads here", Text: "No entry reaches this state." +
			" It is dead text, or a target elsewhere is wrong."},
		{Code: codeNoWayOut, Title: "no way out", Text: "A screen neither asks nor ends, or" +
			" states that show nothing follow each other in a circle with no screen between."},
		{Code: codeEntry, Title: "an entry that cannot work", Text: "Every entry names a state." +
			" over, busy, shortcut_refused and unavailable must be ends that need no value:" +
			" they are shown when nothing else works. untold is a state that does the action" +
			" which tells what became of a payment."},
		{Code: codeSMS, Title: "a message that cannot be sent", Text: "Every kind of message that" +
			" the wallet sends has a text in each language, with fields of that kind only, and is" +
			" at most four SMS long at its widest."},
		{Code: codeUnused, Title: "never used", Text: "Nothing refers to this slot or error text." +
			" It is a leftover, or a reference elsewhere is wrong."},
		{Code: codeEnvironment, Title: "the lists do not suit the menu", Text: "An item of a list" +
			" that comes from the catalogue lacks a language, has a number that is taken, or a" +
			" pattern that is no regular expression; or an action is withdrawn by one that does" +
			" not exist."},
		{Code: codeLiteral, Title: "a literal that the action does not take", Text: "In quotes" +
			" stands a text that is given to the action as it is. Only a few arguments take one," +
			" and only the texts that the action declares: an amount or an account that is" +
			" written into the menu would be paid by everybody."},
		{Code: codeUntold, Title: "an outcome that the subscriber is not told", Text: "After this" +
			" outcome the very next screen shows certain values in every language, such as the" +
			" code and the amount of a payment that was made; where it must be an end, nothing" +
			" else may be offered. Otherwise somebody would not know what was paid, or pay twice."},
		{Code: codeRange, Title: "what an item takes and its slot does not", Text: "The rule of a" +
			" list's item allows amounts or lengths that the slot itself refuses, so nobody could" +
			" type them although the item is listed. Widen min and max of the slot, or change the" +
			" item in the catalogue."},
		{Code: codeUnseen, Title: "a text with a character that nobody sees", Text: "Control and" +
			" format characters are refused, but for the line end: those that have no width or" +
			" turn the direction of writing make a text look like another one, and handsets show" +
			" them as they please. A text also needs something that can be seen."},
	}
}

// flowCodes are about conditions and what depends on them.
func flowCodes() []source.Code {
	return []source.Code{
		{Code: codeGuard, Title: "a condition that cannot be", Text: "`when:` compares values:" +
			" amount >= 100, lang == \"ru\", provider.fields in [2, 3], joined by and, or and not." +
			" A text is compared with a text in quotes, money with whole som or with" +
			" som(\"100.50\"). Put the whole condition in single quotes: a comma or a # would cut" +
			" it in two."},
		{Code: codeGuardName, Title: "an unknown name in a condition", Text: "A condition looks at" +
			" lang, a slot, the slot of a list (the id of its item), a number of the chosen item" +
			" such as provider.fields, or a value that an outcome brings."},
		{Code: codeCases, Title: "cases that do not decide", Text: "The first case whose condition" +
			" holds is taken. So every case but the last has a `when:`, and the last has none: it" +
			" is where everybody else goes."},
		{Code: codeHidden, Title: "a screen whose options can all be hidden", Text: "An option" +
			" with `when:` is neither shown nor taken unless its condition holds. At least one" +
			" option that is printed has none, so that the screen always has an answer."},
		{Code: codeMoved, Title: "a moved path that cannot be", Text: "`moved:` lists dialled strings" +
			" that people remember: path is what they dial behind the service code, 1 to 8 answers" +
			" with * between, and goto the state that they get to now. Everything that this state" +
			" shows must be set already where the strings begin, at the screen of `shortcuts`."},
		{Code: codePlural, Title: "plural forms that do not suit", Text: "A text in one language may" +
			" be {by: left, one: \"…\", other: \"…\"}: `by` names a number that an outcome brings," +
			" and there is one text for each form of that language: one and other in Kyrgyz and" +
			" English; one, few, many and other in Russian. Options and navigation lines have none."},
		{Code: codeLatin, Title: "a transliteration that cannot be", Text: "`transliterations:" +
			" {ru-latn: ru}` adds a language whose texts are those of another one in Latin letters." +
			" Its code is new and the other is one of `languages`. A text may have an entry of its" +
			" own under the new code, in characters of the GSM alphabet only."},
	}
}

// wordingCodes are about lists that find items, and about words.
func wordingCodes() []source.Code {
	return []source.Code{
		{Code: codeMixed, Title: "letters of two alphabets in one word", Text: "A Latin c and a" +
			" Cyrillic с look the same, but are different letters: nobody finds the word by" +
			" searching, and one Cyrillic letter in a Latin text leaves room for 80 characters" +
			" instead of 182. A Latin word with a Cyrillic ending, such as PINди, is right."},
		{Code: codeAlphabet, Title: "one character halves the room", Text: "All of the text but" +
			" this character is in the GSM alphabet, of which 182 fit a screen. With it only 80" +
			" do. A plain apostrophe, quote or hyphen does as well as a printed one."},
		{Code: codeLone, Title: "a Latin letter for a Cyrillic word", Text: "A small Latin a, c," +
			" e, o, p, x or y that stands alone in a Cyrillic text is nearly always the Cyrillic" +
			" word that looks the same, typed on the wrong keyboard."},
		{Code: codeFind, Title: "a list that does not know what to show", Text: "`only` and `top`" +
			" name `promoted` or a value with IDs of items that an outcome sets, `match` a slot of" +
			" the type text. A list with `only` or `match` may find nothing, so `none` says where" +
			" to go then; a whole list has no `none`."},
		{Code: codeStuck, Title: "a circle without a way out", Text: "These screens lead only to" +
			" each other: no answer leads to an end, and a slot that takes the keys for back and" +
			" home as ordinary input keeps people in. Give one of them another way."},
		{Code: codeLikeText, Title: "two options that read the same", Text: "Two lines of one" +
			" screen have the same text, so nobody can tell what the keys do. Usually one of them" +
			" was copied and its text not changed."},
		{Code: codeExempt, Title: "a navigation key that is lost for nothing", Text: "`exempt:`" +
			" makes a navigation key ordinary input. This slot refuses what the key stands for, so" +
			" people could neither type it nor go back with it."},
		{Code: codeLineEnd, Title: "a line end that is shown as it is written", Text: "`\\n`" +
			" begins a new line between double quotes only. Between single quotes, and without" +
			" quotes, subscribers would see a backslash and the letter n."},
	}
}

// adviceCodes are about what works and could serve people better. They are asked for.
func adviceCodes() []source.Code {
	return []source.Code{
		{Code: codeDeep, Title: "advice: many screens before the money moves", Text: "Each screen" +
			" costs seconds of a session that the network may end, and some people give up at" +
			" each. More than six on the shortest way are many: put what is paid often on top of" +
			" its list, or let people choose it by letters or from their favourites."},
		{Code: codeLong, Title: "advice: many options", Text: "More than nine options take" +
			" several pages and keys of two digits, and hardly anybody reads the last page." +
			" Put those that belong together behind one option."},
		{Code: codeNoOptions, Title: "advice: a first page without options", Text: "The prompt is" +
			" so long that none of the options stands below it, so people have to ask for the" +
			" next page before they see what they can choose. Shorten the prompt."},
		{Code: codeFull, Title: "advice: over 160 characters", Text: "A screen holds 182" +
			" characters of the GSM alphabet, but some handsets and some networks cut it off" +
			" after 160."},
		{Code: codeParts, Title: "advice: a message of several parts", Text: "Each part is paid" +
			" for as a message. One part holds 160 characters of the GSM alphabet, or 70 when any" +
			" character is outside it; of several parts each holds 153 or 67."},
	}
}
