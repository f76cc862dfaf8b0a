package newsroom

import (
	"strings"
	"time"

	"chorus/corpus"
)

// A Kind says how an article relates to the one it was taken from.
type Kind string

// The kinds.
const (
	Original  Kind = "original"   // the outlet's own
	Verbatim  Kind = "verbatim"   // the same text, but for credits
	Edited    Kind = "edited"     // sentences dropped and reworded, another title, something added
	Quotes    Kind = "quotes"     // an article of its own that takes over a passage
	Translate Kind = "translates" // the same sentences in another language, perhaps shortened
	SameEvent Kind = "same-event" // an independent report: the same facts in other sentences
)

// A CreditForm says where an article names the outlet it took from.
type CreditForm string

// The forms of credit.
const (
	CreditDateline CreditForm = "dateline" // "MOSCOW, March 3. /Volna/."
	CreditInline   CreditForm = "inline"   // "..., Volna reported"
	CreditTail     CreditForm = "tail"     // a last paragraph "Source: Volna"
)

// Truth is what the world knows of itself.
type Truth struct {
	Articles []*Article `json:"articles"` // by time of publication
	Stories  []Story    `json:"stories"`
	Bursts   []Burst    `json:"bursts"`
	Gaps     []Gap      `json:"gaps"`
	Echoes   []Echo     `json:"echoes"` // by which cascades spread
	Null     []string   `json:"null"`   // narratives that no story and no burst carries: a low, even rate everywhere
}

// A Sort says what makes several outlets write of one event.
type Sort string

// The sorts of story.
const (
	Cascade Sort = "cascade" // one outlet was first, the others took it from there
	Shock   Sort = "shock"   // a big event: everybody reports it within hours, nobody leads
	Placebo Sort = "placebo" // sport or weather: everybody reports it at some time of the day, nobody leads
)

// A Story is one event that several outlets write about.
type Story struct {
	ID        string        `json:"id"`
	Sort      Sort          `json:"sort"`
	Event     string        `json:"event"` // "summit", "grain", ...
	Topic     string        `json:"topic"`
	Narrative string        `json:"narrative,omitempty"` // that the leader plants
	Stance    corpus.Stance `json:"stance,omitempty"`
	Leader    string        `json:"leader,omitempty"` // id of the outlet; only of a cascade
	Articles  []*Article    `json:"-"`                // by time

	facts uint64
	frame *frame
	day   int64
}

// A Burst is a time in which one bloc pushes one narrative.
type Burst struct {
	Narrative string      `json:"narrative"`
	Bloc      corpus.Bloc `json:"bloc"`
	From      time.Time   `json:"from"`
	To        time.Time   `json:"to"`
	Articles  int         `json:"articles"` // beyond what would have been written anyway
}

// A Gap is a time in which an outlet's site answered 503.
type Gap struct {
	Outlet string    `json:"outlet"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// A Plant is a narrative in an article.
type Plant struct {
	Narrative string        `json:"narrative"`
	Stance    corpus.Stance `json:"stance"`
	Passage   string        `json:"passage"` // the sentence that carries it, as it stands in the text
}

// An Article is one page with all that is true of it.
type Article struct {
	URL        string        `json:"url"`
	Outlet     string        `json:"outlet"`
	Published  time.Time     `json:"published"`        // when the page and the feed's item appeared
	Claimed    time.Time     `json:"claimed,omitzero"` // what both say instead, if they do not tell the truth: earlier, or in the future
	Lang       string        `json:"lang"`
	Topic      string        `json:"topic"`
	Event      string        `json:"event"`
	Story      string        `json:"story,omitempty"` // id, "" if it stands alone
	Kind       Kind          `json:"kind"`
	Origin     string        `json:"origin,omitempty"`      // URL of the article it was taken from; "" for an original or an independent report
	Lag        time.Duration `json:"lag,omitempty"`         // behind the first article of its story
	Credit     string        `json:"credit,omitempty"`      // id of the outlet it credits
	CreditForm CreditForm    `json:"credit_form,omitempty"` // "" if it credits nobody
	Edited     time.Time     `json:"edited,omitzero"`       // when its text changed
	Deleted    time.Time     `json:"deleted,omitzero"`      // when its page went away

	world    *World
	desk     *desk
	tongue   tongue
	text     *text
	changed  *text // after Edited
	credited *desk // whose name the credit gives
	origin   *Article
	number   int // in the world, from 1
}

// Title is the headline of the first version.
func (a *Article) Title() string { return a.titleOf(a.text) }

// Text is the article as the page first had it: paragraphs separated by a
// blank line, with dateline and credit, without the title.
func (a *Article) Text() string { return strings.Join(a.paragraphs(a.text), "\n\n") }

// Changed is the text after the edit; it is Text if there was none.
func (a *Article) Changed() string {
	return strings.Join(a.paragraphs(a.at(a.Edited)), "\n\n")
}

// Plants are the narratives that the first version carries, in order.
func (a *Article) Plants() []Plant {
	var out []Plant
	for _, para := range a.text.paras {
		for _, l := range para {
			if l.claim != nil && l.in(a.tongue) {
				out = append(out, Plant{l.claim.id, corpus.Stance(l.stance), l.write(a.world.grammar, a.tongue)})
			}
		}
	}
	return out
}

// claimed is the time of publication as page and feed give it, on the outlet's
// clock.
func (a *Article) claimed() time.Time {
	t := a.Published
	if !a.Claimed.IsZero() {
		t = a.Claimed
	}
	return t.In(a.desk.zone())
}

// at is the version in force.
func (a *Article) at(t time.Time) *text {
	if a.changed != nil && !t.Before(a.Edited) {
		return a.changed
	}
	return a.text
}

// shownAt reports whether the page is there.
func (a *Article) shownAt(t time.Time) bool {
	return !t.Before(a.Published) && (a.Deleted.IsZero() || t.Before(a.Deleted))
}

func (a *Article) titleOf(x *text) string { return x.title.write(a.world.grammar, a.tongue) }

// paragraphs renders a version, with dateline and credit.
func (a *Article) paragraphs(x *text) []string {
	var out []string
	for _, para := range x.paras {
		if p := a.paragraph(para); p != "" {
			out = append(out, p)
		}
	}
	switch {
	case a.CreditForm == CreditInline:
		out[0] = creditInline(a.tongue, a.credited, out[0], uint64(a.number))
	case a.CreditForm == CreditDateline:
		out[0] = dateline(a.tongue, a.credited, a.origin.Published) + out[0]
	case a.CreditForm == CreditTail:
		out = append(out, creditTail(a.tongue, a.credited))
	case a.Kind == Original && a.desk.Tier == corpus.TierWire:
		out[0] = dateline(a.tongue, a.desk, a.Published) + out[0]
	}
	return out
}

func (a *Article) paragraph(lines []line) string {
	var parts []string
	for _, l := range lines {
		if l.in(a.tongue) {
			parts = append(parts, l.write(a.world.grammar, a.tongue))
		}
	}
	if a.tongue == zh {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// dateline is the form of a wire's first words.
func dateline(t tongue, d *desk, when time.Time) string {
	day := date(t, when.In(d.zone()))
	city, name := d.seat.names[t], d.known[t]
	switch t {
	case ru:
		return city + ", " + day + ". /" + name + "/. "
	case zh:
		return name + city + day + "电 "
	case es:
		return city + ", " + day + " (" + name + ") — "
	}
	if d.Bloc == corpus.BlocControl {
		return city + ", " + day + " (" + name + ") — "
	}
	return city + ", " + day + ". /" + name + "/. "
}

// creditInline puts the credit into a paragraph.
func creditInline(t tongue, d *desk, para string, choice uint64) string {
	forms := [tongues][]string{
		ru: {"Об этом сообщает «%s».", "Об этом сообщило агентство «%s».", "Об этом пишет «%s»."},
		zh: {"据%s报道，", "%s消息，", "据%s消息，"},
		en: {"This was reported by %s.", "That is according to %s.", "%s had the news first."},
		es: {"Así lo informó %s.", "Lo publicó %s.", "La noticia la adelantó %s."},
	}[t]
	said := strings.Replace(forms[choice%uint64(len(forms))], "%s", d.known[t], 1)
	if t == zh {
		return said + para
	}
	return para + " " + said
}

// creditTail is the credit as a last paragraph.
func creditTail(t tongue, d *desk) string {
	return [tongues]string{"Источник: ", "来源：", "Source: ", "Fuente: "}[t] + d.known[t]
}
