package web

import (
	"strings"

	"chorus/corpus"
)

// maxDiffParagraphs is how many changed paragraphs on either side are still
// aligned; the table for it grows with their product.
const maxDiffParagraphs = 600

// changes is what a version changed.
type changes struct {
	OldTitle string // empty if the title is the same
	NewTitle string
	Lines    []change
	Added    int
	Removed  int
}

// A change is one paragraph that came or went, or a run that stayed.
type change struct {
	Op   string // "same", "del" or "ins"
	Kept int    // paragraphs in the run, of "same"
	Text paragraph
}

// changesOf compares two versions paragraph by paragraph.
func changesOf(before, after *corpus.Document) *changes {
	c := &changes{}
	if a, b := plain(heading(before)), plain(heading(after)); a != b {
		c.OldTitle, c.NewTitle = shorten(a, 400), shorten(b, 400)
	}
	for _, e := range diff(paragraphTexts(before.Article.Text), paragraphTexts(after.Article.Text)) {
		switch e.op {
		case "same":
			if n := len(c.Lines); n > 0 && c.Lines[n-1].Op == "same" {
				c.Lines[n-1].Kept++
				continue
			}
			c.Lines = append(c.Lines, change{Op: "same", Kept: 1})
			continue
		case "del":
			c.Removed++
		case "ins":
			c.Added++
		}
		text := shorten(e.text, 4000)
		c.Lines = append(c.Lines, change{Op: e.op, Text: plainSegments(text, nil)})
	}
	return c
}

func paragraphTexts(text string) []string {
	var out []string
	for _, s := range blocks(text[:fit(text, corpus.Span{End: maxTextBytes}, corpus.Span{End: len(text)}).End]) {
		out = append(out, strings.Join(strings.Fields(text[s.Start:s.End]), " "))
	}
	return out
}

type edit struct{ op, text string }

// diff gives the shortest list of removed and added lines that turns a into
// b, by their longest common subsequence. What both begin and end with is set
// aside first. If more than maxDiffParagraphs remain on a side, all that
// remains counts as replaced.
func diff(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{"same", a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append([]edit{{"same", a[len(a)-1]}}, tail...)
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := head
	if len(a) <= maxDiffParagraphs && len(b) <= maxDiffParagraphs {
		out = append(out, align(a, b)...)
	} else {
		for _, s := range a {
			out = append(out, edit{"del", s})
		}
		for _, s := range b {
			out = append(out, edit{"ins", s})
		}
	}
	return append(out, tail...)
}

// align is the table of the longest common subsequence, walked from the front.
func align(a, b []string) []edit {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{"same", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			out = append(out, edit{"del", a[i]})
			i++
		default:
			out = append(out, edit{"ins", b[j]})
			j++
		}
	}
	return out
}
