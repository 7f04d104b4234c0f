package wire

import "strconv"

// Language is the implementation that a peer announces. Java: LanguageCode; the values are those of the ROCKETMQ
// header form.
type Language uint8

// LanguageGo is what our own frames announce; LanguageCPP peers get some bodies in a form of their own.
const (
	LanguageJava  Language = 0
	LanguageCPP   Language = 1
	LanguageOther Language = 7
	LanguageGo    Language = 9
)

var languageNames = [...]string{"JAVA", "CPP", "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY", "OTHER", "HTTP", "GO",
	"PHP", "OMS", "RUST", "NODE_JS"}

// String returns the enum name that the JSON header form carries.
func (l Language) String() string {
	if int(l) < len(languageNames) {
		return languageNames[l]
	}
	return "LANGUAGE_" + strconv.Itoa(int(l))
}

// ParseLanguage maps an enum name to its code; an unknown name counts as OTHER.
func ParseLanguage(name []byte) Language {
	for i, n := range languageNames {
		if n == string(name) {
			return Language(i)
		}
	}
	return LanguageOther
}
