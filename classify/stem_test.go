package classify

import "testing"

// Every word that Snowball maps to a stem must get past the quick look at its
// first letters, or cues with that stem would miss it.
func TestQuickLookMissesNoStem(t *testing.T) {
	words := []string{"dying", "lying", "tying", "happy", "probability", "hoping", "sanctions", "us", "only", "early", "news", "skies", "cries",
		"generously", "vietnamization", "provocation", "ties", "war", "wars", "enlargement", "history", "histories", "policy", "policies", "accusation",
		"россия", "расширением", "стандартами", "санкций", "гегемония", "ложь", "лжи", "мир", "войны", "украинский"}
	for _, w := range words {
		a := newAutomaton()
		stem, _ := stemOf(w)
		a.symbolOf(word{stemmed, stem})
		if len(a.lookUp(w)) != 1 {
			t.Errorf("%q has the stem %q, but is not found by it", w, stem)
		}
	}
}
