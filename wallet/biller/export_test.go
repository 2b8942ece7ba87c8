package biller

// What the fuzz tests feed directly.
var (
	ParseOSMP = parseOSMP
	ParseJSON = parseJSON
	OneLine   = oneLine
	Spoken    = spoken
)
