package extract

import (
	"strings"
	"unicode/utf8"
)

// restore gives the paragraphs of a text as the page has them. The extractors
// say well what belongs to an article, and copy it badly: blanks vanish beside
// bold words, blocks without tags of paragraphs run together, links are gone.
// Each paragraph is looked up in the page by its letters; one that is several
// of the page's in a row becomes those. What cannot be found stays as it is,
// unless it is a jumble that has other paragraphs of the text inside.
func restore(paras, original []paragraph) []paragraph {
	flat := make([]string, len(original))
	at := map[string][]int{}
	for i, o := range original {
		flat[i] = squash(o.text)
		at[flat[i]] = append(at[flat[i]], i)
	}
	var kept []paragraph
	var known []string // of what is kept
	next := 0          // where the text goes on in the page
	for _, p := range paras {
		s := squash(p.text)
		from, to := -1, -1
		if places := at[s]; len(places) > 0 {
			from = nearest(places, next)
			to = from + 1
		} else {
			from, to = run(s, flat, next)
		}
		switch {
		case from >= 0:
			for i := from; i < to; i++ {
				if flat[i] != "" && strings.Contains(s, flat[i]) {
					kept = append(kept, original[i])
				}
			}
			next = to
		case jumbled(s, known):
			continue
		default:
			kept = append(kept, p)
		}
		if utf8.RuneCountInString(s) >= fewLetters {
			known = append(known, s)
		}
	}
	return kept
}

// nearest gives the first of the places that is not before next, or the first.
func nearest(places []int, next int) int {
	for _, i := range places {
		if i >= next {
			return i
		}
	}
	return places[0]
}

// maxSkipped is how many blocks of the page, such as an inset, may lie between
// two that an extractor ran together.
const maxSkipped = 4

// run finds the blocks of the page that make up a text together, in order: from
// the block at next on, or else anywhere. It gives -1 if there are none.
func run(s string, flat []string, next int) (from, to int) {
	if s == "" {
		return -1, -1
	}
	for k := range flat {
		i := (next + k) % len(flat)
		if flat[i] == "" || !strings.HasPrefix(s, flat[i]) {
			continue
		}
		rest, skipped := s[len(flat[i]):], 0
		j := i + 1
		for ; j < len(flat) && rest != "" && skipped <= maxSkipped; j++ {
			if after, ok := strings.CutPrefix(rest, flat[j]); ok {
				rest, skipped = after, 0
			} else {
				skipped++
			}
		}
		if rest == "" {
			return i, j
		}
	}
	return -1, -1
}

// jumbled reports whether a text has another one inside.
func jumbled(s string, known []string) bool {
	for _, k := range known {
		if strings.Contains(s, k) {
			return true
		}
	}
	return false
}
