package main

import (
	"encoding/binary"
	"slices"
)

// One change as the seats' scripts publish it.
type change struct {
	Epoch   uint32   `json:"e"`
	Seq     uint32   `json:"s"`
	Now     int64    `json:"t"`
	Changes []uint64 `json:"c"`
}

// The diff frame of SPEC.md, of changes of seats alone.
func frameOf(changes []change) []byte {
	first, last := changes[0], changes[len(changes)-1]
	states := map[uint64]uint64{}
	for _, one := range changes {
		for i := 0; i+1 < len(one.Changes); i += 2 {
			states[one.Changes[i]] = one.Changes[i+1]
		}
	}
	indices := make([]uint64, 0, len(states))
	for index := range states {
		indices = append(indices, index)
	}
	slices.Sort(indices)
	var runs []byte
	var count uint16
	var next uint64
	for at := 0; at < len(indices); {
		from, status := indices[at], states[indices[at]]
		length := uint64(0)
		for at < len(indices) && indices[at] == from+length && states[indices[at]] == status {
			length++
			at++
		}
		head := (from-next)*8 + status
		if length > 1 {
			runs = binary.AppendUvarint(runs, head+4)
			runs = binary.AppendUvarint(runs, length-2)
		} else {
			runs = binary.AppendUvarint(runs, head)
		}
		next = from + length
		count++
	}
	frame := make([]byte, 4, 22+len(runs))
	frame[0] = 0x21
	for _, value := range []uint32{last.Epoch, first.Seq, last.Seq, uint32(first.Now)} {
		frame = binary.LittleEndian.AppendUint32(frame, value)
	}
	frame = binary.LittleEndian.AppendUint16(frame, count)
	return append(frame, runs...)
}
