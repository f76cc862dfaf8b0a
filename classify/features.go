package classify

import (
	"math"
	"unicode/utf8"
)

// The learned part reads a passage as a bag of features: each word by its form
// and its stem, each pair of neighbouring words by their stems, the runs of 2
// to 5 letters in each word, and in Chinese each run of 1 to 4 characters; and
// as the elements of the codebook's cues that occur in it. An element lists
// words that do the same work in a claim ("{broke|betray*|reneg*}"), so that a
// passage is known by its kin though no cue matches it whole. A feature is a
// hash, cut to featureBits; what collides shares a weight.
//
// A passage's vector is the sum over its sentences, divided by the root of the
// number of words. Nothing in it reaches beyond two words or four characters,
// so that the weight of a word can be kept with the word and a sentence costs
// two additions of vectors a word.
const (
	featureBits = 18
	buckets     = 1 << featureBits

	leastGram, mostGram = 2, 5 // letters
	mostHanGram         = 4    // characters
)

// A feature is a bucket and how much of it there is.
type feature struct {
	bucket uint32
	value  float32
}

// FNV-1a, 64 bits.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

// The kinds of features begin their hashes differently.
const (
	kindForm = fnvBasis ^ (iota + 1)
	kindStem
	kindLetters
	kindPair
	kindHan
	kindElement
	kindConcept
	kindConceptPair
)

func hashBytes(h uint64, s []byte) uint64 {
	for _, c := range s {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

func hashWord(h, x uint64) uint64 {
	h = (h ^ x) * fnvPrime
	return (h ^ x>>32) * fnvPrime
}

// bucketOf folds a hash into a bucket.
func bucketOf(h uint64) uint32 {
	h *= 0x9E3779B97F4A7C15
	return uint32(h >> (64 - featureBits))
}

// wordFeatures appends the features of a word that is not Han, and gives the
// hash of its stem, from which those of pairs are made.
func wordFeatures(form string, out []feature) ([]feature, uint64) {
	stem, _ := stemOf(form)
	h := hashBytes(kindStem, []byte(stem))
	out = append(out, feature{formBucket(form), 1}, feature{bucketOf(h), 1})
	var buf [maxWordBytes + 2]byte
	padded := append(append(append(buf[:0], '<'), form...), '>')
	first := len(out)
	for i := 0; i < len(padded); i += runeLen(padded[i:]) {
		k := i
		for n := 1; n <= mostGram && k < len(padded); n++ {
			k += runeLen(padded[k:])
			if n >= leastGram {
				out = append(out, feature{bucketOf(hashBytes(kindLetters, padded[i:k])), 1})
			}
		}
	}
	// However long a word, its letters weigh as much as its form.
	value := float32(1 / math.Sqrt(float64(len(out)-first)))
	for i := first; i < len(out); i++ {
		out[i].value = value
	}
	return out, h
}

func runeLen(b []byte) int {
	_, size := utf8.DecodeRune(b)
	return size
}

func formBucket(form string) uint32 { return bucketOf(hashBytes(kindForm, []byte(form))) }

// pairBucket is the feature of two neighbouring words.
func pairBucket(a, b uint64) uint32 { return bucketOf(hashWord(hashWord(kindPair, a), b)) }

// hanFeatures appends the features that end in the last of some neighbouring
// characters.
func hanFeatures(run []rune, out []feature) []feature {
	h := uint64(kindHan)
	for n := 1; n <= min(len(run), mostHanGram); n++ {
		h = hashWord(h, uint64(run[len(run)-n]))
		out = append(out, feature{bucketOf(h), 0.5})
	}
	return out
}

// elementBucket is the feature of an element of a cue.
func elementBucket(key string) uint32 { return bucketOf(hashBytes(kindElement, []byte(key))) }

// A script decides which bias a passage starts from.
type script int

// The scripts of the languages that the model is trained in; all others count
// as latin.
const (
	latin script = iota
	cyrillic
	chinese
	arabic
	scripts
)

func scriptOf(t token) script {
	switch r, _ := utf8.DecodeRune(t.word); {
	case t.han != 0:
		return chinese
	case r >= 0x400 && r < 0x530:
		return cyrillic
	case r >= 0x600 && r < 0x780 || r >= 0xfb50 && r < 0xff00:
		return arabic
	}
	return latin
}

// A tally is what the features of a sentence are added to: a vector while a
// model is trained, the sums of the narratives when it is used.
type tally interface {
	// word adds a word that is not Han and gives the hash of its stem.
	word(form []byte) uint64
	// add adds one feature.
	add(feature)
}

// A size is how much a passage holds.
type size struct {
	tokens  int
	scripts [scripts]int
}

func (s *size) add(o size) {
	s.tokens += o.tokens
	for i := range s.scripts {
		s.scripts[i] += o.scripts[i]
	}
}

// script is that of most tokens.
func (s size) script() script {
	most := latin
	for i := latin; i < scripts; i++ {
		if s.scripts[i] > s.scripts[most] {
			most = i
		}
	}
	return most
}

// norm is what the sum of a passage's features is divided by. It treats a
// passage as if it had some more words, so that two or three do not convince.
func (s size) norm() float32 { return float32(math.Sqrt(float64(s.tokens + priorTokens))) }

const priorTokens = 12

// tallySentence adds the features of a sentence: its words, and the elements
// of cues that occur in it.
func tallySentence(scan *scanner, sentence string, elements []uint32, to tally) size {
	var n size
	var stem uint64
	var run [mostHanGram]rune
	inRun := 0
	var buf [mostHanGram]feature
	scan.scan(sentence, func(t token) {
		n.tokens++
		n.scripts[scriptOf(t)]++
		if t.han == 0 {
			before := stem
			stem = to.word(t.word)
			inRun = 0
			if before != 0 {
				to.add(feature{pairBucket(before, stem), 1})
			}
			return
		}
		stem = 0
		if !t.joined {
			inRun = 0
		}
		if inRun == mostHanGram {
			copy(run[:], run[1:])
			inRun--
		}
		run[inRun] = t.han
		inRun++
		for _, f := range hanFeatures(run[:inRun], buf[:0]) {
			to.add(f)
		}
	})
	for _, bucket := range elements {
		to.add(feature{bucket, 0.7})
	}
	return n
}
