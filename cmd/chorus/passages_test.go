package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/index"
)

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" One. ", []string{"One."}},
		{"The fleet left. It was late! Was it?", []string{"The fleet left.", "It was late!", "Was it?"}},
		{`"We warned them." He left (at 5 p.m. sharp.) Then silence…`, []string{`"We warned them."`, "He left (at 5 p.m. sharp.)", "Then silence…"}},
		{"Mr. Smith met Gen. Brown and J. Doe. They talked.", []string{"Mr. Smith met Gen. Brown and J. Doe.", "They talked."}},
		{"It grew 3.5 percent. U.S. aid fell.", []string{"It grew 3.5 percent.", "U.S. aid fell."}},
		{"Об этом сообщил А. Петров. На ул. Мира тихо.", []string{"Об этом сообщил А. Петров.", "На ул. Мира тихо."}},
		{"北约东扩是根源。“他们错了。”他说！", []string{"北约东扩是根源。", "“他们错了。”", "他说！"}},
		{"first line\nsecond line", []string{"first line", "second line"}},
		{"Well... perhaps. 🕊 Peace.", []string{"Well... perhaps.", "🕊 Peace."}},
	} {
		var got []string
		for _, s := range sentencesOf(c.text) {
			got = append(got, c.text[s.Start:s.End])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("sentencesOf(%q) (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestPassagesAreParagraphsOrRunsOfSentences(t *testing.T) {
	sentence := func(n int) string { return fmt.Sprintf("This is sentence number %d of a text.", n) }
	text := "A heading\n\n" + sentence(1) + " " + sentence(2) + "\n\n" +
		strings.Join([]string{sentence(3), sentence(4), sentence(5), sentence(6)}, " ") + "\n\n" +
		strings.Repeat("word ", 201) + ".\n\n" +
		"北约不断东扩，挤压俄罗斯的安全空间。\n\n" + "北约东扩。"
	var got []string
	for _, s := range passagesOf(text) {
		got = append(got, text[s.Start:s.End])
	}
	want := []string{
		sentence(1) + " " + sentence(2), sentence(3) + " " + sentence(4), sentence(5) + " " + sentence(6),
		"北约不断东扩，挤压俄罗斯的安全空间。",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("passages (-want +got):\n%s", diff)
	}
}

func FuzzPassages(f *testing.F) {
	f.Add("A. B.\n\nС. \xff 北约。")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, s := range passagesOf(text) {
			if s.Start < at || s.End <= s.Start || s.End > len(text) || !utf8.ValidString(text[s.Start:s.End]) {
				t.Fatalf("passage %v of %q after byte %d", s, text, at)
			}
			at = s.End
		}
		at = 0
		for _, s := range sentencesOf(text) {
			if s.Start < at || s.End <= s.Start || strings.TrimSpace(text[at:s.Start]) != "" {
				t.Fatalf("sentence %v of %q after byte %d", s, text, at)
			}
			at = s.End
		}
		if strings.TrimSpace(text[at:]) != "" {
			t.Fatalf("the end of %q is in no sentence", text)
		}
	})
}

// shelf is an index of documents in memory. Every third has a tag on its
// first paragraph, with a score of its own.
type shelf []corpus.Document

func newShelf(n int) shelf {
	var s shelf
	for i := range n {
		first := fmt.Sprintf("In document %d the ministry speaks of enlargement and of guns.", i)
		second := fmt.Sprintf("In document %d the harvest was early and the roads were dry.", i)
		d := corpus.Document{Seq: corpus.Seq(i + 1), Article: corpus.Article{Lang: "en", Text: first + "\n\n" + second + "\n\n" + "Every document ends with these very same words of thanks."}}
		if i%3 == 0 {
			d.Tags = []corpus.Tag{{Narrative: "nato-expansion", Stance: corpus.StanceAsserts, Score: 0.5 + float64(i%50)/100, Spans: []corpus.Span{{Start: 10, End: 20}}}}
		}
		s = append(s, d)
	}
	return s
}

func (s shelf) draw(seed int64, known map[string]bool) *draw {
	return &draw{
		seed: seed, known: known,
		search: func(_ context.Context, r index.Request) (*index.Result, error) {
			tagged := slices.ContainsFunc(index.Filters(r.Query), func(f index.Field) bool { return f.Name == index.FieldNarrative })
			res := &index.Result{}
			for _, d := range slices.Backward(s) {
				if !tagged || len(d.Tags) > 0 {
					res.Hits = append(res.Hits, index.Hit{Seq: d.Seq})
				}
			}
			return res, nil
		},
		documents: func(_ context.Context, seqs []corpus.Seq) ([]corpus.Document, error) {
			var out []corpus.Document
			for _, n := range seqs {
				out = append(out, s[n-1])
			}
			return out, nil
		},
	}
}

func drawnTexts(t *testing.T, d *draw) (texts []string, all []drawn) {
	t.Helper()
	q, err := index.Parse("*")
	if err != nil {
		t.Fatal(err)
	}
	all, err = d.passages(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		texts = append(texts, p.text)
	}
	return texts, all
}

func TestDrawIsRepeatable(t *testing.T) {
	s := newShelf(60)
	one, _ := drawnTexts(t, s.draw(7, nil))
	again, _ := drawnTexts(t, s.draw(7, nil))
	other, _ := drawnTexts(t, s.draw(8, nil))
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same seed gives another order (-first +second):\n%s", diff)
	}
	if cmp.Equal(one, other) {
		t.Error("another seed gives the same order")
	}
	slices.Sort(one)
	slices.Sort(other)
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("another seed gives other passages, though all fit into a draw:\n%s", diff)
	}
	if got := slices.Compact(one); len(got) != 121 {
		t.Errorf("%d different passages, want 121: the closing words only once", len(got))
	}
}

func TestDrawIsHalfTaggedAndHalfOfThatDoubtful(t *testing.T) {
	_, all := drawnTexts(t, newShelf(3000).draw(1, nil))
	if len(all) < 2*drawHalf-1 || len(all) > 2*drawHalf {
		t.Fatalf("a draw of %d, want %d", len(all), 2*drawHalf)
	}
	firsts, tagged, doubtful := 0, 0, 0
	for i, p := range all[:200] {
		if p.score > 0 {
			tagged++
			if i%2 == 0 {
				firsts++
			}
			if p.score <= drawDoubtful {
				doubtful++
			}
		}
	}
	if tagged < 95 || tagged > 105 || doubtful < 45 || doubtful > 55 {
		t.Errorf("of the first 200 %d have a tag, %d a doubtful one: want a half and a quarter", tagged, doubtful)
	}
	if firsts < 25 || firsts > 75 {
		t.Errorf("of 100 pairs %d begin with the tagged one: the order tells which it is", firsts)
	}
	perDocument := map[corpus.Seq]int{}
	for _, p := range all {
		if p.score == 0 {
			perDocument[p.doc.Seq]++
		}
	}
	for seq, n := range perDocument {
		if n > 1 {
			t.Errorf("document %d gives %d of %d untagged passages, though there are documents enough", seq, n, drawHalf)
		}
	}
}

func TestDrawOffersNothingTwice(t *testing.T) {
	s := newShelf(60)
	before, _ := drawnTexts(t, s.draw(1, nil))
	known := map[string]bool{}
	for _, text := range before[:40] {
		known[text] = true
	}
	after, _ := drawnTexts(t, s.draw(1, known))
	if len(after) != len(before)-40 || slices.ContainsFunc(after, func(s string) bool { return known[s] }) {
		t.Errorf("after 40 of %d were labelled %d are offered", len(before), len(after))
	}
}
