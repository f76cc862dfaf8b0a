package feeds

// What the adapters of networks with an interface for programs share: answers
// in JSON, the words of posts, and how posts are taken in.
//
// What makes a post is read strictly: if its id or its words are not of the
// documented type, the post is broken and left out. All else is read loosely:
// a count or a picture of another type is as if it were not there.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"chorus/corpus"
)

const (
	maxNameRunes = 200
	maxReason    = 160 // bytes of what a network says about a refusal
)

// A loose is a value that may be missing or of any type: what does not fit is
// the zero value.
type loose[T any] struct{ V T }

// UnmarshalJSON never fails.
func (l *loose[T]) UnmarshalJSON(raw []byte) error {
	var v T
	if string(raw) == "null" || json.Unmarshal(raw, &v) != nil {
		v = *new(T)
	}
	l.V = v
	return nil
}

// A tally is a count, as a number or as a string of digits. What is neither is 0.
type tally int64

// UnmarshalJSON never fails.
func (t *tally) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n < 0 {
		n = 0
	}
	*t = tally(n)
	return nil
}

// An identifier is a string, or a number as it is written.
type identifier string

// UnmarshalJSON fails if raw is neither.
func (i *identifier) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if err := json.Unmarshal(raw, &n); err == nil {
		*i = identifier(n)
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	*i = identifier(s)
	return nil
}

// decodeAnswer reads an answer in JSON. want says what it should be.
func decodeAnswer(text []byte, want string, into any) error {
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	if first := bytes.TrimSpace(text); len(first) > 0 && first[0] != '{' && first[0] != '[' {
		return fmt.Errorf("expected %s, got %s", want, glance(first))
	}
	return fmt.Errorf("expected %s, but %s", want, jsonTrouble(err))
}

// glance says what an answer that is no JSON is.
func glance(text []byte) string {
	if rootOf(text) == "html" {
		head := text[:min(len(text), junkBytes)]
		if _, after, ok := bytes.Cut(head, []byte("<title")); ok {
			_, after, _ = bytes.Cut(after, []byte(">"))
			title, _, _ := bytes.Cut(after, []byte("</title"))
			return fmt.Sprintf("an HTML page with the title %q", plainText(string(title), 80))
		}
		return "an HTML page without a title"
	}
	return strconv.Quote(said(plainText(string(text[:min(len(text), 400)]), 60)))
}

// jsonTrouble says what is wrong with JSON, without the names of Go's types.
func jsonTrouble(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return "it is of the type " + wrong.Value
		}
		return fmt.Sprintf("%q is of the type %s", clip(wrong.Field, 60), wrong.Value)
	}
	return clip(err.Error(), maxReason)
}

// literal gives a name or a title, which is no HTML, in one line.
func literal(s string, max int) string {
	t := newSqueezer(max)
	t.write(s)
	return t.String()
}

// paragraphs gives a text, which is no HTML, as posts keep it: one line break
// stays, more of them separate paragraphs. It is cut after max characters.
func paragraphs(s string, max int) (text string, cut bool) {
	p := prose{left: max}
	writeLines(&p, s)
	return p.String(), p.cut
}

// writeLines adds a text that is no HTML: its line breaks count.
func writeLines(p *prose, s string) {
	for i, line := range strings.Split(lineBreaks.Replace(s), "\n") {
		if i > 0 {
			p.breaks, p.blanks = p.breaks+1, 0
		}
		p.write(line)
	}
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n\n")

// shown gives the text of another post as a post shows it.
func shown(s string) string {
	text, _ := paragraphs(s, maxShownRunes)
	return text
}

// claimed gives a language that a network claims, or "" for the codes that
// stand for none: und and zxx of BCP 47, and those that X made for itself.
func claimed(lang string) string {
	switch lang = languageTag(lang); {
	case lang == "und", lang == "zxx", lang == "mul", lang == "mis", lang == "art":
		return ""
	case len(lang) == 3 && lang[0] == 'q': // qme, qam, qct, qht, qst
		return ""
	case lang == "in":
		return "id"
	case lang == "iw":
		return "he"
	}
	return lang
}

// setWords puts words into an article, with the language that the network
// claims for them.
func setWords(a *corpus.Article, words, lang string) {
	a.Text, a.Truncated = paragraphs(words, maxPostRunes)
	setLang(a, lang)
}

func setLang(a *corpus.Article, lang string) {
	if base, _, _ := strings.Cut(lang, "-"); len(base) == 2 {
		a.Lang = base
	}
}

// canonicalLink gives an address as the permalinks of posts are written, or "".
func canonicalLink(link string) string { return canonicalOf(absolute(nil, link)) }

// share gives a part of a whole, between 0 and 1.
func share(part, whole int64) float64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	return min(float64(part)/float64(whole), 1)
}

// addLink appends a link, unless it leads nowhere.
func addLink(a *corpus.Article, link, words string) {
	if link = absolute(nil, unwrapped(link)); link != "" && len(a.Links) < maxPostLinks {
		a.Links = append(a.Links, corpus.Link{URL: link, Text: literal(words, maxTitleRunes)})
	}
}

// addCard appends the preview of a linked page.
func addCard(a *corpus.Article, link, title, text string) {
	if link = absolute(nil, unwrapped(link)); link != "" {
		addMedia(a, corpus.Media{Kind: corpus.MediaLink, URL: link, Title: literal(title, maxTitleRunes), Text: shown(text)})
	}
}

// addMedia appends what hangs on a post; photos are images too.
func addMedia(a *corpus.Article, medium corpus.Media) {
	if len(a.Post.Media) >= maxParts {
		return
	}
	a.Post.Media = append(a.Post.Media, medium)
	if medium.Kind == corpus.MediaPhoto && medium.URL != "" && !slices.Contains(a.Images, medium.URL) {
		a.Images = append(a.Images, medium.URL)
	}
}

// addStrange notes a part of an unknown kind, and keeps its text.
func addStrange(a *corpus.Article, name string, part json.RawMessage) {
	name = cmp.Or(literal(name, 60), "unnamed")
	if !slices.Contains(a.Post.Strange, name) && len(a.Post.Strange) < maxStrange {
		a.Post.Strange = append(a.Post.Strange, name)
	}
	if text := shown(wordsOf(part)); text != "" {
		if a.Text != "" {
			text = "\n\n" + text
		}
		a.Text += text
	}
}

// wordsOf gives what there is to read in a part of an unknown kind.
func wordsOf(part json.RawMessage) string {
	var known struct {
		Title, Name, Text, Description, Alt loose[string]
	}
	if json.Unmarshal(part, &known) != nil {
		return ""
	}
	var words []string
	for _, s := range []string{known.Title.V, known.Name.V, known.Text.V, known.Description.V, known.Alt.V} {
		if s != "" && !slices.Contains(words, s) {
			words = append(words, s)
		}
	}
	return strings.Join(words, "\n")
}

// unwrapped gives where an address leads that a network put its own before.
func unwrapped(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	key := ""
	switch host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."); {
	case host == "go.bsky.app" && u.Path == "/redirect":
		key = "u"
	case host == "youtube.com" && u.Path == "/redirect":
		key = "q"
	case (host == "vk.com" || host == "m.vk.com" || host == "vk.ru") && (u.Path == "/away.php" || u.Path == "/away"):
		key = "to"
	}
	if key == "" {
		return link
	}
	return cmp.Or(absolute(nil, u.Query().Get(key)), link)
}

var urlPattern = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"«»“”„]+`)

// linksIn adds the addresses that stand in a text.
func linksIn(a *corpus.Article, text string) {
	for _, found := range urlPattern.FindAllString(text, maxPostLinks) {
		found = withoutStop(found)
		addLink(a, found, found)
	}
}

// withoutStop takes from an address in a text what belongs to the sentence.
func withoutStop(found string) string {
	const stops = ".,;:!?'…*"
	found = strings.TrimRight(found, stops)
	for _, pair := range []string{"()", "[]", "{}"} {
		if strings.HasSuffix(found, pair[1:]) && strings.Count(found, pair[1:]) > strings.Count(found, pair[:1]) {
			found = strings.TrimRight(found[:len(found)-1], stops)
		}
	}
	return found
}

// timestamp reads a time in the format of RFC 3339, or one near it.
func (r *reader) timestamp(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	if t, ok := parseDate(s, r.now); ok {
		return t
	}
	r.badDates++
	return time.Time{}
}

// seconds gives a length of time that a network tells, or 0 if it cannot be.
func seconds(s float64) time.Duration {
	if !(s > 0 && s < 1e6) {
		return 0
	}
	return time.Duration(math.Round(s*1000)) * time.Millisecond
}

// older gives the address of this answer with parameters for an older page. No
// secret that an address may hold is handed on.
func (r *reader) older(set ...string) string {
	u := *r.base
	q := u.Query()
	q.Del("access_token")
	for i := 0; i+1 < len(set); i += 2 {
		q.Set(set[i], set[i+1])
	}
	u.RawQuery, u.User, u.Fragment = q.Encode(), nil, ""
	return absolute(nil, u.String())
}

// A harvest is what an adapter found in an answer.
type harvest struct {
	posts  []Post
	broken int
	first  error // why the first broken one is
}

// harvestOf reads posts one by one, each of a JSON object.
func harvestOf[T any](raws []json.RawMessage, post func(*T) (Post, error)) harvest {
	var h harvest
	for _, raw := range raws {
		var x T
		err := json.Unmarshal(raw, &x)
		if err == nil {
			var p Post
			if p, err = post(&x); err == nil {
				h.posts = append(h.posts, p)
			}
		}
		if err != nil {
			h.lose(err)
		}
	}
	return h
}

// lose notes a post that could not be read.
func (h *harvest) lose(err error) {
	if h.broken++; h.first == nil {
		h.first = err
	}
}

// take takes a harvest in, newest first. It fails if all posts are broken: then
// the network has changed its answers.
func (r *reader) take(h harvest) error {
	if h.broken > 0 && len(h.posts) == 0 {
		return fmt.Errorf("%s, and none can be read; the first: %s", count(h.broken, "post"), jsonTrouble(h.first))
	}
	if h.broken > 0 {
		r.reading.warnf("%s could not be read and left out; the first: %s", count(h.broken, "post"), jsonTrouble(h.first))
	}
	newestFirst(h.posts, r.now)
	for _, p := range h.posts {
		r.addPost(p)
	}
	r.warnOfStrange()
	return nil
}

// newestFirst sorts posts: networks put pinned ones before all others. A post
// without a time that can be true stays behind the one before it.
func newestFirst(posts []Post, now time.Time) {
	type dated struct {
		Post
		at time.Time
	}
	sorted := make([]dated, len(posts))
	last := now.Add(maxFuture)
	for i, p := range posts {
		if t := p.Item.Published; t.Year() >= minYear && !t.After(now.Add(maxFuture)) {
			last = t
		}
		sorted[i] = dated{p, last}
	}
	slices.SortStableFunc(sorted, func(a, b dated) int { return b.at.Compare(a.at) })
	for i, p := range sorted {
		posts[i] = p.Post
	}
}

// warnOfStrange says once which parts of posts were not known.
func (r *reader) warnOfStrange() {
	strange := 0
	var names []string
	for _, p := range r.reading.Posts[:min(len(r.reading.Posts), r.max)] {
		if len(p.Article.Post.Strange) > 0 {
			strange++
		}
		for _, name := range p.Article.Post.Strange {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if strange == 0 {
		return
	}
	if len(names) > maxStrangeNames {
		names = append(names[:maxStrangeNames], "...")
	}
	r.reading.warnf("%s with parts that are not known: %s", count(strange, "post"), strings.Join(names, ", "))
}

// said is what a network says about a refusal, fit for a reason. Whatever is
// long enough to be a token is not repeated.
func said(s string) string {
	s = longWord.ReplaceAllString(html.UnescapeString(s), "…")
	return clip(literal(s, maxReason), maxReason)
}

var longWord = regexp.MustCompile(`[A-Za-z0-9_.~+/=%-]{32,}`)
