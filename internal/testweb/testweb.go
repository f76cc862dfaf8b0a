// Package testweb is a whole web on one loopback address, for tests, the demo
// and the benchmark. Sites are added page by page, from a txtar archive, or
// from the recorded web that lies beside the project. A client reaches them
// under their real names through Web as an HTTP proxy.
package testweb

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/tools/txtar"
)

// A Page is what is served at one address.
type Page struct {
	Status  int         // 0 means 200
	Header  http.Header // Content-Type is guessed from the address if it is missing
	Body    []byte
	Handler http.Handler // if set, answers instead
}

// A Web is a set of pages by address. The zero value is an empty web. Pages
// may be added and taken away while it serves.
type Web struct {
	Delay time.Duration // before each answer

	mu       sync.RWMutex
	pages    map[string]Page
	requests map[string]int
	inFlight map[string]int
	crowded  atomic.Int64
}

// Add puts a page at an address, in place of what was there.
func (w *Web) Add(address string, p Page) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages == nil {
		w.pages = map[string]Page{}
	}
	w.pages[key(address)] = p
}

// AddText is Add for a page that answers 200 with text.
func (w *Web) AddText(address, text string) { w.Add(address, Page{Body: []byte(text)}) }

// Remove takes a page away; it answers 404 from then on.
func (w *Web) Remove(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pages, key(address))
}

// Requests tells how often an address was asked for.
func (w *Web) Requests(address string) int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.requests[key(address)]
}

// Crowded is how often a host was asked for a page while it was still
// answering another: a polite client never does that.
func (w *Web) Crowded() int { return int(w.crowded.Load()) }

// key is an address without scheme and fragment, its host in lower case.
func key(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	k := strings.ToLower(u.Host) + u.EscapedPath()
	if u.Path == "" {
		k += "/"
	}
	if u.RawQuery != "" {
		k += "?" + u.RawQuery
	}
	return k
}

// AddTxtar adds the files of a txtar archive: a file named
// "riverpost.example/news/1" is the page at that address.
func (w *Web) AddTxtar(archive []byte) {
	for _, f := range txtar.Parse(archive).Files {
		w.Add("http://"+f.Name, Page{Body: f.Data})
	}
}

// ServeHTTP answers as a site, by the Host header, and as an HTTP proxy.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		http.Error(rw, "this web speaks plain HTTP only", http.StatusNotImplemented)
		return
	}
	host := r.Host
	if r.URL.Host != "" {
		host = r.URL.Host
	}
	k := key("http://" + host + r.URL.RequestURI())
	if r.URL.IsAbs() {
		k = key(r.URL.String())
	}
	p, ok := w.enter(k, host)
	defer w.leave(host)
	if w.Delay > 0 {
		time.Sleep(w.Delay)
	}
	switch {
	case !ok:
		http.NotFound(rw, r)
	case p.Handler != nil:
		p.Handler.ServeHTTP(rw, r)
	default:
		p.write(rw, r.URL.Path)
	}
}

func (w *Web) enter(k, host string) (Page, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.requests == nil {
		w.requests, w.inFlight = map[string]int{}, map[string]int{}
	}
	w.requests[k]++
	w.inFlight[host]++
	if w.inFlight[host] > 1 {
		w.crowded.Add(1)
	}
	p, ok := w.pages[k]
	return p, ok
}

func (w *Web) leave(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFlight[host]--
}

func (p Page) write(rw http.ResponseWriter, at string) {
	for name, values := range p.Header {
		rw.Header()[name] = values
	}
	if rw.Header().Get("Content-Type") == "" {
		rw.Header().Set("Content-Type", contentType(at, p.Body))
	}
	if p.Status != 0 {
		rw.WriteHeader(p.Status)
	}
	rw.Write(p.Body)
}

// contentType is by extension, else by content; HTML never names a charset,
// so that the page must.
func contentType(at string, body []byte) string {
	switch path.Ext(at) {
	case ".xml", ".rss":
		return "application/xml"
	case ".txt":
		return "text/plain"
	case ".html", ".htm", ".shtml":
		return "text/html"
	case "":
		if t := http.DetectContentType(body); strings.HasPrefix(t, "text/xml") {
			return "application/xml"
		}
		return "text/html"
	}
	if t := mime.TypeByExtension(path.Ext(at)); t != "" {
		return t
	}
	return "text/html"
}

// Serve answers on a free loopback port until ctx ends. It returns the
// address, "127.0.0.1:41234", and a channel that closes when all is over.
func (w *Web) Serve(ctx context.Context) (address string, done <-chan struct{}, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve test web: %w", err)
	}
	s := &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan struct{})
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	go func() {
		defer close(closed)
		s.Serve(l)
	}()
	return l.Addr().String(), closed, nil
}

// Shared finds the folder of real data that may lie beside the project:
// $CHORUS_SHARED, or "shared" beside the root of the project, which is found
// by its go.mod. ok is false if there is none.
func Shared() (dir string, ok bool) {
	if dir = os.Getenv("CHORUS_SHARED"); dir != "" {
		_, err := os.Stat(dir)
		return dir, err == nil
	}
	root, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(path.Join(root, "go.mod")); err == nil {
			dir = path.Join(path.Dir(root), "shared")
			_, err := os.Stat(path.Join(dir, "web"))
			return dir, err == nil
		}
		if path.Dir(root) == root {
			return "", false
		}
		root = path.Dir(root)
	}
}

// errNoShared is returned by Recorded where there is no recorded web.
var errNoShared = errors.New("no recorded web: set CHORUS_SHARED to its folder")
