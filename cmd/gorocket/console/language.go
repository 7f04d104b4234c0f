package console

import (
	"fmt"
	"net/http"
	"strings"
)

// languages are those that the console speaks.
var languages = []string{"en", "zh"}

// words are a text in the languages, in their order.
type words [2]string

// say is a text of the table with its arguments. What is not in the table is a fault that a test finds.
func say(lang, key string, args ...any) string {
	w, ok := texts[key]
	if !ok {
		return key
	}
	text := w[0]
	if lang == languages[1] {
		text = w[1]
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

func has(key string) bool {
	_, ok := texts[key]
	return ok
}

const languageCookie = "gorocket_lang"

// language is the one that a browser has chosen, by ?lang= and then by a cookie, or else the first of ours that it
// prefers.
func language(w http.ResponseWriter, r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); isLanguage(lang) {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteStrictMode})
		return lang
	}
	if c, err := r.Cookie(languageCookie); err == nil && isLanguage(c.Value) {
		return c.Value
	}
	for _, part := range strings.Split(cut(r.Header.Get("Accept-Language"), 256), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if isLanguage(tag) {
			return tag
		}
	}
	return languages[0]
}

func isLanguage(lang string) bool { return lang == languages[0] || lang == languages[1] }

// otherLanguage is the address of a page in the other language.
func otherLanguage(r *http.Request, lang string) string {
	u := *r.URL
	q := u.Query()
	q.Del("done")
	q.Set("lang", languages[0])
	if lang == languages[0] {
		q.Set("lang", languages[1])
	}
	u.RawQuery = q.Encode()
	if r.Method != http.MethodGet {
		return "/?lang=" + q.Get("lang")
	}
	return u.RequestURI()
}
