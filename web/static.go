package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

//go:embed templates
var templateFiles embed.FS

// assets are the embedded files by the name they are served under, which
// holds a hash of the content: a name never changes what it means, so it may
// be kept for ever by whoever got it.
type assets struct {
	byName map[string]asset  // "style.1a2b3c4d5e.css"
	names  map[string]string // "style.css" to that
}

type asset struct {
	contentType string
	body        []byte
}

// loadAssets reads the embedded files. It panics if one has no known type:
// that is our own mistake.
func loadAssets() *assets {
	types := map[string]string{
		".css": "text/css; charset=utf-8",
		".js":  "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
	a := &assets{byName: map[string]asset{}, names: map[string]string{}}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		body, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		ext := path.Ext(e.Name())
		contentType, ok := types[ext]
		if !ok {
			panic("web: no content type for static/" + e.Name())
		}
		sum := sha256.Sum256(body)
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:5]) + ext
		a.byName[name] = asset{contentType, body}
		a.names[e.Name()] = name
	}
	return a
}

// path gives the address of an asset by its plain name.
func (a *assets) path(name string) (string, error) {
	hashed, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return "/static/" + hashed, nil
}

func (s *site) static(w http.ResponseWriter, r *http.Request) error {
	a, ok := s.assets.byName[r.PathValue("name")]
	if !ok {
		return ErrNotFound
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return send(w, http.StatusOK, a.contentType, a.body)
}

// favicon answers the one address that browsers ask for unasked.
func (s *site) favicon(w http.ResponseWriter, _ *http.Request) error {
	a := s.assets.byName[s.assets.names["icon.svg"]]
	w.Header().Set("Cache-Control", "public, max-age=86400")
	return send(w, http.StatusOK, a.contentType, a.body)
}

// templates are the pages by name, each with the layout and the shared parts.
type templates struct{ byName map[string]*template.Template }

// pageNames lists the pages; each has a file of this name in templates.
func pageNames() []string {
	return []string{"overview", "search", "doc", "narratives", "narrative", "outlets", "outlet", "about", "error", "label"}
}

// loadTemplates parses the embedded templates. It panics if one cannot be
// parsed: that is our own mistake.
func loadTemplates(a *assets) *templates {
	t := &templates{byName: map[string]*template.Template{}}
	base := template.Must(template.New("layout").Funcs(functions(a)).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/post.html"))
	for _, name := range pageNames() {
		t.byName[name] = template.Must(template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return t
}

func (t *templates) execute(w io.Writer, name string, p page) error {
	return t.byName[name].ExecuteTemplate(w, "layout", p)
}

// functions are what templates may call. They are pure.
func functions(a *assets) template.FuncMap {
	return template.FuncMap{
		"asset":  a.path,
		"count":  count[int],
		"score":  func(f float64) string { return fmt.Sprintf("%.2f", f) },
		"plural": plural,
	}
}
