package classify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A concept is what words of several languages mean alike: "lackey", «холуй»
// and 走狗 are all "puppet". The model reads a passage's concepts beside its
// words, alone and in pairs, so that what it learned of one wording or one
// language serves for the others. The concepts are those of concepts.yaml and
// the word families of groups.yaml, which have the same names in all languages.
//
// conceptsPrefix begins the names of the files of concepts.
const conceptsPrefix = "concepts"

// conceptFiles are the built-in ones.
var conceptFiles = []string{"concepts.yaml", "concepts-a.yaml"}

// readConcepts reads concepts: name, language, alternatives.
func readConcepts(name string, src []byte, families map[string]groups) (map[string][]phrase, []error) {
	s := &source{name: name}
	out := map[string][]phrase{}
	root := s.parse(src)
	if root == nil {
		return out, s.errs
	}
	s.pairs(root, func(key, languages *yaml.Node) {
		if _, twice := out[key.Value]; twice {
			s.failf(key, "concept %q is given twice", key.Value)
		}
		s.pairs(languages, func(lang, value *yaml.Node) {
			for _, l := range s.block(value) {
				alts, err := parsePhrases(strings.Trim(l.text, "| "), lang.Value, families[lang.Value])
				if err != nil {
					s.failAt(l, err)
				}
				out[key.Value] = append(out[key.Value], alts...)
			}
		})
	})
	return out, s.errs
}

// addConcepts compiles the built-in concepts.
func (c *Classifier) addConcepts() error {
	families, err := builtinGroups()
	if err != nil {
		return err
	}
	concepts := map[string][]phrase{}
	for _, name := range conceptFiles {
		src, err := codebookFiles.ReadFile("codebook/" + name)
		if err != nil {
			return fmt.Errorf("concepts: %w", err)
		}
		some, errs := readConcepts(name, src, families)
		if len(errs) > 0 {
			return fmt.Errorf("concepts: %w", errors.Join(errs...))
		}
		for name, phrases := range some {
			concepts[name] = append(concepts[name], phrases...)
		}
	}
	for _, family := range families {
		for name, phrases := range family {
			concepts[name] = append(concepts[name], phrases...)
		}
	}
	c.program.named = map[int32]uint32{}
	names := make([]string, 0, len(concepts))
	for name := range concepts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		elem := c.program.automaton.add(element{phrases: concepts[name]})
		c.program.named[elem] = bucketOf(hashBytes(kindConcept, []byte(name)))
	}
	return nil
}

// conceptPairs appends the features of each two concepts of a sentence.
// concepts are sorted.
func conceptPairs(concepts []uint32, out []uint32) []uint32 {
	for i, a := range concepts {
		for _, b := range concepts[i+1:] {
			out = append(out, bucketOf(hashWord(hashWord(kindConceptPair, uint64(a)), uint64(b))))
		}
	}
	return out
}
