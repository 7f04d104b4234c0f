// Package compat holds everything that exists only because the peer is Java: fastjson's dialect of JSON,
// String.hashCode, .properties files, MQVersion ordinals and the naming rules of topics and groups.
//
// It imports nothing of this module. All functions are safe for concurrent use unless they say otherwise.
package compat
