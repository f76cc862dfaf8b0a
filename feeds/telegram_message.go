package feeds

// One message of Telegram's web preview. Its parts are elements with a class of
// their own, in a bubble and in wrappers that mean nothing.

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"chorus/corpus"
)

const (
	maxPostRunes  = 100_000 // Telegram's own limit is 4096
	maxShownRunes = 1000    // of what is answered or linked
	maxPostLinks  = 500
	maxParts      = 200 // media, options of a poll, reactions
	maxStrange    = 20
)

// A message is being read.
type message struct {
	page    *telegramPage
	account string
	words   prose
	post    corpus.Post
	images  []string
	stamped time.Time // when it was published
	voters  int64
	holds   map[*html.Node]bool // what holds parts that are known; made when first needed
	root    *html.Node
}

// message reads one message. It fails if the message has no permalink.
func (p *telegramPage) message(n *html.Node) (telegramPost, bool) {
	account, id, ok := postAt(attribute(n, "data-post"))
	if !ok {
		return telegramPost{}, false
	}
	m := &message{page: p, account: account, root: n, words: prose{left: maxPostRunes, base: p.base, linking: true}}
	p.shown[id] = true
	m.post.Account, m.post.Service = account, hasClass(n, "service_message")
	m.parts(n)
	m.post.Name = cmp.Or(m.post.Name, p.title)
	if m.post.Poll != nil {
		m.post.Poll.Voters = m.voters
	}
	post := telegramPost{account: account, id: id}
	post.Item = corpus.Item{URL: permalinkOf(account, id), Author: cmp.Or(m.post.Author, m.post.Name, account), Published: m.stamped}
	post.Article = corpus.Article{
		Byline:    m.post.Author,
		Text:      m.words.String(),
		Truncated: m.words.cut,
		Links:     m.words.links,
		Images:    m.images,
		Post:      &m.post,
	}
	return post, true
}

// parts reads what is in a wrapper. Beside what the preview shows, the sign that
// it shows nothing is for old browsers.
func (m *message) parts(n *html.Node) {
	supported := false
	for c := range n.ChildNodes() {
		supported = supported || hasClass(c, "media_supported_cont")
	}
	for c := range n.ChildNodes() {
		switch c.Type {
		case html.ElementNode:
			if !supported || !hasClass(c, "message_media_not_supported_wrap") && !hasClass(c, "media_not_supported_cont") {
				m.part(c)
			}
		case html.TextNode:
			m.words.write(c.Data)
		}
	}
}

func (m *message) part(n *html.Node) {
	if read := m.reader(n); read != nil {
		read(n)
		return
	}
	if m.holdsParts(n) {
		m.parts(n)
		return
	}
	m.unknown(n)
}

// reader gives the method that reads a part, or nil if it is not known.
func (m *message) reader(n *html.Node) func(*html.Node) {
	if attribute(n, "datetime") != "" {
		return m.stamp
	}
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		switch strings.TrimPrefix(class, "tgme_widget_message_") {
		case "text", "js-message_text":
			return m.text
		case "reply":
			return m.reply
		case "forwarded_from":
			return m.forward
		case "author":
			return m.owner
		case "photo_wrap", "service_photo":
			return m.photo
		case "video_player", "roundvideo_player":
			return m.video
		case "voice_player", "audio_player":
			return m.voice
		case "document_wrap":
			return m.document
		case "sticker_wrap", "tgsticker_wrap", "videosticker_wrap", "sticker", "tgsticker", "videosticker":
			return m.sticker
		case "location_wrap", "venue_wrap", "location", "venue":
			return m.location
		case "link_preview":
			return m.preview
		case "poll":
			return m.poll
		case "message_media_not_supported_wrap", "media_not_supported_cont":
			return m.unsupported
		case "reactions":
			return m.reactions
		case "footer", "info":
			return m.footer
		case "meta":
			return m.meta
		case "date":
			return m.date
		case "views", "voters", "poll_votes", "replies", "comments", "forwards", "from_author":
			return m.tally
		case "bubble", "media_supported_cont", "one_media", "grouped_wrap", "grouped", "grouped_layer":
			return m.parts
		case "user", "bubble_tail", "inline_keyboard", "inline_row", "inline_button", "via_bot", "copyonly",
			"service_date_wrap", "service_date":
			return func(*html.Node) {}
		}
	}
	return nil
}

// holdsParts reports whether there are known parts in a wrapper that is not
// known. The message is searched for them once, however many wrappers it has.
func (m *message) holdsParts(n *html.Node) bool {
	if m.holds == nil {
		m.holds = map[*html.Node]bool{}
		for d := range m.root.Descendants() {
			if d.Type != html.ElementNode || m.reader(d) == nil {
				continue
			}
			for a := d.Parent; a != nil && a != m.root.Parent && !m.holds[a]; a = a.Parent {
				m.holds[a] = true
			}
		}
	}
	return m.holds[n]
}

// unknown keeps the text of a part of an unknown kind, and its name. What shows
// nothing is decoration.
func (m *message) unknown(n *html.Node) {
	if textOf(n, 1) == "" && !showsMedia(n) {
		return
	}
	m.words.paragraph()
	m.words.read(n)
	m.words.paragraph()
	name := n.Data
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		if name == n.Data || strings.HasPrefix(class, "tgme_") {
			name = class
		}
	}
	name = clip(name, 60)
	if !slices.Contains(m.post.Strange, name) && len(m.post.Strange) < maxStrange {
		m.post.Strange = append(m.post.Strange, name)
	}
}

// showsMedia reports whether n shows something that is not text.
func showsMedia(n *html.Node) bool {
	shows := func(n *html.Node) bool {
		switch n.Data {
		case "img", "video", "audio", "iframe", "object", "embed":
			return n.Type == html.ElementNode
		}
		return strings.Contains(attribute(n, "style"), "background-image")
	}
	if shows(n) {
		return true
	}
	for d := range n.Descendants() {
		if shows(d) {
			return true
		}
	}
	return false
}

func (m *message) text(n *html.Node) {
	if hasClass(n, "js-message_reply_text") {
		return // of what is answered, without its frame
	}
	m.words.paragraph()
	m.words.read(n)
	m.words.paragraph()
}

func (m *message) owner(n *html.Node) {
	if name := within(n, "tgme_widget_message_owner_name"); name != nil {
		m.post.Name = nameOf(name)
	}
}

// forward reads where a message comes from. Someone who hides his account is
// named without a link.
func (m *message) forward(n *html.Node) {
	if m.post.Forward != nil {
		return
	}
	name := within(n, "tgme_widget_message_forwarded_from_name")
	if name == nil {
		m.post.Forward = &corpus.Origin{Name: strings.TrimSpace(strings.TrimPrefix(nameOf(n), "Forwarded from"))}
		return
	}
	m.post.Forward = m.page.originOf(attribute(name, "href"))
	m.post.Forward.Name = nameOf(name)
}

func (m *message) reply(n *html.Node) {
	if m.post.Reply != nil {
		return
	}
	m.post.Reply = m.page.originOf(attribute(n, "href"))
	if name := within(n, "tgme_widget_message_author_name"); name != nil {
		m.post.Reply.Name = nameOf(name)
	}
	for _, class := range []string{"js-message_reply_text", "tgme_widget_message_text", "tgme_widget_message_metatext"} {
		if shown := within(n, class); shown != nil {
			m.post.Reply.Text = textOf(shown, maxShownRunes)
			return
		}
	}
}

// attach adds a medium. n is the link to it: each member of an album has a
// number of its own.
func (m *message) attach(n *html.Node, medium corpus.Media) {
	if path, ok := onTelegram(absolute(m.page.base, attribute(n, "href"))); ok {
		if account, id, ok := postAt(path); ok && strings.EqualFold(account, m.account) {
			m.page.shown[id] = true
		}
	}
	if len(m.post.Media) < maxParts {
		m.post.Media = append(m.post.Media, medium)
	}
}

func (m *message) photo(n *html.Node) {
	link := m.file(n)
	m.attach(n, corpus.Media{Kind: corpus.MediaPhoto, URL: link})
	if link != "" && !slices.Contains(m.images, link) && len(m.images) < maxParts {
		m.images = append(m.images, link)
	}
}

// video reads a film, an animation or a round video. One that is too big for
// the preview has no address.
func (m *message) video(n *html.Node) {
	m.attach(n, corpus.Media{Kind: corpus.MediaVideo, URL: m.source(n, "video"), Seconds: durationIn(n)})
}

func (m *message) voice(n *html.Node) {
	kind := corpus.MediaVoice
	if hasClass(n, "tgme_widget_message_audio_player") {
		kind = corpus.MediaAudio
	}
	m.attach(n, corpus.Media{Kind: kind, URL: m.source(n, "audio"), Seconds: durationIn(n)})
}

// document reads a file or a piece of music: what stands below the title is the
// size of the one, the performer of the other. The link leads to the message.
func (m *message) document(n *html.Node) {
	medium := corpus.Media{Kind: corpus.MediaDocument}
	for d := range n.Descendants() {
		switch {
		case hasClass(d, "tgme_widget_message_document_icon") && hasClass(d, "audio"):
			medium.Kind = corpus.MediaAudio
		case hasClass(d, "tgme_widget_message_document_title"):
			medium.Title = nameOf(d)
		case hasClass(d, "tgme_widget_message_document_extra"):
			medium.Text = nameOf(d)
		}
	}
	m.attach(n, medium)
}

func (m *message) sticker(n *html.Node) {
	link := absolute(m.page.base, attribute(n, "data-webp"))
	for d := range n.Descendants() {
		if link != "" {
			break
		}
		for _, key := range []string{"data-webp", "srcset", "src"} {
			link = cmp.Or(link, absolute(m.page.base, attribute(d, key)))
		}
	}
	m.attach(n, corpus.Media{Kind: corpus.MediaSticker, URL: cmp.Or(link, m.file(n))})
}

func (m *message) location(n *html.Node) {
	medium := corpus.Media{Kind: corpus.MediaLocation, URL: absolute(m.page.base, attribute(n, "href"))}
	for d := range n.Descendants() {
		switch {
		case hasClass(d, "tgme_widget_message_location_title"), hasClass(d, "tgme_widget_message_venue_title"):
			medium.Title = nameOf(d)
		case hasClass(d, "tgme_widget_message_location_address"), hasClass(d, "tgme_widget_message_venue_address"):
			medium.Text = nameOf(d)
		}
	}
	m.attach(n, medium)
}

func (m *message) preview(n *html.Node) {
	medium := corpus.Media{Kind: corpus.MediaLink, URL: targetOf(m.page.base, n)}
	site := ""
	for d := range n.Descendants() {
		switch {
		case hasClass(d, "link_preview_site_name"):
			site = nameOf(d)
		case hasClass(d, "link_preview_title"):
			medium.Title = nameOf(d)
		case hasClass(d, "link_preview_description"):
			medium.Text = textOf(d, maxShownRunes)
		}
	}
	medium.Title = cmp.Or(medium.Title, site)
	if medium.URL != "" || medium.Title != "" {
		m.attach(&html.Node{}, medium) // a link to another post is no member of an album
	}
}

func (m *message) poll(n *html.Node) {
	if m.post.Poll != nil {
		return
	}
	poll := &corpus.Ballot{}
	for d := range n.Descendants() {
		switch {
		case hasClass(d, "tgme_widget_message_poll_question"):
			poll.Question = textOf(d, maxShownRunes)
		case hasClass(d, "tgme_widget_message_poll_type"):
			poll.Kind = nameOf(d)
		case hasClass(d, "tgme_widget_message_poll_votes"), hasClass(d, "tgme_widget_message_voters"):
			m.tally(d)
		}
	}
	outermost(n, "tgme_widget_message_poll_option", func(option *html.Node) {
		if len(poll.Options) < maxParts {
			poll.Options = append(poll.Options, optionOf(option))
		}
	})
	m.post.Poll = poll
}

func optionOf(n *html.Node) corpus.BallotOption {
	var o corpus.BallotOption
	if text := cmp.Or(within(n, "tgme_widget_message_poll_option_text"), within(n, "tgme_widget_message_poll_option_value")); text != nil {
		o.Text = nameOf(text)
	}
	if percent := within(n, "tgme_widget_message_poll_option_percent"); percent != nil {
		o.Share = shareOf(nameOf(percent))
	}
	return o
}

// unsupported reads the sign that stands for what the preview does not show. It
// stands for the notices of the network too.
func (m *message) unsupported(n *html.Node) {
	said := ""
	if label := within(n, "message_media_not_supported_label"); label != nil {
		said = nameOf(label)
	}
	if strings.EqualFold(said, "Service message") {
		m.post.Service = true
		return
	}
	if !slices.ContainsFunc(m.post.Media, func(medium corpus.Media) bool { return medium.Kind == corpus.MediaNone }) {
		m.attach(n, corpus.Media{Kind: corpus.MediaNone, Title: said})
	}
}

// reactions counts every reaction: an emoji, one of Telegram's own pictures,
// which has only a number, or stars that are paid for.
func (m *message) reactions(n *html.Node) {
	counts := &m.post.Counts
	outermost(n, "tgme_reaction", func(reaction *html.Node) {
		name, number := reactionOf(reaction)
		if number <= 0 {
			return
		}
		counts.Likes = sum(counts.Likes, number)
		if counts.Reactions == nil {
			counts.Reactions = map[string]int64{}
		}
		if _, ok := counts.Reactions[name]; ok || len(counts.Reactions) < maxParts {
			counts.Reactions[name] = sum(counts.Reactions[name], number)
		}
	})
}

func reactionOf(n *html.Node) (name string, number int64) {
	digits := ""
	for c := range n.ChildNodes() {
		if c.Type == html.TextNode || strings.Contains(attribute(c, "class"), "count") {
			digits += nameOf(c)
		} else {
			name += nameOf(c)
		}
	}
	if i := strings.IndexAny(digits, "0123456789"); i > 0 && name == "" {
		name, digits = strings.TrimSpace(digits[:i]), digits[i:]
	}
	if hasClass(n, "tgme_reaction_paid") {
		name = "paid"
	}
	for d := range n.Descendants() {
		if id := attribute(d, "emoji-id"); id != "" && name == "" {
			name = "custom:" + id
		}
	}
	return cmp.Or(clip(name, 60), "unknown"), numberOf(digits)
}

// footer reads the numbers, who signed and when.
func (m *message) footer(n *html.Node) {
	for c := range n.ChildNodes() {
		if c.Type != html.ElementNode {
			continue
		}
		if read := m.reader(c); read != nil {
			read(c)
		} else {
			m.footer(c)
		}
	}
}

// tally reads one number or name of the footer.
func (m *message) tally(n *html.Node) {
	counts := &m.post.Counts
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		switch strings.TrimPrefix(class, "tgme_widget_message_") {
		case "views":
			counts.Views = numberOf(nameOf(n))
		case "replies", "comments":
			counts.Replies = numberOf(nameOf(n))
		case "forwards":
			counts.Forwards = numberOf(nameOf(n))
		case "voters", "poll_votes":
			m.voters = numberOf(nameOf(n))
		case "from_author":
			m.post.Author = nameOf(n)
		}
	}
}

// meta reads what stands around the date: who signed, and whether the message
// was edited.
func (m *message) meta(n *html.Node) {
	for c := range n.ChildNodes() {
		if c.Type == html.TextNode || hasClass(c, "tgme_widget_message_meta_edited") {
			m.post.Edited = m.post.Edited || strings.Contains(strings.ToLower(nameOf(c)), "edited")
		}
	}
	m.footer(n)
}

// date reads the link that shows when the message was published.
func (m *message) date(n *html.Node) {
	for d := range n.Descendants() {
		if attribute(d, "datetime") != "" {
			m.stamp(d)
		}
	}
}

// stamp takes the time that an element stands for. An edit does not change it.
func (m *message) stamp(n *html.Node) {
	at := attribute(n, "datetime")
	date, err := time.Parse(time.RFC3339, at)
	if err != nil {
		var ok bool
		if date, ok = parseDate(at, m.page.now); !ok {
			m.page.badDates++
			return
		}
	}
	if m.stamped.IsZero() {
		m.stamped = date
	}
}

// source gives the address of the first film or sound in n.
func (m *message) source(n *html.Node, tag string) string {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (d.Data == tag || d.Data == "source") {
			if link := absolute(m.page.base, attribute(d, "src")); link != "" {
				return link
			}
		}
	}
	return ""
}

// file gives the address of the picture that n shows.
func (m *message) file(n *html.Node) string {
	if link := absolute(m.page.base, backgroundOf(n)); link != "" {
		return link
	}
	for d := range n.Descendants() {
		found := backgroundOf(d)
		if d.Type == html.ElementNode && d.Data == "img" {
			found = attribute(d, "src")
		}
		if link := absolute(m.page.base, found); link != "" {
			return link
		}
	}
	return ""
}

// backgroundOf gives the address in "background-image:url('...')".
func backgroundOf(n *html.Node) string {
	_, after, ok := strings.Cut(attribute(n, "style"), "background-image")
	if !ok {
		return ""
	}
	if _, after, ok = strings.Cut(after, "url("); !ok {
		return ""
	}
	after = strings.TrimSpace(after)
	end := ")"
	if after != "" && (after[0] == '\'' || after[0] == '"') {
		after, end = after[1:], after[:1]
	}
	link, _, ok := strings.Cut(after, end)
	if !ok {
		return ""
	}
	return link
}

// targetOf gives where a link leads. Hashtags are searches in the channel, and
// mentions name an account: those are no links.
func targetOf(base *url.URL, n *html.Node) string {
	href := attribute(n, "href")
	if strings.HasPrefix(href, "?") {
		return ""
	}
	if attribute(n, "onclick") != "" {
		// Since 2024, links that ask before they open are escaped twice.
		for range 3 {
			href = strings.ReplaceAll(href, "&amp;", "&")
		}
	}
	link := absolute(base, href)
	path, ok := onTelegram(link)
	if !ok {
		return link
	}
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	if path == "/iv" { // instant view
		return cmp.Or(absolute(nil, u.Query().Get("url")), link)
	}
	if q := u.Query().Get("q"); strings.HasPrefix(q, "#") || strings.HasPrefix(q, "$") {
		return ""
	}
	if words := nameOf(n); strings.HasPrefix(words, "@") && strings.EqualFold(strings.Trim(path, "/"), words[1:]) {
		return ""
	}
	return link
}
