package compat

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

var marshalerType = reflect.TypeFor[json.Marshaler]()

// plans remembers, by struct type, how it is written. It only ever gains entries that follow from the type alone, so
// it is a memo of a pure function rather than state; encoding/json does the same.
var plans sync.Map // reflect.Type → []fieldPlan

// fieldPlan is one member of a struct. Immutable.
type fieldPlan struct {
	name      string
	key       string // the quoted name with its colon
	index     []int
	omitEmpty bool
}

func planOf(t reflect.Type) []fieldPlan {
	if p, ok := plans.Load(t); ok {
		return p.([]fieldPlan)
	}
	p := makePlan(t, nil)
	slices.SortStableFunc(p, func(a, b fieldPlan) int { return strings.Compare(a.name, b.name) })
	plans.Store(t, p)
	return p
}

// makePlan lists t's members; embedded structs add theirs in the same object, as Java's super classes do.
func makePlan(t reflect.Type, prefix []int) []fieldPlan {
	var out []fieldPlan
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(prefix), i)
		tag := f.Tag.Get("json")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			out = append(out, makePlan(f.Type, index)...)
		default:
			out = append(out, onePlan(f, tag, index))
		}
	}
	return out
}

func onePlan(f reflect.StructField, tag string, index []int) fieldPlan {
	name, opts, _ := strings.Cut(tag, ",")
	if name == "" {
		name = f.Name
	}
	return fieldPlan{name: name, key: string(appendQuoted(nil, name)) + ":", index: index,
		omitEmpty: strings.Contains(opts, "omitempty")}
}
