package record

import "encoding/binary"

// BatchItem is one message inside a client batch body (request 320). Body and Properties point into the body.
type BatchItem struct {
	Flag       int32
	Body       []byte
	Properties []byte
}

// BatchItemMin is the size of an item with empty body and properties, in bytes.
const BatchItemMin = 4 + 4 + 4 + 4 + 4 + 2

// NextBatchItem decodes the first item of a client batch body: int32 totalSize | int32 magic | int32 crc | int32 flag |
// int32 bodyLen, body | int16 propLen, props (Java MessageDecoder.encodeMessage). totalSize, magic and crc are ignored,
// as Java's broker does (MessageExtEncoder.encode). ErrBadBatch when the lengths leave the body.
func NextBatchItem(b []byte) (item BatchItem, rest []byte, err error) {
	if len(b) < BatchItemMin {
		return item, nil, ErrBadBatch
	}
	be := binary.BigEndian
	bodyLen := int(int32(be.Uint32(b[16:])))
	if bodyLen < 0 || bodyLen > len(b)-BatchItemMin {
		return item, nil, ErrBadBatch
	}
	item.Flag = int32(be.Uint32(b[12:]))
	item.Body = b[20 : 20+bodyLen]
	props := int(be.Uint16(b[20+bodyLen:]))
	end := BatchItemMin + bodyLen + props
	if props > MaxPropertiesLength || end > len(b) {
		return item, nil, ErrBadBatch
	}
	item.Properties = b[22+bodyLen : end]
	return item, b[end:], nil
}

// AppendBatchItem appends one item in the form NextBatchItem reads.
func AppendBatchItem(dst []byte, item BatchItem) []byte {
	be := binary.BigEndian
	dst = be.AppendUint32(dst, uint32(BatchItemMin+len(item.Body)+len(item.Properties)))
	dst = be.AppendUint64(dst, 0)
	dst = be.AppendUint32(dst, uint32(item.Flag))
	dst = append(be.AppendUint32(dst, uint32(len(item.Body))), item.Body...)
	return append(be.AppendUint16(dst, uint16(len(item.Properties))), item.Properties...)
}
