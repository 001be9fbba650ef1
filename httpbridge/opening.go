package httpbridge

import "strconv"

// opening is how the frame of an event begins. That of the next event is made by
// counting on, which takes a tenth of the time that writing its number does.
type opening struct {
	text     []byte
	sequence uint64
}

const (
	openingID   = "id: "
	openingData = "\ndata: "
)

func (o *opening) of(sequence uint64) []byte {
	if sequence != o.sequence+1 || !o.countOn() {
		o.text = append(strconv.AppendUint(append(o.text[:0], openingID...), sequence, 10), openingData...)
	}
	o.sequence = sequence
	return o.text
}

// countOn adds one to the number in the text; false where it needs another digit.
func (o *opening) countOn() bool {
	for i := len(o.text) - len(openingData) - 1; i >= len(openingID); i-- {
		if o.text[i] < '9' {
			o.text[i]++
			return true
		}
		o.text[i] = '0'
	}
	return false
}
