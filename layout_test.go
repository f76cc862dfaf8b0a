package chorus

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is the table of imports within the project. A stage imports the
// domain and small leaves only; monitor alone knows the order of the stages;
// everything meets in cmd/chorus.
var allowed = map[string][]string{
	".":                    {},
	"corpus":               {},
	"config":               {"corpus", "internal/strictyaml"},
	"feeds":                {"corpus", "internal/body", "internal/strictyaml"},
	"crawl":                {"corpus", "internal/body"},
	"archive":              {"corpus", "internal/body"},
	"extract":              {"corpus", "internal/body", "extract/lang"},
	"extract/lang":         {},
	"classify":             {"corpus", "internal/strictyaml"},
	"store":                {"corpus"},
	"index":                {"corpus"},
	"index/local":          {"corpus", "index"},
	"web":                  {"corpus", "index"},
	"opinion":              {"corpus"},
	"monitor":              {"archive", "classify", "config", "corpus", "crawl", "extract", "extract/lang", "feeds", "index", "index/local", "opinion", "store"},
	"cmd/chorus":           {".", "classify", "config", "corpus", "index", "index/local", "internal/bench", "monitor", "store", "web"},
	"internal/body":        {},
	"internal/strictyaml":  {},
	"internal/testweb":     {"corpus"},
	"internal/telegramweb": {},
	"internal/newsroom":    {"corpus", "internal/testweb"},
	"internal/bench":       {".", "config", "corpus", "index", "internal/newsroom", "internal/testweb", "monitor"},
	"internal/demo":        {"corpus", "feeds", "internal/newsroom", "internal/testweb"},
}

// goFiles calls fn for every Go file that is built, tests included.
func goFiles(t *testing.T, fn func(name string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" || base == "data" || base == "demo-data") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fn(filepath.ToSlash(name), src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsFollowTheTable(t *testing.T) {
	goFiles(t, func(name string, src []byte) {
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		if f.Name.Name == "main" && strings.Contains(string(src), "//go:build ignore") {
			return // a generator
		}
		from := path.Dir(name)
		may, ok := allowed[from]
		if !ok {
			t.Errorf("%s: package %s is not in the table of layout_test.go", name, from)
			return
		}
		for _, i := range f.Imports {
			to, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if to == "chorus" {
				to = "chorus/."
			}
			to, ours := strings.CutPrefix(to, "chorus/")
			if !ours || to == from || slices.Contains(may, to) {
				continue
			}
			if strings.HasSuffix(name, "_test.go") && (strings.HasPrefix(to, "internal/") || to == "." || to == "corpus" || to == "index") {
				continue // tests may use the test webs and the domain
			}
			t.Errorf("%s imports %s, which the table of layout_test.go does not allow", name, to)
		}
	})
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	goFiles(t, func(name string, src []byte) {
		if strings.HasSuffix(name, "_test.go") || strings.Contains(string(src), "//go:build ignore") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		said[path.Dir(name)] = said[path.Dir(name)] || f.Doc != nil
	})
	for dir, ok := range said {
		if !ok {
			t.Errorf("package %s has no comment", dir)
		}
	}
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	goFiles(t, func(name string, src []byte) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no comment", fset.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
						t.Errorf("%s: %s has no comment", fset.Position(ts.Pos()), ts.Name.Name)
					}
				}
			}
		}
	})
}

// exportedReceiver reports whether a function is no method, or one of an
// exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported() && d.Name.Name != "Error" && d.Name.Name != "Unwrap"
}

func TestSourcesAreFormatted(t *testing.T) {
	goFiles(t, func(name string, src []byte) {
		got, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(got, src) {
			t.Errorf("%s is not formatted with gofmt", name)
		}
	})
}

func TestNoStageRunsPrograms(t *testing.T) {
	for _, dir := range []string{"feeds", "crawl", "archive", "extract", "classify", "store", "index", "web", "monitor"} {
		goFiles(t, func(name string, src []byte) {
			if strings.HasPrefix(name, dir+"/") && !strings.HasSuffix(name, "_test.go") && bytes.Contains(src, []byte(`"os/exec"`)) {
				t.Errorf("%s imports os/exec: what comes from the web must never reach a program", name)
			}
		})
	}
}
