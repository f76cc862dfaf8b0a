package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chorus/corpus"
	"chorus/index"
)

// What a passage to be labelled is.
const (
	passageSentences = 3 // at most
	passageLeast     = 8 // words
	passageMost      = 200
)

// What a draw is. Half of it carries tags, so that narratives, which are rare,
// occur at all; half does not, so that what the classifier misses is met too.
const (
	drawHalf     = 500 // passages with a tag, and as many without
	drawDoubtful = 0.7 // of those with a tag every other one has no score above this, while they last
	drawChunk    = 100 // documents read at a time
)

// A drawn passage is a piece of a document.
type drawn struct {
	doc   *corpus.Document
	text  string
	span  corpus.Span // in the document's text
	score float64     // of its best tag; 0: it has none
	turn  int         // among those of its document
	order uint64      // place in the draw, by chance
}

// A draw chooses passages of the index by chance. The chance lies in hashes of
// the seed with documents and texts, so a draw is repeatable, and stays nearly
// the same while documents are added and passages labelled.
type draw struct {
	search    func(ctx context.Context, r index.Request) (*index.Result, error)
	documents func(ctx context.Context, seqs []corpus.Seq) ([]corpus.Document, error)
	seed      int64
	known     map[string]bool // texts that are not to be offered
}

// passages gives the passages of documents that match a query in the order in
// which to offer them: as long as there are both, each pair has one with a tag
// and one without, in an order by chance.
func (d *draw) passages(ctx context.Context, q index.Query) ([]drawn, error) {
	tagged, err := d.some(ctx, index.With(q, index.FieldNarrative, index.Any), func(p drawn) bool { return p.score > 0 })
	if err != nil {
		return nil, err
	}
	untagged, err := d.some(ctx, q, func(p drawn) bool { return p.score == 0 })
	if err != nil {
		return nil, err
	}
	doubtful, sure := part(tagged, func(p drawn) bool { return p.score <= drawDoubtful })
	tagged = alternate(doubtful, sure, func(drawn, drawn) bool { return true })
	tagged, untagged = tagged[:min(len(tagged), drawHalf)], untagged[:min(len(untagged), drawHalf)]
	all := alternate(tagged, untagged, func(a, b drawn) bool { return (a.order^b.order)&1 == 0 })
	return once(all), nil
}

// some gives passages of a kind from documents that match a query, by chance.
// A second passage of a document comes after the first ones of all others.
func (d *draw) some(ctx context.Context, q index.Query, want func(drawn) bool) ([]drawn, error) {
	res, err := d.search(ctx, index.Request{Query: q, Sort: index.SortDate, Size: math.MaxInt32})
	if err != nil {
		return nil, fmt.Errorf("draw passages: %w", err)
	}
	seqs := make([]corpus.Seq, len(res.Hits))
	for i, h := range res.Hits {
		seqs[i] = h.Seq
	}
	slices.SortFunc(seqs, func(a, b corpus.Seq) int {
		return cmp.Or(cmp.Compare(d.chance(a.String()), d.chance(b.String())), cmp.Compare(a, b))
	})
	var out []drawn
	read, seen := 0, map[string]bool{}
	for chunk := range slices.Chunk(seqs, drawChunk) {
		if read >= drawHalf && len(out) >= drawHalf {
			break
		}
		docs, err := d.documents(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("draw passages: %w", err)
		}
		read += len(docs)
		for i := range docs {
			out = append(out, d.of(&docs[i], seen, want)...)
		}
	}
	slices.SortStableFunc(out, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(a.turn, b.turn), cmp.Compare(a.order, b.order))
	})
	return out, nil
}

// of gives the passages of a kind of one document that are not known, without
// what an earlier document says in the same words.
func (d *draw) of(doc *corpus.Document, seen map[string]bool, want func(drawn) bool) []drawn {
	var all []drawn
	for _, span := range passagesOf(doc.Article.Text) {
		p := drawn{doc: doc, span: span, text: doc.Article.Text[span.Start:span.End], score: bestScore(doc.Tags, span)}
		if p.order = d.chance(p.text); want(p) && !seen[p.text] {
			all = append(all, p)
		}
		seen[p.text] = true
	}
	slices.SortStableFunc(all, func(a, b drawn) int { return cmp.Compare(a.order, b.order) })
	for i := range all {
		all[i].turn = i
	}
	return slices.DeleteFunc(all, func(p drawn) bool { return d.known[p.text] })
}

// chance gives a number that is as if by chance, but the same for the same
// seed and key.
func (d *draw) chance(key string) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s", d.seed, key))
	return binary.BigEndian.Uint64(sum[:])
}

// bestScore gives the highest score of the tags that a passage earned, or had
// a part in earning.
func bestScore(tags []corpus.Tag, passage corpus.Span) float64 {
	best := 0.0
	for _, t := range tags {
		for _, s := range t.Spans {
			if s.Start < passage.End && passage.Start < s.End {
				best = max(best, t.Score)
			}
		}
	}
	return best
}

func part(all []drawn, is func(drawn) bool) (yes, no []drawn) {
	for _, p := range all {
		if is(p) {
			yes = append(yes, p)
		} else {
			no = append(no, p)
		}
	}
	return yes, no
}

// alternate takes from both lists in turn, then what is left of the longer.
// first tells which of a pair comes first.
func alternate(a, b []drawn, first func(a, b drawn) bool) []drawn {
	var out []drawn
	n := min(len(a), len(b))
	for i := range n {
		if first(a[i], b[i]) {
			out = append(out, a[i], b[i])
		} else {
			out = append(out, b[i], a[i])
		}
	}
	return append(append(out, a[n:]...), b[n:]...)
}

// once leaves out what was drawn twice: with a tag, and in another document
// without.
func once(all []drawn) []drawn {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(p drawn) bool {
		was := seen[p.text]
		seen[p.text] = true
		return was
	})
}

// passagesOf cuts a text into passages: paragraphs, or where they are longer,
// runs of one to three sentences of about the same number. What is too short
// (headings, bylines) or too long to be judged as one is left out.
func passagesOf(text string) []corpus.Span {
	var out []corpus.Span
	for _, paragraph := range paragraphsOf(text) {
		sentences := sentencesOf(text[paragraph.Start:paragraph.End])
		runs := (len(sentences) + passageSentences - 1) / passageSentences
		for i := range runs {
			run := sentences[i*len(sentences)/runs : (i+1)*len(sentences)/runs]
			s := corpus.Span{Start: paragraph.Start + run[0].Start, End: paragraph.Start + run[len(run)-1].End}
			if n := wordsIn(text[s.Start:s.End]); n >= passageLeast && n <= passageMost && utf8.ValidString(text[s.Start:s.End]) {
				out = append(out, s)
			}
		}
	}
	return out
}

// paragraphsOf cuts a text at blank lines.
func paragraphsOf(text string) []corpus.Span {
	var out []corpus.Span
	at := 0
	for part := range strings.SplitSeq(text, "\n\n") {
		out = append(out, corpus.Span{Start: at, End: at + len(part)})
		at += len(part) + len("\n\n")
	}
	return out
}

// sentencesOf cuts a text into sentences, without the space around them: at
// line ends, after 。！？, and after . ! ? … and what closes with them, if
// space and no small letter follows, and the full stop is not that of an
// initial or of a usual abbreviation.
func sentencesOf(text string) []corpus.Span {
	var out []corpus.Span
	from := 0
	cut := func(to int) {
		s := text[from:to]
		start := from + len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
		if end := from + len(strings.TrimRightFunc(s, unicode.IsSpace)); start < end {
			out = append(out, corpus.Span{Start: start, End: end})
		}
		from = to
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case r == '\n':
			cut(i)
		case strings.ContainsRune("。！？｡", r):
			i += closing(text[i:])
			cut(i)
		case strings.ContainsRune(".!?…؟۔।", r):
			dot := i - size
			i += closing(text[i:])
			if beginsAnew(text[i:]) && !(r == '.' && abbreviated(text[from:dot])) {
				cut(i)
			}
		}
	}
	cut(len(text))
	return out
}

// closing gives the length of the marks that close a sentence with its end.
func closing(s string) int {
	return len(s) - len(strings.TrimLeft(s, ".!?…。！？\"'’”»)]）」』】"))
}

// beginsAnew reports whether a sentence can begin here: after space, not with
// a small letter.
func beginsAnew(s string) bool {
	rest := strings.TrimLeftFunc(s, unicode.IsSpace)
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || len(rest) < len(s) && !unicode.IsLower(r)
}

// abbreviated reports whether a text ends with an initial or an abbreviation
// that a name or a number usually follows.
func abbreviated(s string) bool {
	word := s[strings.LastIndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })+1:]
	if word == "" {
		return false
	}
	if utf8.RuneCountInString(word) == 1 && !strings.HasSuffix(s, " "+word+" ") {
		return true
	}
	return slices.Contains([]string{
		"mr", "mrs", "ms", "dr", "prof", "gen", "col", "lt", "sen", "rep", "gov", "st", "no", "vs", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
		"ул", "им", "см", "др", "пр", "тыс", "млн", "млрд", "руб", "ген", "проф", "sr", "sra", "dra", "mme", "bzw", "nr",
	}, strings.ToLower(word))
}

// wordsIn counts words. In scripts that put no space between words, two
// characters count as one.
func wordsIn(s string) int {
	n, unspaced := 0, 0
	inWord := false
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			unspaced++
			inWord = false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !inWord {
				n++
			}
			inWord = true
		case r == '\'' || r == '’' || r == '-' || unicode.IsMark(r):
		default:
			inWord = false
		}
	}
	return n + (unspaced+1)/2
}
