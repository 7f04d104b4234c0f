package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// view is what a template gets.
type view struct {
	Page    string // its name
	Nav     string // the page of the navigation that it belongs to
	Lang    string
	Token   string
	User    string
	Login   bool // users log in here
	Inside  bool // and this one has, or nobody has to
	MayAct  bool
	Done    string // what was done, in words
	Pages   []page
	Other   string // this page in the other language
	Version string
	Data    any
}

// Name is a page's address in the navigation.
func (p page) Name() string { return p.name }

// Path is a page's address.
func (p page) Path() string { return strings.TrimSuffix(p.path, "{$}") }

// InNav tells whether a page stands in the navigation.
func (p page) InNav() bool { return p.nav }

// parseViews makes the templates of all pages in all languages: layout, parts and the page's own.
func parseViews() (map[string]map[string]*template.Template, error) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]*template.Template{}
	for _, lang := range languages {
		all[lang] = map[string]*template.Template{}
		base, err := template.New("").Funcs(functions(lang)).ParseFS(templateFiles, "templates/layout.html",
			"templates/parts.html")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			name := strings.TrimSuffix(path.Base(f), ".html")
			if name == "layout" || name == "parts" {
				continue
			}
			t, err := base.Clone()
			if err == nil {
				_, err = t.ParseFS(templateFiles, f)
			}
			if err != nil {
				return nil, err
			}
			all[lang][name] = t
		}
	}
	return all, nil
}

// functions are what templates can call.
func functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, args ...any) string { return say(lang, key, args...) },
		"time":    func(ms int64) string { return timeText(ms) },
		"ago":     func(ms int64) string { return agoText(lang, ms, time.Now()) },
		"bytes":   sizeText,
		"count":   countText,
		"real":    func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
		"percent": func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" },
		"asset":   func(name string) string { return "/static/" + name },
		"link":    with,
		"join":    strings.Join,
	}
}

// timeLayout is how times are shown: in the time zone of the server.
const timeLayout = "2006-01-02 15:04:05"

func timeText(ms int64) string {
	if ms <= 0 {
		return "–"
	}
	return time.UnixMilli(ms).Format(timeLayout)
}

// agoText is how long ago a time was, in its largest unit.
func agoText(lang string, ms int64, now time.Time) string {
	if ms <= 0 {
		return "–"
	}
	d := now.Sub(time.UnixMilli(ms))
	for _, u := range []struct {
		length time.Duration
		key    string
	}{{24 * time.Hour, "ago.days"}, {time.Hour, "ago.hours"}, {time.Minute, "ago.minutes"}} {
		if d >= u.length {
			return say(lang, u.key, int(d/u.length))
		}
	}
	return say(lang, "ago.seconds", int(max(0, d)/time.Second))
}

// sizeText is bytesText for the kinds of numbers that pages have.
func sizeText(n any) (string, error) {
	switch x := n.(type) {
	case int:
		return bytesText(int64(x)), nil
	case int64:
		return bytesText(x), nil
	}
	return "", fmt.Errorf("%T is no number of bytes", n)
}

func bytesText(n int64) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < 5 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprint(n, " B")
	}
	return fmt.Sprintf("%.1f %ciB", v, " KMGTP"[unit])
}

// countText writes a number with blanks between thousands.
func countText(n any) string {
	text := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return sign + text
}

// render writes a page.
func (s *Server) render(r *request, status int, p *page, data any) {
	v := view{Page: p.name, Nav: p.under, Lang: r.lang, Token: r.token, Login: s.opts.Login, Inside: r.b != nil,
		MayAct: s.mayAct(r.b), Pages: pages, Version: s.opts.Version, Data: data}
	if v.Nav == "" {
		v.Nav = p.name
	}
	if r.b != nil {
		v.User = r.b.user
	}
	if done := r.URL.Query().Get("done"); done != "" && has("done."+done) {
		v.Done = say(r.lang, "done."+done)
	}
	v.Other = otherLanguage(r.Request, r.lang)
	var out bytes.Buffer
	views, err := s.views()
	if err == nil {
		err = views[r.lang][p.name].ExecuteTemplate(&out, "layout", &v)
	}
	if err != nil {
		s.opts.Log.Error().Err(err).Str("page", p.name).Msg("a page of the console cannot be shown")
		http.Error(r.w, "This page cannot be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.Header().Set("Content-Language", r.lang)
	r.w.WriteHeader(status)
	_, _ = r.w.Write(out.Bytes()) // a browser that has gone away
}

// asset is a static file.
type asset struct {
	data []byte
	kind string
	tag  string
}

// kinds are the types of static files.
var kinds = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}

func loadAssets() (map[string]*asset, error) {
	all := map[string]*asset{}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		all[e.Name()] = &asset{data, kinds[path.Ext(e.Name())], `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return all, nil
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	a := s.static[r.PathValue("name")]
	if a == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", a.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
}
