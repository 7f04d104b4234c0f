// Package jsontext reads and writes what stands inside of JSON texts: the content of strings, with and without escapes,
// and numbers. It looks at eight bytes at a time: a word holds them little-endian, so that its lowest byte is the first
// of the text (SIMD within a register). It knows neither values nor objects; package wire does.
package jsontext
