package wallet

import (
	"errors"
	"time"
)

// innDigits is the length of a personal INN: sex, DDMMYYYY, and five digits more.
const innDigits = 14

// earliestBirth bounds the year of birth of a living person.
const earliestBirth = 1900

var (
	// ErrINN says that a text is no personal INN. It never repeats the text.
	ErrINN = errors.New("wallet: not a personal INN")
	// ErrINNFuture says that the birth date in an INN has not come yet.
	ErrINNFuture = errors.New("wallet: birth date in INN is in the future")
)

// BirthDate returns the birth date, DDMMYYYY, in the INN of a person: 14 digits, first 1 (female)
// or 2 (male), then a real date from the year 1900 up to the day of today in today's zone. It
// fails with ErrINN or ErrINNFuture. No check digit is published, so none is checked.
func BirthDate(inn string, today time.Time) (string, error) {
	if len(inn) != innDigits || inn[0] != '1' && inn[0] != '2' {
		return "", ErrINN
	}
	for i := range len(inn) {
		if inn[i] < '0' || inn[i] > '9' {
			return "", ErrINN
		}
	}
	birth := inn[1:9]
	date, err := time.ParseInLocation("02012006", birth, today.Location())
	if err != nil || date.Year() < earliestBirth {
		return "", ErrINN
	}
	if date.After(today) {
		return "", ErrINNFuture
	}
	return birth, nil
}
