package monitor

// The second opinion: what the classifier is not sure of is put to a language
// model, if the operator has named one.

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chorus/classify"
	"chorus/corpus"
	"chorus/opinion"
)

// opinionTimeout is less than an end of the program may take.
const opinionTimeout = 8 * time.Second

// newAdvisor gives whom the environment names for a second opinion, or nil.
func newAdvisor(o Options, log *slog.Logger) (*opinion.Advisor, error) {
	if o.Getenv == nil {
		return nil, nil
	}
	from, ok, err := opinion.FromEnv(o.Getenv, o.Config.Data)
	if err != nil || !ok {
		return nil, err
	}
	from.Log, from.Timeout = log, opinionTimeout
	return opinion.New(from)
}

// judge names who decides on tags: the classifier, and whoever is asked for a
// second opinion.
func (m *Monitor) judge() string {
	if m.advisor == nil {
		return m.tagger.Version()
	}
	return m.tagger.Version() + "+" + m.advisor.Name()
}

// advise asks about the tags that are in doubt. Without an opinion a tag stays
// as it is.
func (m *Monitor) advise(tags []corpus.Tag, in classify.Input) []corpus.Tag {
	if m.advisor == nil {
		return tags
	}
	for _, d := range m.tagger.Doubts(in) {
		answer, ok := m.advisor.Ask(context.Background(), opinion.Question{Narrative: d.Narrative, Passage: d.Passage, Lang: in.Lang, Bloc: in.Bloc})
		if ok {
			tags = settle(tags, d, answer, m.advisor.Name())
		}
	}
	for i := range tags {
		tags[i].Version = m.judge()
	}
	return tags
}

// settle puts an answer in the place of what the classifier thought of one
// narrative.
func settle(tags []corpus.Tag, d classify.Doubt, a opinion.Answer, by string) []corpus.Tag {
	tag := corpus.Tag{Narrative: d.Narrative.ID, Stance: a.Stance, Score: d.Probability, Words: []string{a.Quote}, Cues: []string{by}}
	for _, t := range tags {
		if t.Narrative == tag.Narrative {
			tag.Score, tag.Words, tag.Cues = max(tag.Score, t.Score), append(tag.Words, t.Words...), append(tag.Cues, t.Cues...)
		}
	}
	tags = slices.DeleteFunc(tags, func(t corpus.Tag) bool { return t.Narrative == tag.Narrative })
	if !a.Carries {
		return tags
	}
	slices.Sort(tag.Cues)
	tag.Cues = slices.Compact(tag.Cues)
	start := d.Span.Start + strings.Index(d.Passage, a.Quote)
	tag.Spans = []corpus.Span{{Start: start, End: start + len(a.Quote)}}
	return append(tags, tag)
}
