package classify

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"golang.org/x/sync/errgroup"

	"chorus/corpus"
)

// codebookFiles are the narratives, the stance lexicon and the concepts of the
// project.
//
//go:embed codebook/*.yaml codebook/concepts/*.yaml
var codebookFiles embed.FS

// The files of a codebook folder that hold no narrative.
const (
	groupsFile = "groups.yaml"
	stanceFile = "stance.yaml"
)

// An Entry is one narrative of the codebook with its cues.
type Entry struct {
	Narrative corpus.Narrative
	Order     int       // place in lists; equal ones are ordered by id
	Denial    bool      // the claim is itself a denial: words of denial around it do not rebut it
	Cues      []Cue     // of all languages
	Examples  []Example // texts that show what belongs and what does not; chorus narratives --examples tries them
}

// Load reads the narratives of a folder: every *.yaml in its root but
// groups.yaml, which names word families for them ("@nato"; families of the
// built-in codebook may be used and are overridden by equal names), and
// stance.yaml. It reports all mistakes of all files, each as
// file:line:column and what to do. Entries come in codebook order.
func Load(fsys fs.FS) ([]Entry, error) {
	families, err := builtinGroups()
	if err != nil {
		return nil, err
	}
	var faults []error
	if src, err := fs.ReadFile(fsys, groupsFile); err == nil {
		faults = append(faults, readGroups(groupsFile, src, families)...)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load codebook: %w", err)
	}
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("load codebook: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == groupsFile || name == stanceFile })
	entries, errs := make([]Entry, len(names)), make([][]error, len(names))
	var files errgroup.Group
	for i, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("load codebook: %w", err)
		}
		files.Go(func() error { entries[i], errs[i] = readEntry(name, src, families); return nil })
	}
	files.Wait()
	faults = append(faults, slices.Concat(errs...)...)
	if len(faults) > 0 {
		return nil, fmt.Errorf("load codebook: %w", errors.Join(faults...))
	}
	sortEntries(entries)
	return entries, nil
}

// Merge lays entries over a codebook: one with a known id takes the place of
// the old, others are added. Neither slice is changed.
func Merge(base, over []Entry) []Entry {
	out := slices.Clone(base)
	for _, e := range over {
		i := slices.IndexFunc(out, func(b Entry) bool { return b.Narrative.ID == e.Narrative.ID })
		if i >= 0 {
			out[i] = e
		} else {
			out = append(out, e)
		}
	}
	sortEntries(out)
	return out
}

func sortEntries(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Narrative.ID, b.Narrative.ID))
	})
}

func builtinGroups() (map[string]groups, error) {
	families := map[string]groups{}
	src, err := codebookFiles.ReadFile("codebook/" + groupsFile)
	if err != nil {
		return nil, fmt.Errorf("built-in codebook: %w", err)
	}
	if errs := readGroups(groupsFile, src, families); len(errs) > 0 {
		return nil, fmt.Errorf("built-in codebook: %w", errors.Join(errs...))
	}
	return families, nil
}

// A source is a YAML file with what is needed to point into it.
type source struct {
	name  string
	lines []string
	errs  []error
}

// failf notes a mistake at a node.
func (s *source) failf(n *yaml.Node, format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf("%s:%d:%d: %s", s.name, n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// parse reads the file as one YAML mapping.
func (s *source) parse(src []byte) *yaml.Node {
	s.lines = strings.Split(string(src), "\n")
	var doc yaml.Node
	if err := yaml.Load(src, &doc); err != nil {
		s.errs = append(s.errs, fmt.Errorf("%s: %w", s.name, err))
		return nil
	}
	n := &doc
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if n.Kind != yaml.MappingNode {
		s.errs = append(s.errs, fmt.Errorf("%s:1:1: want a mapping of keys to values", s.name))
		return nil
	}
	return n
}

// pairs calls visit for each key of a mapping.
func (s *source) pairs(n *yaml.Node, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		s.failf(n, "want a mapping of keys to values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		visit(n.Content[i], n.Content[i+1])
	}
}

// A line is one cue of a block, and where it stands.
type line struct {
	text      string
	line, col int
}

// block gives the lines of a block scalar ("key: |"), without empty ones and
// comments.
func (s *source) block(n *yaml.Node) []line {
	if n.Kind != yaml.ScalarNode {
		s.failf(n, "want a block of lines, one cue a line: write | after the key")
		return nil
	}
	first := n.Line
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		first++
	}
	var out []line
	for i, text := range strings.Split(n.Value, "\n") {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		at := line{text: text, line: first + i, col: n.Column}
		if at.line-1 < len(s.lines) {
			if k := strings.Index(s.lines[at.line-1], text); k >= 0 {
				at.col = utf8.RuneCountInString(s.lines[at.line-1][:k]) + 1
			}
		}
		out = append(out, at)
	}
	return out
}

func (s *source) failAt(at line, err error) {
	var ce *cueError
	col := at.col
	if errors.As(err, &ce) {
		col += ce.column - 1
	}
	s.errs = append(s.errs, fmt.Errorf("%s:%d:%d: cue %q: %w", s.name, at.line, col, at.text, err))
}

// readGroups adds the word families of a file: language, name, alternatives.
func readGroups(name string, src []byte, families map[string]groups) []error {
	s := &source{name: name}
	root := s.parse(src)
	if root == nil {
		return s.errs
	}
	s.pairs(root, func(lang, table *yaml.Node) {
		if families[lang.Value] == nil {
			families[lang.Value] = groups{}
		}
		s.pairs(table, func(key, value *yaml.Node) {
			families[lang.Value][key.Value] = s.alternatives(value, lang.Value, families)
		})
	})
	return s.errs
}

// alternatives reads the phrases of a word family or a concept.
func (s *source) alternatives(n *yaml.Node, lang string, families map[string]groups) []phrase {
	var all []phrase
	for _, l := range s.block(n) {
		alts, err := parsePhrases(strings.Trim(l.text, "| "), lang, families[lang])
		if err != nil {
			s.failAt(l, err)
		}
		all = append(all, alts...)
	}
	return all
}

// readEntry reads the file of one narrative.
func readEntry(name string, src []byte, families map[string]groups) (Entry, []error) {
	s := &source{name: name}
	e := Entry{Order: 1000}
	root := s.parse(src)
	if root == nil {
		return e, s.errs
	}
	var examples *yaml.Node
	s.pairs(root, func(key, value *yaml.Node) {
		switch key.Value {
		case "id":
			e.Narrative.ID = value.Value
		case "name":
			e.Narrative.Name = value.Value
		case "group":
			e.Narrative.Group = value.Value
		case "definition":
			e.Narrative.Definition = strings.TrimSpace(value.Value)
		case "order":
			s.decode(value, &e.Order)
		case "denial":
			s.decode(value, &e.Denial)
		case "cues":
			s.pairs(value, func(lang, levels *yaml.Node) { e.Cues = append(e.Cues, s.cues(lang.Value, levels, families)...) })
		case "examples":
			examples = value
		default:
			s.failf(key, "unknown key %q: want id, name, group, order, definition, denial, cues or examples", key.Value)
		}
	})
	if examples != nil {
		e.Examples = s.examples(examples, e.Narrative.ID)
	}
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); e.Narrative.ID != want {
		s.failf(root, "id is %q: want %q, the name of the file", e.Narrative.ID, want)
	}
	for _, f := range []struct{ key, value string }{{"name", e.Narrative.Name}, {"group", e.Narrative.Group}, {"definition", e.Narrative.Definition}} {
		if f.value == "" {
			s.failf(root, "no %s: add it", f.key)
		}
	}
	if len(e.Cues) == 0 {
		s.failf(root, "no cues: add at least one under cues, a language, strong")
	}
	return e, s.errs
}

func (s *source) decode(n *yaml.Node, into any) {
	if err := n.Decode(into); err != nil {
		s.failf(n, "%q does not fit here: %v", n.Value, err)
	}
}

// cues reads the cues of one language.
func (s *source) cues(lang string, levels *yaml.Node, families map[string]groups) []Cue {
	var out []Cue
	s.pairs(levels, func(key, value *yaml.Node) {
		level := slices.Index(levelKeys, key.Value)
		if level < 0 {
			s.failf(key, "unknown level %q: want %s", key.Value, strings.Join(levelKeys, ", "))
			return
		}
		for _, l := range s.block(value) {
			c, err := parseCue(l.text, lang, Level(level), families[lang])
			if err != nil {
				s.failAt(l, err)
				continue
			}
			c.Place = fmt.Sprintf("%s:%d:%d", s.name, l.line, l.col)
			out = append(out, *c)
		}
	})
	return out
}

// examples reads a list of texts that carry the narrative, or do not.
func (s *source) examples(n *yaml.Node, narrative string) []Example {
	if n.Kind != yaml.SequenceNode {
		s.failf(n, "want a list of examples, each with text and stance")
		return nil
	}
	var out []Example
	for _, item := range n.Content {
		e := Example{ID: fmt.Sprintf("%s:%d", s.name, item.Line), Tags: []GoldTag{}}
		stance := ""
		s.pairs(item, func(key, value *yaml.Node) {
			switch key.Value {
			case "text":
				e.Text = strings.TrimSpace(value.Value)
			case "bloc":
				e.Bloc = corpus.Bloc(value.Value)
				if !slices.Contains(corpus.Blocs(), e.Bloc) {
					s.failf(value, "bloc %q: want RU, CN or control", value.Value)
				}
			case "stance":
				stance = value.Value
			default:
				s.failf(key, "unknown key %q: want text, stance or bloc", key.Value)
			}
		})
		switch {
		case e.Text == "":
			s.failf(item, "the example has no text")
		case slices.Contains(corpus.Stances(), corpus.Stance(stance)):
			e.Tags = append(e.Tags, GoldTag{narrative, corpus.Stance(stance), 0, len(e.Text)})
		case stance != "none":
			s.failf(item, "stance %q: want asserts, reports or rebuts, or none for a text that does not carry the narrative", stance)
		}
		out = append(out, e)
	}
	return out
}
