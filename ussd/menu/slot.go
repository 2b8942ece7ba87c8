package menu

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// A slotType says what may be typed into a slot.
type slotType string

const (
	typeText   slotType = "text"
	typeDigits slotType = "digits"
	typeINN    slotType = "person_inn"
	typeOwnINN slotType = "secret_inn" // proves who somebody is, so it is no less than a PIN
	typeMoney  slotType = "money"
	typePIN    slotType = "pin"
	typeMSISDN slotType = "msisdn"
)

func slotTypes() []string {
	return []string{
		string(typeDigits), string(typeMoney), string(typeMSISDN), string(typeINN), string(typePIN),
		string(typeOwnINN), string(typeText),
	}
}

// Bounds of what slots may allow, and the defaults of those that say nothing.
const (
	maxTextRunes   = 60
	maxDigits      = 30
	maxPINLength   = 12
	minPINLength   = 4
	innDigits      = 14
	minBirthYear   = 1900
	defaultMaxText = "999999.99" // som
)

// Codes of what the engine itself refuses. Each needs a text where it can occur.
const (
	refuseOption       = "option"
	refuseTextEmpty    = "text_empty"
	refuseTextLong     = "text_long"
	refuseTextLetters  = "text_letters"
	refuseDigitsOnly   = "digits_only"
	refuseDigitsLength = "digits_length"
	refuseAccount      = "account_format"
	refuseINNLength    = "inn_length"
	refuseINNSex       = "inn_sex"
	refuseINNDate      = "inn_date"
	refuseAmount       = "amount_format"
	refuseRange        = "amount_range"
	refusePIN          = "pin_format"
	refuseMSISDN       = "msisdn_format"
)

// A slot is a named place for what the subscriber types.
type slot struct {
	name     string
	pos      source.Pos
	kind     slotType
	min, max int // runes of a text, digits of digits; the length of a PIN is max
	least    money.Amount
	most     money.Amount
	exempt   []string // nav keys that are ordinary input here
	ruleOf   string   // the list slot whose chosen item has the rule, or ""
	rule     string   // the rule's name
	rulePos  source.Pos
}

// secret reports whether what is typed into the slot is kept nowhere.
func (s *slot) secret() bool { return s.pin() || (s != nil && s.kind == typeOwnINN) }

// pin reports whether the slot takes a PIN, which is what moves money.
func (s *slot) pin() bool { return s != nil && s.kind == typePIN }

// refusals lists every code that check can return, the fallback first: it is what a nav key that
// leads nowhere is refused with.
func (s *slot) refusals() []string {
	switch s.kind {
	case typeText:
		return []string{refuseTextLetters, refuseTextEmpty, refuseTextLong}
	case typeDigits:
		if s.rule != "" {
			return []string{refuseDigitsLength, refuseDigitsOnly, refuseAccount}
		}
		return []string{refuseDigitsLength, refuseDigitsOnly}
	case typeINN, typeOwnINN:
		return []string{refuseINNLength, refuseINNSex, refuseINNDate}
	case typeMoney:
		return []string{refuseAmount, refuseRange}
	case typePIN:
		return []string{refusePIN}
	}
	return []string{refuseMSISDN}
}

// check validates what was typed into a slot that is no secret. It returns the canonical value,
// or the code of the refusal.
func (s *slot) check(typed string, rule Rule, pattern *regexp.Regexp) (value, refusal string) {
	switch s.kind {
	case typeText:
		return s.checkText(typed)
	case typeDigits:
		return s.checkDigits(typed, rule, pattern)
	case typeINN:
		if code := checkINN([]byte(typed)); code != "" {
			return "", code
		}
		return typed, ""
	case typeMoney:
		return s.checkMoney(typed, rule)
	case typeMSISDN:
		n, err := msisdn.ParseTyped(typed)
		if err != nil {
			return "", refuseMSISDN
		}
		return n.Digits(), ""
	}
	return "", s.refusals()[0] // a secret has no value: checkSecret
}

// checkSecret validates a secret without making a string of it.
func (s *slot) checkSecret(typed []byte) (refusal string) {
	if s.kind == typeOwnINN {
		return checkINN(typed)
	}
	if len(typed) != s.max {
		return refusePIN
	}
	if !isDigits(typed) {
		return refusePIN
	}
	return ""
}

// leastLetters is how many letters a text of two characters or more needs: one is no name.
const leastLetters = 2

// checkText takes a name: letters of the Latin or the Cyrillic script with blanks, hyphens,
// apostrophes and points between. Runs of blanks become one.
func (s *slot) checkText(typed string) (value, refusal string) {
	if len(typed) > MaxValueBytes {
		return "", refuseTextLong
	}
	value = strings.Join(strings.Fields(typed), " ")
	letters := 0
	for _, c := range value {
		switch {
		case isLetter(c):
			letters++
		case !strings.ContainsRune(" -'’.", c):
			return "", refuseTextLetters
		}
	}
	switch n := utf8.RuneCountInString(value); {
	case n < s.min:
		return "", refuseTextEmpty
	case n > s.max:
		return "", refuseTextLong
	case letters < min(s.min, leastLetters):
		return "", refuseTextLetters
	}
	return value, ""
}

// isLetter keeps to letters of one UTF-16 unit, so that runes are units in every text slot.
func isLetter(c rune) bool {
	return c <= 0xFFFF && unicode.IsLetter(c) && unicode.In(c, unicode.Latin, unicode.Cyrillic)
}

func (s *slot) checkDigits(
	typed string, rule Rule, pattern *regexp.Regexp,
) (value, refusal string) {
	least, most := s.min, s.max
	if rule.MinLen > 0 {
		least = rule.MinLen
	}
	if rule.MaxLen > 0 {
		most = min(most, rule.MaxLen)
	}
	switch {
	case !isDigits(typed):
		return "", refuseDigitsOnly
	case len(typed) < least || len(typed) > most:
		return "", refuseDigitsLength
	case pattern != nil && !pattern.MatchString(typed):
		return "", refuseAccount
	}
	return typed, ""
}

// checkINN takes the number of a person's identity card: sex (1 female, 2 male), date of birth as
// DDMMYYYY, five more digits. Whether the date is in the future only the wallet can say.
func checkINN(typed []byte) (refusal string) {
	if len(typed) != innDigits || !isDigits(typed) {
		return refuseINNLength
	}
	if typed[0] != '1' && typed[0] != '2' {
		return refuseINNSex
	}
	number := func(from, to int) (n int) {
		for _, c := range typed[from:to] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	day, month, year := number(1, 3), time.Month(number(3, 5)), number(5, 9)
	born := time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // 31.02. becomes 03.03.
	if born.Day() != day || born.Month() != month || year < minBirthYear {
		return refuseINNDate
	}
	return ""
}

func (s *slot) checkMoney(typed string, rule Rule) (value, refusal string) {
	amount, err := money.Parse(typed)
	if err != nil {
		return "", refuseAmount
	}
	least, most := max(s.least, rule.Min), s.most
	if rule.Max > 0 {
		most = min(most, rule.Max)
	}
	if amount < least || amount > most {
		return "", refuseRange
	}
	return amount.String(), ""
}

// excludes reports whether the bounds of the slot itself refuse what rule allows.
func (s *slot) excludes(rule Rule) bool {
	switch s.kind {
	case typeMoney:
		return (rule.Min > 0 && (rule.Min < s.least || rule.Min > s.most)) || rule.Max > s.most ||
			(rule.Max > 0 && rule.Max < s.least)
	case typeDigits:
		return rule.MinLen > s.max || rule.MaxLen > s.max
	}
	return false
}

// isDigits reports whether s is one or more ASCII digits.
func isDigits[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

// width bounds the slot's value on screens. A secret has none: no text may show it.
func (s *slot) width() width {
	switch s.kind {
	case typeText:
		return width{
			septets: s.max, units: s.max, ucs2: true,
			gsmSample: strings.Repeat("W", s.max), ucsSample: strings.Repeat("Ж", s.max),
		}
	case typeDigits:
		return digitsWidth(s.max)
	case typeINN:
		return digitsWidth(innDigits)
	case typeMSISDN:
		return digitsWidth(len(msisdn.CountryCode) + msisdn.NationalDigits)
	case typeMoney:
		return widthOf([]string{s.most.String()})
	}
	return width{}
}

func digitsWidth(n int) width { return widthOf([]string{strings.Repeat("9", n)}) }
