#include "textflag.h"

// Remainders of powers of x: to move 64 bits by so many bits, each pair for the lower and the upper half of 128.
DATA by2048<>+0(SB)/8, $0x000000011542778a
DATA by2048<>+8(SB)/8, $0x00000001322d1430
GLOBL by2048<>(SB), RODATA|NOPTR, $16
DATA by512<>+0(SB)/8, $0x0000000154442bd4
DATA by512<>+8(SB)/8, $0x00000001c6e41596
GLOBL by512<>(SB), RODATA|NOPTR, $16
DATA by128<>+0(SB)/8, $0x00000001751997d0
DATA by128<>+8(SB)/8, $0x00000000ccaa009e
GLOBL by128<>(SB), RODATA|NOPTR, $16

// The same for 32 bits, and for the division at the end: the polynomial and the quotient of x^64 by it.
DATA by32<>+0(SB)/8, $0x0000000163cd6124
DATA by32<>+8(SB)/8, $0
GLOBL by32<>(SB), RODATA|NOPTR, $16
DATA polynomial<>+0(SB)/8, $0x00000001db710641
DATA polynomial<>+8(SB)/8, $0x00000001f7011641
GLOBL polynomial<>(SB), RODATA|NOPTR, $16
DATA lower32<>+0(SB)/8, $0x00000000ffffffff
DATA lower32<>+8(SB)/8, $0x00000000ffffffff
GLOBL lower32<>(SB), RODATA|NOPTR, $16

// FOLD moves acc by the distance of k and adds next.
#define FOLD(acc, next, k, tmp) \
	VPCLMULQDQ $0x00, k, acc, tmp \
	VPCLMULQDQ $0x11, k, acc, acc \
	VPTERNLOGQ $0x96, next, tmp, acc

// func foldCopy(dst, src *byte, n int) uint32
TEXT ·foldCopy(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DX
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

	// the first 256 bytes are four accumulators
	VMOVDQU64 0(SI), Z1
	VMOVDQU64 64(SI), Z2
	VMOVDQU64 128(SI), Z3
	VMOVDQU64 192(SI), Z4
	VMOVDQU64 Z1, 0(DX)
	VMOVDQU64 Z2, 64(DX)
	VMOVDQU64 Z3, 128(DX)
	VMOVDQU64 Z4, 192(DX)
	MOVL $-1, AX // a CRC begins with all bits set
	VMOVD AX, X5
	VPXORQ Z5, Z1, Z1
	ADDQ $256, SI
	ADDQ $256, DX
	SUBQ $256, CX

	VBROADCASTI64X2 by2048<>(SB), Z0
	CMPQ CX, $256
	JB four

by256:
	VMOVDQU64 0(SI), Z9
	VMOVDQU64 64(SI), Z10
	VMOVDQU64 128(SI), Z11
	VMOVDQU64 192(SI), Z12
	VMOVDQU64 Z9, 0(DX)
	VMOVDQU64 Z10, 64(DX)
	VMOVDQU64 Z11, 128(DX)
	VMOVDQU64 Z12, 192(DX)
	FOLD(Z1, Z9, Z0, Z5)
	FOLD(Z2, Z10, Z0, Z6)
	FOLD(Z3, Z11, Z0, Z7)
	FOLD(Z4, Z12, Z0, Z8)
	ADDQ $256, SI
	ADDQ $256, DX
	SUBQ $256, CX
	CMPQ CX, $256
	JAE by256

four: // four accumulators become one
	VBROADCASTI64X2 by512<>(SB), Z0
	FOLD(Z1, Z2, Z0, Z5)
	FOLD(Z1, Z3, Z0, Z5)
	FOLD(Z1, Z4, Z0, Z5)
	CMPQ CX, $64
	JB lanes

by64:
	VMOVDQU64 0(SI), Z9
	VMOVDQU64 Z9, 0(DX)
	FOLD(Z1, Z9, Z0, Z5)
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $64, CX
	CMPQ CX, $64
	JAE by64

lanes: // its four lanes become one
	VMOVDQU64 by128<>(SB), X0
	VEXTRACTI64X2 $1, Z1, X2
	VEXTRACTI64X2 $2, Z1, X3
	VEXTRACTI64X2 $3, Z1, X4
	FOLD(X1, X2, X0, X5)
	FOLD(X1, X3, X0, X5)
	FOLD(X1, X4, X0, X5)

	// 128 bits become 64, these 32 with as many behind them, and what remains of these after the division (Barrett) is the sum
	VMOVDQU lower32<>(SB), X3
	VPCLMULQDQ $0x10, X0, X1, X2
	VPSRLDQ $8, X1, X1
	VPXOR X2, X1, X1
	VMOVDQU by32<>(SB), X0
	VPSRLDQ $4, X1, X2
	VPAND X3, X1, X1
	VPCLMULQDQ $0x00, X0, X1, X1
	VPXOR X2, X1, X1
	VMOVDQU polynomial<>(SB), X0
	VPAND X3, X1, X2
	VPCLMULQDQ $0x10, X0, X2, X2
	VPAND X3, X2, X2
	VPCLMULQDQ $0x00, X0, X2, X2
	VPXOR X2, X1, X1
	VPEXTRD $1, X1, AX
	NOTL AX
	MOVL AX, ret+24(FP)
	VZEROUPPER
	RET
