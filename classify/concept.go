package classify

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
	"golang.org/x/sync/errgroup"
)

// conceptFiles are the files of the concepts.
//
// A concept is what words of several languages mean alike: "lackey", «холуй»
// and 走狗 are all "puppet". The model reads a passage's concepts beside its
// words, alone and in pairs, so that what it learned of one wording or one
// language serves for the others. The concepts are those of the first two files
// and the word families of groups.yaml, which have the same names in all
// languages; the other files say what they are called in further languages.
var (
	conceptFiles       = slices.Concat(conceptBase, conceptTranslation)
	conceptBase        = []string{"concepts/broad.yaml", "concepts/fine.yaml"}
	conceptTranslation = []string{"concepts/ar.yaml", "concepts/de.yaml", "concepts/es.yaml", "concepts/fr.yaml"}
)

// readConcepts reads concepts: name, language, alternatives.
func readConcepts(name string, src []byte, families map[string]groups) (groups, []error) {
	s := &source{name: name}
	out := groups{}
	root := s.parse(src)
	if root == nil {
		return out, s.errs
	}
	s.pairs(root, func(key, languages *yaml.Node) {
		if _, twice := out[key.Value]; twice {
			s.failf(key, "concept %q is given twice", key.Value)
		}
		s.pairs(languages, func(lang, value *yaml.Node) {
			out[key.Value] = append(out[key.Value], s.alternatives(value, lang.Value, families)...)
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
	concepts := groups{}
	add := func(some groups) {
		for name, phrases := range some {
			concepts[name] = append(concepts[name], phrases...)
		}
	}
	for _, family := range families {
		add(family)
	}
	found := make([]groups, len(conceptFiles))
	var files errgroup.Group
	for i, name := range conceptFiles {
		files.Go(func() error {
			src, err := codebookFiles.ReadFile("codebook/" + name)
			if err != nil {
				return err
			}
			var errs []error
			found[i], errs = readConcepts(name, src, families)
			return errors.Join(errs...)
		})
	}
	if err := files.Wait(); err != nil {
		return fmt.Errorf("concepts: %w", err)
	}
	for i, name := range conceptFiles {
		for concept := range found[i] {
			if _, known := concepts[concept]; !known && slices.Contains(conceptTranslation, name) {
				return fmt.Errorf("concepts: %s: no concept %q is there to translate", name, concept)
			}
		}
		add(found[i])
	}
	c.program.named = map[int32]uint32{}
	for _, name := range slices.Sorted(maps.Keys(concepts)) {
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
