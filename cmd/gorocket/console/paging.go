package console

import (
	"net/url"
	"strconv"
)

// pageLength is how many rows of a list are shown at once.
const pageLength = 50

// paging is a list that is shown page by page, with what is searched for.
type paging struct {
	Search string
	Page   int // from 1
	Pages  int
	Total  int
	Prev   string // addresses, "" when there is none
	Next   string
}

// paged cuts the page out of rows that the request asks for.
func paged[T any](r *request, rows []T) ([]T, paging) {
	p := paging{Search: r.field("q"), Total: len(rows), Pages: max(1, (len(rows)+pageLength-1)/pageLength)}
	n, _ := strconv.Atoi(r.field("page")) // 0, the first, when it is no number
	p.Page = min(max(1, n), p.Pages)
	to := func(n int) string {
		if n < 1 || n > p.Pages {
			return ""
		}
		q := r.URL.Query()
		q.Del("done")
		q.Set("page", strconv.Itoa(n))
		return r.URL.Path + "?" + q.Encode()
	}
	p.Prev, p.Next = to(p.Page-1), to(p.Page+1)
	return rows[(p.Page-1)*pageLength : min(len(rows), p.Page*pageLength)], p
}

// with is the address of a page with a value.
func with(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}
