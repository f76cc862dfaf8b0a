package feeds

// This file reads outlets from YAML and gives every mistake its place.

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"chorus/corpus"
)

// outletFile is the form of a file of outlets: one mapping with one key.
type outletFile struct {
	Outlets []corpus.Outlet `yaml:"outlets"`
}

// ReadOutlets reads a YAML file of outlets, a mapping with the key outlets,
// from r; name is what errors call it. It is strict: every unknown or repeated
// key, every value of the wrong form, and everything that CheckOutlet or a
// Registry would refuse is reported at once (see errors.Join), one a line:
//
//	outlets.yaml:14:12: outlets[3].feeds[0].url: "htp://x" is not an http URL
func ReadOutlets(name string, r io.Reader) ([]corpus.Outlet, error) {
	root, err := readNode(name, r)
	if err != nil {
		return nil, err
	}
	p := outletParser{name: name, place: map[string]*yaml.Node{}, bad: map[string]bool{}}
	p.node(root, reflect.TypeFor[outletFile](), "")
	var file outletFile
	// What does not fit is reported already, with more than Decode would say,
	// and left at zero.
	_ = root.Decode(&file)
	for i, o := range file.Outlets {
		for _, err := range CheckOutlet(o) {
			p.check(i, err)
		}
	}
	for _, c := range clashes(file.Outlets) {
		p.check(c.outlet, c.err)
	}
	if len(p.errs) > 0 {
		return nil, p.joined()
	}
	return file.Outlets, nil
}

// readNode reads the one YAML document of a file.
func readNode(name string, r io.Reader) (*yaml.Node, error) {
	dec := yaml.NewDecoder(r)
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s:1:1: no outlets", name)
	case err != nil:
		return nil, syntaxError(name, err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, fmt.Errorf("%s:%d:%d: a second YAML document", name, more.Line, more.Column)
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(name, err)
	}
	return doc.Content[0], nil
}

// syntaxError gives an error of the YAML reader our form.
func syntaxError(name string, err error) error {
	var bad *yaml.LoadError
	if errors.As(err, &bad) && bad.Mark.Line > 0 {
		return fmt.Errorf("%s:%d:%d: %s", name, bad.Mark.Line, max(bad.Mark.Column, 1), bad.Message)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// outletParser compares a tree of YAML with the Go types it shall fill.
type outletParser struct {
	name  string
	place map[string]*yaml.Node // value of each path
	bad   map[string]bool       // paths whose value has the wrong form
	errs  []placedError
}

// A placedError knows where in the file it belongs.
type placedError struct {
	line, column int
	err          error
}

func (p *outletParser) failf(n *yaml.Node, path, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if path != "" {
		err = &FieldError{path, err}
	}
	p.errs = append(p.errs, placedError{n.Line, n.Column, fmt.Errorf("%s:%d:%d: %w", p.name, n.Line, n.Column, err)})
}

// check reports what CheckOutlet found in the outlet at index i, unless the
// value could not be read in the first place.
func (p *outletParser) check(i int, err error) {
	path := fmt.Sprintf("outlets[%d]", i)
	field, ok := errors.AsType[*FieldError](err)
	if !ok {
		p.failf(p.place[path], path, "%w", err)
		return
	}
	full := path + "." + field.Path
	if p.bad[full] {
		return
	}
	p.failf(p.nearestPlace(full), full, "%w", field.Err)
}

// nearestPlace gives the node of a path, or of the nearest thing that holds it.
func (p *outletParser) nearestPlace(path string) *yaml.Node {
	for path != "" {
		if n := p.place[path]; n != nil {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return p.place[""]
}

// joined gives all errors in the order of the file.
func (p *outletParser) joined() error {
	slices.SortStableFunc(p.errs, func(a, b placedError) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	errs := make([]error, len(p.errs))
	for i, e := range p.errs {
		errs[i] = e.err
	}
	return errors.Join(errs...)
}

// node checks that n can fill a value of type t. The types of corpus do not
// hold themselves, so the descent ends even if YAML aliases go in a circle.
func (p *outletParser) node(n *yaml.Node, t reflect.Type, path string) {
	if _, known := p.place[path]; !known {
		p.place[path] = n
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // as if the key were not there
	}
	switch t.Kind() {
	case reflect.Struct:
		p.mapping(n, path, func(key *yaml.Node, at string) reflect.Type {
			return p.fieldType(key, t, at)
		})
	case reflect.Map:
		p.mapping(n, path, func(*yaml.Node, string) reflect.Type { return t.Elem() })
	case reflect.Slice:
		p.sequence(n, t, path)
	case reflect.String:
		p.scalar(n, path, "text", "!!str", "!!int", "!!float", "!!bool", "!!timestamp")
	case reflect.Bool:
		p.scalar(n, path, "true or false", "!!bool")
	case reflect.Int:
		p.scalar(n, path, "a whole number", "!!int")
	}
}

func (p *outletParser) wrongForm(n *yaml.Node, path, want string) {
	kind := map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}[n.Kind]
	if kind == "" {
		kind = fmt.Sprintf("%q", n.Value)
	}
	p.bad[path] = true
	p.failf(n, path, "%s where %s is wanted", kind, want)
}

func (p *outletParser) scalar(n *yaml.Node, path, want string, tags ...string) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(tags, n.Tag) {
		p.wrongForm(n, path, want)
	}
}

func (p *outletParser) sequence(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.SequenceNode {
		p.wrongForm(n, path, "a list")
		return
	}
	for i, item := range n.Content {
		p.node(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
	}
}

// mapping checks a mapping whose values have the types that typeOf gives;
// typeOf gives nil for a key it has refused.
func (p *outletParser) mapping(n *yaml.Node, path string, typeOf func(key *yaml.Node, at string) reflect.Type) {
	if n.Kind != yaml.MappingNode {
		p.wrongForm(n, path, "a mapping")
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		if line, twice := first[key.Value]; twice {
			p.failf(key, at, "key is there twice, first in line %d", line)
			continue
		}
		first[key.Value] = key.Line
		if t := typeOf(key, at); t != nil {
			p.node(value, t, at)
		}
	}
}

// fieldType finds the type of the field that a key of YAML names in struct t.
func (p *outletParser) fieldType(key *yaml.Node, t reflect.Type, at string) reflect.Type {
	var names []string
	for f := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(f).Tag.Get("yaml"), ",")
		if name == key.Value {
			return t.Field(f).Type
		}
		names = append(names, name)
	}
	p.failf(key, at, "unknown key, did you mean %q?", nearestName(key.Value, names))
	return nil
}

// nearestName gives the name with the least edit distance to s.
func nearestName(s string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int { return editDistance(s, a) - editDistance(s, b) })
}

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
