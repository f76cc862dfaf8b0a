package classify

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/russian"
)

// A symbol is a word of the cues: a stem, a form, a prefix, a Han character.
type symbol = int32

// An automaton finds all phrases of all cues in one pass over the tokens of a
// text. It is a trie over symbols; since a token may stand for several symbols
// (its stem, its form, prefixes of it) it is walked with a set of states.
type automaton struct {
	stems    map[string]symbol
	forms    map[string]symbol
	prefixes map[string]symbol
	suffixes map[string]symbol
	infixes  []infixSymbol
	han      []symbol // by character - 0x4E00, 0 if no cue has it
	count    symbol
	anySym   symbol // stands for every token; never at the start of a phrase

	root   []int32          // state after a symbol at the start of a phrase, 0 if none
	next   map[uint64]int32 // state<<32|symbol to state, while cues are added
	table  edges            // the same, sealed
	heads  map[string]bool  // first letters of all stems and prefixes, see head
	starts map[string]bool  // what a word must begin with to be stemmed, see start
	elems  [][]int32        // by state: the elements with a phrase that ends there

	elements map[string]int32 // by key: elements that are the same are one
	longest  []int32          // by element: tokens of its longest phrase
	states   [][]int32        // by element: where its phrases end
	seed     maphash.Seed
	cache    []atomic.Pointer[cachedWord]
}

type infixSymbol struct {
	form string
	sym  symbol
}

// A cachedWord remembers what a form stands for. The cache is direct mapped:
// what it holds depends on what was read before, what it answers does not.
type cachedWord struct {
	form    string
	symbols []symbol
}

// cacheSlots bounds the cache (a power of two); full, it takes about 6 MB.
const cacheSlots = 1 << 16

func newAutomaton() *automaton {
	return &automaton{
		count: 1, anySym: 1,
		stems: map[string]symbol{}, forms: map[string]symbol{}, prefixes: map[string]symbol{}, suffixes: map[string]symbol{},
		heads: map[string]bool{}, starts: map[string]bool{}, han: make([]symbol, 0xA000-0x4E00), root: make([]int32, 1), next: map[uint64]int32{}, elems: make([][]int32, 1),
		elements: map[string]int32{}, seed: maphash.MakeSeed(), cache: make([]atomic.Pointer[cachedWord], cacheSlots),
	}
}

// add makes the element known and gives its number.
func (a *automaton) add(e element) int32 {
	key := elementKey(e)
	if id, ok := a.elements[key]; ok {
		return id
	}
	id := int32(len(a.longest))
	a.elements[key] = id
	a.longest, a.states = append(a.longest, 0), append(a.states, nil)
	for _, p := range e.phrases {
		a.longest[id] = max(a.longest[id], int32(len(p)))
		a.insert(p, id)
	}
	return id
}

func elementKey(e element) string {
	keys := make([]string, 0, len(e.phrases))
	for _, p := range e.phrases {
		var b strings.Builder
		for _, w := range p {
			b.WriteByte('0' + byte(w.kind))
			b.WriteString(w.form)
			b.WriteByte(' ')
		}
		keys = append(keys, b.String())
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), "|")
}

func (a *automaton) insert(p phrase, id int32) {
	state := int32(0)
	for i, w := range p {
		sym := a.symbolOf(w)
		var to int32
		if i == 0 {
			for int(sym) >= len(a.root) {
				a.root = append(a.root, 0)
			}
			to = a.root[sym]
		} else {
			to = a.next[edge(state, sym)]
		}
		if to == 0 {
			to = int32(len(a.elems))
			a.elems = append(a.elems, nil)
			if i == 0 {
				a.root[sym] = to
			} else {
				a.next[edge(state, sym)] = to
			}
		}
		state = to
	}
	if !slices.Contains(a.elems[state], id) {
		a.elems[state] = append(a.elems[state], id)
		a.states[id] = append(a.states[id], state)
	}
}

func edge(state int32, sym symbol) uint64 { return uint64(state)<<32 | uint64(sym) }

func (a *automaton) symbolOf(w word) symbol {
	if w.kind == anyWord {
		return a.anySym
	}
	if r, size := utf8.DecodeRuneInString(w.form); size == len(w.form) && r >= 0x4E00 && r < 0xA000 {
		if a.han[r-0x4E00] == 0 {
			a.count++
			a.han[r-0x4E00] = a.count
		}
		return a.han[r-0x4E00]
	}
	table := map[wordKind]map[string]symbol{stemmed: a.stems, exact: a.forms, prefix: a.prefixes, suffix: a.suffixes}[w.kind]
	if table == nil {
		for _, in := range a.infixes {
			if in.form == w.form {
				return in.sym
			}
		}
		a.count++
		a.infixes = append(a.infixes, infixSymbol{w.form, a.count})
		return a.count
	}
	switch w.kind {
	case stemmed:
		a.starts[start(w.form)] = true
		a.heads[head(start(w.form))] = true
	case prefix:
		a.heads[head(w.form)] = true
	}
	if table[w.form] == 0 {
		a.count++
		table[w.form] = a.count
	}
	return table[w.form]
}

// symbols gives what a token stands for in the cues. The slice is shared.
func (a *automaton) symbols(t token, one *[1]symbol) []symbol {
	if t.han != 0 {
		if t.han < 0x4E00 || a.han[t.han-0x4E00] == 0 {
			return nil
		}
		one[0] = a.han[t.han-0x4E00]
		return one[:]
	}
	slot := &a.cache[maphash.Bytes(a.seed, t.word)&(cacheSlots-1)]
	if c := slot.Load(); c != nil && c.form == string(t.word) {
		return c.symbols
	}
	c := &cachedWord{form: string(t.word)}
	c.symbols = a.lookUp(c.form)
	slot.Store(c)
	return c.symbols
}

// lookUp finds the symbols of a form. Most words of a text share not even
// their first letters with a cue, and are done after one look.
func (a *automaton) lookUp(form string) []symbol {
	var out []symbol
	add := func(s symbol) {
		if s != 0 {
			out = append(out, s)
		}
	}
	add(a.forms[form])
	if h := head(form); a.heads[h] {
		stems := false
		for i := len(h); i <= len(form); i++ {
			if i < len(form) && !utf8.RuneStart(form[i]) {
				continue
			}
			add(a.prefixes[form[:i]])
			stems = stems || a.starts[form[:i]]
		}
		if stems {
			if stem, ok := stemOf(form); ok {
				add(a.stems[stem])
			}
		}
	}
	if len(a.suffixes) > 0 {
		for i := range form {
			add(a.suffixes[form[i:]])
		}
	}
	for _, in := range a.infixes {
		if strings.Contains(form, in.form) {
			out = append(out, in.sym)
		}
	}
	return out
}

// start gives the letters that a word must begin with to have the stem: all of
// them in Russian, where a stem is the word cut short; all but the last in
// English, where Snowball may change that (happy, happi; probability, probabl),
// and all but two of die, lie and tie (dying).
func start(stem string) string {
	switch {
	case stem[0] >= utf8.RuneSelf || len(stem) == 1:
		return stem
	case len(stem) == 3 && stem[1:] == "ie":
		return stem[:1]
	}
	return stem[:len(stem)-1]
}

// stemOf gives the Snowball stem of a Russian or English word by its script,
// and false for a word of another script, which is its own stem.
func stemOf(form string) (string, bool) {
	r, _ := utf8.DecodeRuneInString(form)
	switch {
	case r >= 'a' && r <= 'z':
		return english.Stem(form, true), true
	case r >= 0x400 && r < 0x530:
		return russian.Stem(form, true), true
	}
	return form, false
}

// head gives the first letter of a word.
func head(form string) string {
	_, size := utf8.DecodeRuneInString(form)
	return form[:size]
}

// edges is a map of transitions with open addressing: one multiplication and,
// most often, one read.
type edges struct {
	keys   []uint64
	states []int32
	shift  uint
}

func newEdges(m map[uint64]int32) edges {
	bits := uint(4)
	for 1<<bits < 3*len(m) {
		bits++
	}
	t := edges{keys: make([]uint64, 1<<bits), states: make([]int32, 1<<bits), shift: 64 - bits}
	for k, v := range m {
		i := t.slot(k)
		for t.keys[i] != 0 {
			i = (i + 1) & (len(t.keys) - 1)
		}
		t.keys[i], t.states[i] = k, v
	}
	return t
}

func (t *edges) slot(k uint64) int { return int(k * 0x9E3779B97F4A7C15 >> t.shift) }

// get gives the state after an edge, or 0. No edge has key 0.
func (t *edges) get(k uint64) int32 {
	for i := t.slot(k); t.keys[i] != 0; i = (i + 1) & (len(t.keys) - 1) {
		if t.keys[i] == k {
			return t.states[i]
		}
	}
	return 0
}
