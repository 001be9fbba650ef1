package attachment

import (
	"bytes"
	"encoding/binary"
)

// isWhole tells whether a picture goes on to its end. The header of one that
// was cut off, by a download for example, is fine, and models refuse it all the
// same. What can't be told is taken for whole.
func isWhole(kind string, data []byte) bool {
	switch kind {
	case "image/png":
		return bytes.Contains(data, []byte("IEND"))
	case "image/jpeg":
		return isWholeJPEG(data)
	case "image/webp":
		return len(data) >= 8 && uint64(len(data)) >= 8+uint64(binary.LittleEndian.Uint32(data[4:]))
	}
	return true
}

// isWholeJPEG looks for the end mark after the picture begins: the segments
// before that may hold a small picture with an end mark of its own.
func isWholeJPEG(data []byte) bool {
	const start, end, fill = 0xDA, 0xD9, 0xFF
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		switch data[at+1] {
		case start:
			return bytes.Contains(data[at:], []byte{0xFF, end})
		case fill:
			at++
		default:
			at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		}
		if at >= len(data) {
			return false
		}
	}
	return true
}
