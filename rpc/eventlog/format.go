package eventlog

import (
	"encoding/binary"
	"hash/crc32"
)

// The file of a log, all numbers little-endian:
//
//	file   = header record…
//	header = magic[8] version:u32 nameLen:u32 name[nameLen] crc:u32
//	record = crc:u32 headLen:u32 rawLen:u32 tag:u64 head[headLen] raw[rawLen]
//
// The header's crc covers all before it, a record's crc all after it; both are
// CRC-32C. The sequence number of a record is its position, from 1. A file may
// end anywhere when its writer was killed: whatever follows the last whole
// record with a right crc is a torn tail and is cut. A run of zeros is torn
// too, since the crc of an all-zero record isn't zero.
//
// In memory records have the same form, and a record has the same offset there
// that it has, or will have, in the file.
const (
	magic         = "\x89SAELOG\n" // the high bit and the newline show transfers that damage binary files
	formatVersion = 1

	fileHeaderFixed  = len(magic) + 4 + 4 // before the name
	recordHeaderSize = 4 + 4 + 4 + 8
)

// MaxRecord is the largest size of a record's head and raw together, in bytes.
const MaxRecord = 256 << 20

// castagnoli is a constant table; hash/crc32 computes it with the CPU's own
// instruction where there is one.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileHeaderSize is the size of the header in the file of the named log and so
// the offset of its first record.
func fileHeaderSize(name string) int64 {
	return int64(fileHeaderFixed + len(name) + 4)
}

// appendFileHeader appends the header of the named log's file to dst.
func appendFileHeader(dst []byte, name string) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, formatVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(name)))
	dst = append(dst, name...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// sealRecord fills in the header of rec, which is a record whose head and raw
// are in place.
func sealRecord(rec []byte, tag uint64, headLen int) {
	binary.LittleEndian.PutUint32(rec[4:], uint32(headLen))
	binary.LittleEndian.PutUint32(rec[8:], uint32(len(rec)-recordHeaderSize-headLen))
	binary.LittleEndian.PutUint64(rec[12:], tag)
	binary.LittleEndian.PutUint32(rec, crc32.Checksum(rec[4:], castagnoli))
}

// recordSize is the size of the record that begins with header, its header
// included.
func recordSize(header []byte) int64 {
	_ = header[recordHeaderSize-1]
	return recordHeaderSize +
		int64(binary.LittleEndian.Uint32(header[4:])) +
		int64(binary.LittleEndian.Uint32(header[8:]))
}

// intact reports whether rec, one whole record, has the right crc.
func intact(rec []byte) bool {
	return binary.LittleEndian.Uint32(rec) == crc32.Checksum(rec[4:], castagnoli)
}
