package record

import "golang.org/x/sys/cpu"

// foldsCRC tells whether foldCopy can be used. Immutable.
var foldsCRC = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VPCLMULQDQ &&
	cpu.X86.HasPCLMULQDQ

// foldCopy copies n bytes, a multiple of 64 and at least 256, and returns their CRC-32. After: Gopal et al., Fast CRC
// Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel 2009.
//
//go:noescape
func foldCopy(dst, src *byte, n int) uint32
