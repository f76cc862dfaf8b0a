// Package strictyaml reads YAML into Go values and reports every mistake at
// once, each with its line, column and path, and for an unknown key the
// nearest known one.
package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Problem is one mistake in a file.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 if not known
	Path         string // "outlets[3].feeds[0].url"; empty for the file as a whole
	Text         string
}

// Error is "config.yaml:12:5: collect.workers: ...".
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// A File is a file that was read, with the place of everything in it, for
// problems that only its meaning shows.
type File struct {
	Name   string
	places map[string]place
}

type place struct{ line, column int }

// Problem makes a problem at a path of the file. If nothing stands there, the
// place is that of the nearest thing around it.
func (f *File) Problem(path, format string, args ...any) *Problem {
	p := &Problem{File: f.Name, Path: path, Text: fmt.Sprintf(format, args...)}
	for at := path; ; at = parent(at) {
		if pl, ok := f.places[at]; ok {
			p.Line, p.Column = pl.line, pl.column
			return p
		}
		if at == "" {
			return p
		}
	}
}

// Has reports whether something stands at a path.
func (f *File) Has(path string) bool {
	_, ok := f.places[path]
	return ok
}

func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// Read reads one YAML document into v, a pointer, over what v holds already.
// The error joins one *Problem for each mistake; the File is never nil.
//
// Fields are named by their yaml tag. Durations are written as 15m, 36h or 7d;
// types with UnmarshalText read themselves.
func Read(name string, r io.Reader, v any) (*File, error) {
	f := &File{Name: name, places: map[string]place{}}
	raw, err := io.ReadAll(r)
	if err != nil {
		return f, fmt.Errorf("read %s: %w", name, err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		return f, syntaxProblem(name, err)
	}
	if len(root.Content) == 0 {
		return f, nil // an empty file sets nothing
	}
	d := decoder{file: f}
	d.value(root.Content[0], reflect.ValueOf(v).Elem(), "")
	return f, errors.Join(d.problems...)
}

// syntaxProblem turns the library's message into ours, keeping its line.
func syntaxProblem(name string, err error) error {
	text := strings.TrimPrefix(strings.TrimSpace(err.Error()), "yaml: ")
	p := &Problem{File: name, Text: "not valid YAML: " + text}
	if _, after, ok := strings.Cut(text, "line "); ok {
		digits := after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
		if n, err := strconv.Atoi(digits); err == nil {
			p.Line, p.Column = n, 1
		}
	}
	return p
}

type decoder struct {
	file     *File
	problems []error
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	d.problems = append(d.problems, &Problem{File: d.file.Name, Line: n.Line, Column: n.Column, Path: path, Text: fmt.Sprintf(format, args...)})
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.file.places[path] = place{n.Line, n.Column}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		v.SetZero()
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path)
		return
	case v.Type() == durationType, reflect.PointerTo(v.Type()).Implements(unmarshalerType):
		d.text(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Map:
		d.dictionary(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping of keys to values, not %s", describe(n))
		return
	}
	fields, names := fieldsOf(v.Type())
	d.pairs(n, path, func(key *yaml.Node, val *yaml.Node) {
		i, ok := fields[key.Value]
		if !ok {
			d.fail(key, path, "unknown key %q%s", key.Value, DidYouMean(key.Value, names))
			return
		}
		d.value(val, v.Field(i), join(path, key.Value))
	})
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping of keys to values, not %s", describe(n))
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.pairs(n, path, func(key *yaml.Node, val *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(val, e, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), e)
	})
}

// pairs calls fn for each key of a mapping and reports keys that stand twice.
func (d *decoder) pairs(n *yaml.Node, path string, fn func(key, val *yaml.Node)) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if line, twice := first[key.Value]; twice {
			d.fail(key, path, "key %q stands here a second time, first in line %d", key.Value, line)
			continue
		}
		first[key.Value] = key.Line
		fn(key, n.Content[i+1])
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "must be a list, not %s", describe(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		d.value(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "must be one value, not %s", describe(n))
		return
	}
	if v.Type() == durationType {
		dur, err := Duration(n.Value)
		if err != nil {
			d.fail(n, path, "%v", err)
			return
		}
		v.SetInt(int64(dur))
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, path, "%v", err)
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "must be one value, not %s", describe(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			d.fail(n, path, "%q is neither true nor false", n.Value)
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64, reflect.Int32:
		i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
		if err != nil || v.OverflowInt(i) {
			d.fail(n, path, "%q is not a whole number", n.Value)
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		x, err := strconv.ParseFloat(n.Value, 64)
		if err != nil {
			d.fail(n, path, "%q is not a number", n.Value)
			return
		}
		v.SetFloat(x)
	default:
		panic("strictyaml: no way to read a " + v.Type().String())
	}
}

func fieldsOf(t reflect.Type) (byName map[string]int, names []string) {
	byName = map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		byName[name] = i
		names = append(names, name)
	}
	return byName, names
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Duration reads "90s", "15m", "36h", "7d" or sums like "1d12h". It must not
// be negative.
func Duration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	rest, days := s, time.Duration(0)
	if n, after, ok := strings.Cut(s, "d"); ok {
		d, err := strconv.Atoi(n)
		if err != nil || d < 0 || d > 36500 {
			return 0, badDuration(s)
		}
		days, rest = time.Duration(d)*24*time.Hour, after
	}
	if rest == "" && days > 0 {
		return days, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, badDuration(s)
	}
	return days + d, nil
}

func badDuration(s string) error {
	return fmt.Errorf("%q is not a duration: write 30s, 15m, 6h or 7d", s)
}

// DidYouMean is `: did you mean "workers"?` with the nearest of the known
// words, or a list of all if none is near and they are few.
func DidYouMean(word string, known []string) string {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	if len(known) > 0 && len(known) <= 24 {
		sorted := slices.Sorted(slices.Values(known))
		return ": known here are " + strings.Join(sorted, ", ")
	}
	return ""
}

// distance is the number of single-letter edits between two words, a swap of
// neighbours counting as one (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, prev := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(y)]
}
