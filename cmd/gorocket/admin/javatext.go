package admin

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorocket/compat"
)

// How Java prints things.

// cut is the beginning of a text. Java: UtilAll.frontStringAtLeast.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// Forms of times, in the local zone. Java: UtilAll.timeMillisToHumanString2, YYYY_MM_DD_HH_MM_SS,
// timeMillisToHumanString.
func stampMillis(ms int64) string {
	t := time.UnixMilli(ms)
	return t.Format("2006-01-02 15:04:05") + fmt.Sprintf(",%03d", t.Nanosecond()/1e6)
}

func stamp(ms int64) string { return time.UnixMilli(ms).Format("2006-01-02 15:04:05") }

func stampDense(ms int64) string {
	t := time.UnixMilli(ms)
	return t.Format("20060102150405") + fmt.Sprintf("%03d", t.Nanosecond()/1e6)
}

// double is Java's Double.toString for what tools print: shortest digits, with a point, scientific from 1e7 on.
func double(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case v == 0 || math.Abs(v) >= 1e-3 && math.Abs(v) < 1e7:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'E', -1, 64), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exp) // FormatFloat's own
	return mantissa + "E" + strconv.Itoa(n)
}

// hashOrder sorts keys, which were put in this order, as Java's HashMap with that capacity goes through them.
func hashOrder(keys []string, capacity int) []string {
	size := 1
	for size < max(capacity, 16) {
		size *= 2
	}
	for len(keys) > size*3/4 {
		size *= 2
	}
	bucket := func(k string) int {
		h := uint32(compat.HashCode(k))
		return int((h ^ h>>16) & uint32(size-1))
	}
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return bucket(a) - bucket(b) })
	return keys
}

// mapText is a map as AbstractMap.toString prints it.
func mapText(m map[string]string) string { return orderedText(m, slices.Sorted(maps.Keys(m)), 0) }

// orderedText is mapText of a map whose keys were put in this order into one of that capacity.
func orderedText(m map[string]string, keys []string, capacity int) string {
	var parts []string
	for _, k := range hashOrder(keys, capacity) {
		parts = append(parts, k+"="+m[k])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// listText is a list as AbstractCollection.toString prints it.
func listText(list []string) string { return "[" + strings.Join(list, ", ") + "]" }

// orNull is a text, "null" when there is none.
func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// permText is a permission in letters. Java: PermName.perm2String.
func permText(perm int) string {
	b := []byte("---")
	for i, bit := range []int{4, 2, 1} {
		if perm&bit != 0 {
			b[i] = "RWX"[i]
		}
	}
	return string(b)
}
