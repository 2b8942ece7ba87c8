package charset

// carriageReturn fills the last septet of a packed USSD string where a zero would read as '@'.
const carriageReturn = 0x0D

// PackUSSD packs septets, one per octet as Encode returns them, eight into seven octets as 3GPP
// TS 23.038 §6.1.2.3 lays out a USSD string. Seven spare bits at the end are filled with a CR; a
// text that ends in a CR on an octet boundary gets a second one, which shows the same.
// The top bit of every octet given is ignored.
func PackUSSD(septets []byte) []byte {
	n := len(septets)
	if n%8 == 7 || n > 0 && n%8 == 0 && septets[n-1] == carriageReturn {
		septets = append(septets[:n:n], carriageReturn)
	}
	packed := make([]byte, 0, (len(septets)*7+7)/8)
	var bits uint16 // not yet written, the oldest lowest
	var held uint
	for _, c := range septets {
		bits |= uint16(c&0x7F) << held
		if held += 7; held >= 8 {
			packed = append(packed, byte(bits))
			bits >>= 8
			held -= 8
		}
	}
	if held > 0 {
		packed = append(packed, byte(bits))
	}
	return packed
}

// UnpackUSSD returns the septets of a packed USSD string, one per octet. A CR that ends the string
// on an octet boundary is filling and is removed.
func UnpackUSSD(packed []byte) []byte {
	septets := make([]byte, 0, len(packed)*8/7)
	var bits uint16
	var held uint
	for _, c := range packed {
		bits |= uint16(c) << held
		held += 8
		for held >= 7 {
			septets = append(septets, byte(bits&0x7F))
			bits >>= 7
			held -= 7
		}
	}
	if n := len(septets); n > 0 && n%8 == 0 && septets[n-1] == carriageReturn {
		septets = septets[:n-1]
	}
	return septets
}
