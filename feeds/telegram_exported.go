package feeds

// One post of an export of Telegram Desktop: one message, or those of an album.
//
// Telegram Desktop does not write the name (t.me/NAME) of a channel, and it is
// not guessed: a post has the address t.me/c/NUMBER/MESSAGE, which opens for
// the members of a channel. Where another program's export has the name, the
// post has its public address, as in the channel's web preview.
//
// Exports of before 2022 have no times but those of the clock on the wall where
// they were made; these are taken as UTC.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"chorus/corpus"
)

// A telegramMessage is what is read of a message. Its other members say nothing
// that is kept: sizes of files, their thumbnails, identifiers of buttons.
type telegramMessage struct {
	ID         exportNumber `json:"id"`
	Type       string       `json:"type"` // message, service, unsupported
	Date       string       `json:"date"`
	DateUnix   exportNumber `json:"date_unixtime"`
	Edited     string       `json:"edited"`
	EditedUnix exportNumber `json:"edited_unixtime"`
	From       string       `json:"from"` // null if the account is deleted
	FromID     exportPeer   `json:"from_id"`
	Actor      string       `json:"actor"` // of a notice
	ActorID    exportPeer   `json:"actor_id"`
	Author     string       `json:"author"`
	Text       *exportText  `json:"text"`

	Again json.RawMessage `json:"text_entities"` // the text with every part as an object

	ForwardedFrom   *string       `json:"forwarded_from"`
	ForwardedFromID exportPeer    `json:"forwarded_from_id"`
	SavedFrom       *string       `json:"saved_from"`
	ReplyTo         *exportNumber `json:"reply_to_message_id"`
	ReplyToPeer     exportPeer    `json:"reply_to_peer_id"`
	ViaBot          string        `json:"via_bot"`

	Photo     string          `json:"photo"`
	File      string          `json:"file"`
	FileName  string          `json:"file_name"`
	MediaType string          `json:"media_type"`
	MimeType  string          `json:"mime_type"`
	Seconds   float64         `json:"duration_seconds"`
	Emoji     string          `json:"sticker_emoji"`
	Performer string          `json:"performer"`
	Title     string          `json:"title"` // of a piece of music, or in a notice
	Contact   json.RawMessage `json:"contact_information"`
	VCard     json.RawMessage `json:"contact_vcard"`
	Paid      float64         `json:"paid_stars_amount"`

	Location *struct {
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	} `json:"location_information"`
	PlaceName string          `json:"place_name"`
	Address   string          `json:"address"`
	Game      string          `json:"game_title"`
	GameText  string          `json:"game_description"`
	GameLink  string          `json:"game_link"`
	Invoice   json.RawMessage `json:"invoice_information"`

	Poll *struct {
		Question exportText   `json:"question"`
		Closed   bool         `json:"closed"`
		Voters   exportNumber `json:"total_voters"`
		Answers  []struct {
			Text   exportText   `json:"text"`
			Voters exportNumber `json:"voters"`
		} `json:"answers"`
	} `json:"poll"`
	Reactions []struct {
		Type     string          `json:"type"`
		Count    exportNumber    `json:"count"`
		Emoji    string          `json:"emoji"`
		Document json.RawMessage `json:"document_id"`
		Recent   json.RawMessage `json:"recent"`
	} `json:"reactions"`
	Buttons [][]struct {
		Type string `json:"type"`
		Text string `json:"text"`
		Data string `json:"data"`
	} `json:"inline_bot_buttons"`

	Action string `json:"action"`           // of a notice
	Notice string `json:"information_text"` // of one in words
}

// An exportNumber is a whole number, written as one or as a string of digits.
type exportNumber int64

func (n *exportNumber) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no whole number", clip(string(raw), 40))
	}
	*n = exportNumber(v)
	return nil
}

// An exportPeer is who sent something: "user123", "channel123", "chat123" or "".
// Exports of before 2021 have a number with the kind in its upper half.
type exportPeer string

func (p *exportPeer) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(p))
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no sender", clip(string(raw), 40))
	}
	kind := "user"
	if n>>32 == 2 {
		kind = "channel"
	}
	*p = exportPeer(kind + strconv.FormatInt(n&math.MaxUint32, 10))
	return nil
}

// account gives the account of a sender, that of a channel as in its addresses.
func (p exportPeer) account() string {
	if number, ok := strings.CutPrefix(string(p), "channel"); ok {
		return "c/" + number
	}
	return string(p)
}

// An exportText is a text in parts, of which each has a form: a link, bold, ...
// It is written as a string if it has one part without a form.
type exportText []exportPart

type exportPart struct {
	Type string `json:"type"`
	Text string `json:"text"`
	Href string `json:"href"`
}

func (t *exportText) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		part := exportPart{Type: "plain"}
		err := json.Unmarshal(raw, &part.Text)
		*t = nil
		if part.Text != "" {
			*t = exportText{part}
		}
		return err
	case '[':
		return json.Unmarshal(raw, (*[]exportPart)(t))
	}
	return fmt.Errorf("%s is no text", clip(string(raw), 40))
}

func (p *exportPart) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		p.Type = "plain"
		return json.Unmarshal(raw, &p.Text)
	case '{':
		type plain exportPart
		return json.Unmarshal(raw, (*plain)(p))
	}
	return fmt.Errorf("%s is no part of a text", clip(string(raw), 40))
}

// String is the text without its forms.
func (t exportText) String() string {
	var b strings.Builder
	for _, part := range t {
		b.WriteString(part.Text)
	}
	return shown(b.String())
}

// readTelegramMessage reads a message and refuses one that lacks what every
// message has. Of one that is refused the ID is given, if it has any.
func readTelegramMessage(raw []byte) (telegramMessage, error) {
	var m telegramMessage
	if len(raw) == 0 || raw[0] != '{' {
		return m, fmt.Errorf("%s is no message", clip(string(raw), 40))
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		var id exportNumber
		for key, value := range members(raw) {
			if key == "id" && id.UnmarshalJSON(value) == nil {
				break
			}
		}
		return telegramMessage{ID: id}, errors.New(jsonTrouble(err))
	}
	if (m.Text == nil || len(*m.Text) == 0) && m.Again != nil {
		var again exportText
		if err := json.Unmarshal(m.Again, &again); err != nil {
			return m, errors.New(jsonTrouble(err))
		}
		m.Text = &again
	}
	switch {
	case m.ID == 0:
		return m, errors.New("a message without a number (id)")
	case m.Type == "":
		return m, errors.New("a message without a type")
	case m.Type == "unsupported":
		return m, nil // it has no more than this
	case m.published().IsZero():
		return m, fmt.Errorf("%q is no date", clip(m.Date, 40))
	case m.Text == nil && m.Type == "message":
		return m, errors.New("a message without a text, not even an empty one")
	}
	return m, nil
}

func (m *telegramMessage) published() time.Time { return exportTime(m.DateUnix, m.Date) }

// exportTime reads a time that is told twice.
func exportTime(unix exportNumber, wall string) time.Time {
	if unix > 0 {
		return time.Unix(int64(unix), 0).UTC()
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, wall); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// parts gives the text.
func (m *telegramMessage) parts() exportText {
	if m.Text == nil {
		return nil
	}
	return *m.Text
}

// album gives the kind of albums that a message can be of: films and pictures
// mix, nothing else does.
func (m *telegramMessage) album() string {
	switch {
	case m.Type != "message" || len(m.Buttons) > 0 || m.Poll != nil:
		return ""
	case m.Photo != "", m.MediaType == "video_file":
		return "visual"
	case m.MediaType == "audio_file":
		return "audio"
	case m.MediaType == "" && m.File != "":
		return "document"
	}
	return ""
}

// A telegramAlbum is the messages that are taken for one album so far. Its
// members have one sender, one time and one origin, follow one another in
// number, and only the first or the last has words.
type telegramAlbum struct {
	first  telegramMessage
	size   int
	worded bool // a member has words, so that no other can have
	closed bool // these were not the first's
}

func (a *telegramAlbum) begin(m *telegramMessage) {
	*a = telegramAlbum{first: *m, size: 1, worded: len(m.parts()) > 0}
}

// takes adds a message to the album if it is a member.
func (a *telegramAlbum) takes(m *telegramMessage) bool {
	f := &a.first
	switch {
	case a.size == 0 || a.size == maxAlbum || a.closed,
		m.album() == "" || m.album() != f.album(),
		m.ID <= f.ID || m.ID >= f.ID+maxAlbum,
		!m.published().Equal(f.published()),
		m.FromID != f.FromID || m.From != f.From || m.Author != f.Author || m.ViaBot != f.ViaBot,
		!same(m.ForwardedFrom, f.ForwardedFrom) || m.ForwardedFromID != f.ForwardedFromID || !same(m.SavedFrom, f.SavedFrom),
		!same(m.ReplyTo, f.ReplyTo) || m.ReplyToPeer != f.ReplyToPeer:
		return false
	}
	if len(m.parts()) > 0 {
		if a.worded {
			return false
		}
		a.worded, a.closed = true, true
	}
	a.size++
	return true
}

func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// telegramExported reads one post that TelegramExport gave.
func telegramExported(raw []byte, now time.Time) (Post, error) {
	var in struct {
		Chat     telegramChat      `json:"chat"`
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Post{}, fmt.Errorf("a post of an export of Telegram Desktop: %w", err)
	}
	if in.Chat.ID == 0 || len(in.Messages) == 0 {
		return Post{}, errors.New("a post of an export of Telegram Desktop without a chat or a message")
	}
	e := exported{words: prose{left: maxPostRunes}, now: now}
	for i, raw := range in.Messages {
		m, err := readTelegramMessage(raw)
		if err != nil {
			return Post{}, fmt.Errorf("message %d of chat %q: %w", m.ID, clip(in.Chat.Name, 200), err)
		}
		if i == 0 {
			e.source(in.Chat, &m)
		}
		e.message(&m)
		e.unknown(raw)
	}
	return e.finish()
}

// An exported is a post of an export being read.
type exported struct {
	now    time.Time
	item   corpus.Item
	post   corpus.Post
	words  prose
	links  []corpus.Link
	byline string
}

// source reads who published the first message, and what it passes on or
// answers. In a channel the channel publishes, in a group its members.
func (e *exported) source(c telegramChat, m *telegramMessage) {
	home := c.account(m)
	e.item.URL = permalinkOf(home, int64(m.ID))
	e.item.Published = m.published()
	from, id := cmp.Or(m.From, m.Actor), cmp.Or(m.FromID, m.ActorID)
	channel := strings.HasSuffix(c.Type, "_channel")
	name, account := c.Name, home
	if !channel && id != "" && !sameAccount(id.account(), home, c) {
		name, account = from, id.account()
	}
	e.post.Account, e.post.Name, e.post.Author = account, oneLine(name), oneLine(m.Author)
	if channel && e.post.Author == "" && strings.HasPrefix(string(id), "user") && m.Type == "message" {
		e.post.Author = oneLine(from) // a channel that shows its authors' accounts
	}
	e.byline = e.post.Author
	e.item.Author = cmp.Or(e.post.Author, e.post.Name, e.post.Account)
	e.post.Forward = m.origin()
	if m.ReplyTo != nil && *m.ReplyTo > 0 {
		e.post.Reply = c.answered(m, home)
	}
}

// sameAccount reports whether an account is the chat's own.
func sameAccount(account, home string, c telegramChat) bool {
	return account == home || account == "c/"+strconv.FormatInt(c.ID, 10)
}

// account gives the account of a chat: its name, if the export has it. Before
// 2021, the upper half of its number was 2.
func (c telegramChat) account(m *telegramMessage) string {
	if name := strings.TrimPrefix(c.Username, "@"); telegramName(name) {
		return name
	}
	id := c.ID
	if m.DateUnix == 0 && id>>32 == 2 {
		id &= math.MaxUint32
	}
	return "c/" + strconv.FormatInt(id, 10)
}

// origin gives where a message was forwarded from; it is not told which message
// it was. The account of someone who hides it is not told either.
func (m *telegramMessage) origin() *corpus.Origin {
	if m.ForwardedFrom == nil && m.ForwardedFromID == "" && m.SavedFrom == nil {
		return nil
	}
	o := &corpus.Origin{Account: m.ForwardedFromID.account()}
	for _, name := range []*string{m.ForwardedFrom, m.SavedFrom} {
		if name != nil && o.Name == "" {
			o.Name = oneLine(*name)
		}
	}
	return o
}

// answered gives the message that another one answers, perhaps in another chat.
func (c telegramChat) answered(m *telegramMessage, home string) *corpus.Origin {
	account := home
	if m.ReplyToPeer != "" {
		account = m.ReplyToPeer.account()
		if sameAccount(account, home, c) {
			account = home
		}
	}
	if strings.HasPrefix(account, "user") || strings.HasPrefix(account, "chat") && m.ReplyToPeer != "" {
		return &corpus.Origin{Account: account}
	}
	o := &corpus.Origin{URL: permalinkOf(account, int64(*m.ReplyTo))}
	if account != home {
		o.Account = account
	} else if strings.HasSuffix(c.Type, "_channel") {
		o.Account, o.Name = home, oneLine(c.Name)
	}
	return o
}

// message adds what one message says.
func (e *exported) message(m *telegramMessage) {
	switch m.Type {
	case "message":
	case "service":
		e.post.Service = true
		e.notice(m)
	case "unsupported":
		e.attach(corpus.Media{Kind: corpus.MediaNone, Title: "unsupported"})
	default:
		e.strange(m.Type)
	}
	if edited := exportTime(m.EditedUnix, m.Edited); edited.Year() >= minYear {
		e.post.Edited = true
		if edited.After(e.item.Updated) {
			e.item.Updated = edited
		}
	}
	e.words.paragraph()
	e.text(m.parts())
	e.words.paragraph()
	e.media(m)
	e.buttons(m)
	e.poll(m)
	e.reactions(m)
}

// notice gives a notice of the network as words: "pin message".
func (e *exported) notice(m *telegramMessage) {
	e.words.lines(cmp.Or(m.Notice, strings.ReplaceAll(m.Action, "_", " ")))
	if m.Title != "" {
		e.words.lines(": " + m.Title)
	}
}

func (e *exported) text(parts exportText) {
	for _, part := range parts {
		e.part(part)
	}
}

// part adds a part of a text. Mentions, hashtags and addresses that are not of
// the web are no links.
func (e *exported) part(part exportPart) {
	link := ""
	switch part.Type {
	case "link":
		link = telegramTarget(part.Text, part.Text)
	case "text_link":
		link = telegramTarget(part.Href, part.Text)
	case "code", "pre":
		e.code(part)
	case "blockquote":
		e.words.line()
		e.words.lines(part.Text)
		e.words.line()
	case "plain", "", "unknown", "bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji",
		"mention", "mention_name", "hashtag", "cashtag", "bot_command", "email", "phone", "bank_card":
	default:
		e.strange(part.Type)
	}
	switch part.Type {
	case "code", "pre", "blockquote":
		return
	}
	e.words.lines(part.Text)
	if link != "" && len(e.links) < maxPostLinks {
		e.links = append(e.links, corpus.Link{URL: link, Text: clip(oneLine(part.Text), maxLinkBytes)})
	}
}

func (e *exported) code(part exportPart) {
	if part.Type == "pre" {
		e.words.line()
		defer e.words.line()
	}
	e.words.code++
	e.words.write(part.Text)
	e.words.code--
}

// telegramTarget gives where a link leads, as targetOf does in a web preview.
func telegramTarget(href, words string) string {
	href = strings.TrimSpace(href)
	if scheme, _, ok := strings.Cut(href, ":"); href != "" && (!ok || strings.ContainsAny(scheme, "./?#")) {
		href = "http://" + href // as it opens in the app
	}
	link := absolute(nil, href)
	place, ok := onTelegram(link)
	if !ok {
		return link
	}
	if words = oneLine(words); strings.HasPrefix(words, "@") && !strings.Contains(link, "?") && strings.EqualFold(strings.Trim(place, "/"), words[1:]) {
		return ""
	}
	if place == "/iv" { // instant view
		if behind := absolute(nil, queryOf(link, "url")); behind != "" {
			return behind
		}
	}
	return link
}

func (e *exported) attach(medium corpus.Media) {
	if len(e.post.Media) < maxParts {
		e.post.Media = append(e.post.Media, medium)
	}
}

// media reads what hangs on a message. Files have paths in the folder of the
// export, which are no addresses.
func (e *exported) media(m *telegramMessage) {
	if m.Photo != "" {
		e.attach(corpus.Media{Kind: corpus.MediaPhoto})
	}
	if m.File != "" || m.MediaType != "" {
		e.attach(e.file(m))
	}
	if m.Location != nil || m.PlaceName != "" {
		medium := corpus.Media{Kind: corpus.MediaLocation, Title: oneLine(m.PlaceName), Text: oneLine(m.Address)}
		if l := m.Location; l != nil && medium.Text == "" {
			medium.Text = fmt.Sprintf("%.4f, %.4f", l.Latitude, l.Longitude)
		}
		e.attach(medium)
	}
	if m.Contact != nil {
		e.attach(corpus.Media{Kind: corpus.MediaNone, Title: "contact"})
	}
	if m.Game != "" || m.GameLink != "" {
		e.attach(corpus.Media{Kind: corpus.MediaLink, URL: absolute(nil, m.GameLink), Title: oneLine(m.Game), Text: shown(m.GameText)})
	}
	if m.Invoice != nil {
		e.attach(corpus.Media{Kind: corpus.MediaNone, Title: "invoice"})
	}
	if m.Paid > 0 {
		e.attach(corpus.Media{Kind: corpus.MediaNone, Title: "paid media"})
	}
}

func (e *exported) file(m *telegramMessage) corpus.Media {
	medium := corpus.Media{Kind: corpus.MediaDocument, Title: oneLine(m.fileName())}
	if m.Seconds > 0 && m.Seconds < 1e6 {
		medium.Seconds = time.Duration(m.Seconds) * time.Second
	}
	switch m.MediaType {
	case "":
	case "video_file", "animation", "video_message":
		medium.Kind = corpus.MediaVideo
	case "voice_message":
		medium.Kind = corpus.MediaVoice
	case "audio_file":
		medium.Kind = corpus.MediaAudio
		if m.Title != "" {
			medium.Title, medium.Text = oneLine(m.Title), oneLine(m.Performer)
		}
	case "sticker":
		medium.Kind, medium.Title = corpus.MediaSticker, oneLine(m.Emoji)
	default:
		e.strange(m.MediaType)
	}
	return medium
}

// fileName gives the name of a file, if it is told: in the place of the path of
// one that is not in the export, there is a remark in parentheses.
func (m *telegramMessage) fileName() string {
	if m.FileName != "" || m.File == "" || strings.HasPrefix(m.File, "(") {
		return m.FileName
	}
	return path.Base(m.File)
}

// buttons reads the links that hang below a message.
func (e *exported) buttons(m *telegramMessage) {
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Type != "url" || len(e.links) >= maxPostLinks {
				continue
			}
			if link := telegramTarget(b.Data, b.Text); link != "" {
				e.links = append(e.links, corpus.Link{URL: link, Text: clip(oneLine(b.Text), maxLinkBytes)})
			}
		}
	}
}

// poll reads a poll. Voters may have several votes, so that shares are of them.
func (e *exported) poll(m *telegramMessage) {
	if m.Poll == nil || e.post.Poll != nil {
		return
	}
	ballot := &corpus.Ballot{Question: m.Poll.Question.String(), Voters: max(0, int64(m.Poll.Voters))}
	all := ballot.Voters
	if all == 0 {
		for _, a := range m.Poll.Answers {
			all = sum(all, max(0, int64(a.Voters)))
		}
	}
	for _, a := range m.Poll.Answers[:min(len(m.Poll.Answers), maxParts)] {
		ballot.Options = append(ballot.Options, corpus.BallotOption{Text: a.Text.String(), Share: share(int64(a.Voters), all)})
	}
	e.post.Poll = ballot
}

func (e *exported) reactions(m *telegramMessage) {
	counts := &e.post.Counts
	for _, r := range m.Reactions {
		if r.Count <= 0 {
			continue
		}
		name := clip(r.Emoji, 60)
		switch r.Type {
		case "paid":
			name = "paid"
		case "custom_emoji":
			name = "custom"
			if id := strings.Trim(string(r.Document), `"`); isDigits(id) {
				name += ":" + id
			}
		}
		counts.Likes = sum(counts.Likes, int64(r.Count))
		if counts.Reactions == nil {
			counts.Reactions = map[string]int64{}
		}
		name = cmp.Or(name, "unknown")
		if _, ok := counts.Reactions[name]; ok || len(counts.Reactions) < maxParts {
			counts.Reactions[name] = sum(counts.Reactions[name], int64(r.Count))
		}
	}
}

func isDigits(s string) bool {
	return s != "" && len(s) <= 30 && strings.Trim(s, "0123456789") == ""
}

// unknown keeps the names of parts that are not known, and their words. What is
// one number or one word is a property of something, and not a part.
func (e *exported) unknown(raw []byte) {
	for key, value := range members(raw) {
		if value[0] != '{' && value[0] != '[' || isTelegramMember(key) || string(bytes.TrimSpace(value[1:len(value)-1])) == "" {
			continue
		}
		e.strange(key)
		var v any
		if json.Unmarshal(value, &v) == nil {
			e.wordsOf(v, "")
		}
	}
}

// isTelegramMember reports whether a member that is an object or a list is
// known, be it that it is passed over.
func isTelegramMember(key string) bool {
	switch key {
	case "text", "text_entities", "location_information", "contact_information", "contact_vcard", "invoice_information",
		"poll", "reactions", "inline_bot_buttons", // read
		"members", "values", "winners", "giveaway_information", "giveaway_results": // of notices and lotteries
		return true
	}
	return false
}

// wordsOf adds what in a part of an unknown kind is certain to be words.
func (e *exported) wordsOf(v any, key string) {
	switch v := v.(type) {
	case string:
		switch key {
		case "text", "title", "question", "description":
			e.words.paragraph()
			e.words.lines(v)
		}
	case []any:
		for _, v := range v {
			e.wordsOf(v, key)
		}
	case map[string]any:
		for _, k := range []string{"title", "question", "text", "description"} {
			if words, ok := v[k].(string); ok {
				e.wordsOf(words, k)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if _, isWords := v[k].(string); !isWords {
				e.wordsOf(v[k], k)
			}
		}
	}
}

func (e *exported) strange(name string) {
	name = clip(oneLine(name), 60)
	if name != "" && !slices.Contains(e.post.Strange, name) && len(e.post.Strange) < maxStrange {
		e.post.Strange = append(e.post.Strange, name)
	}
}

func (e *exported) finish() (Post, error) {
	a := corpus.Article{
		Byline:    e.byline,
		Text:      e.words.String(),
		Truncated: e.words.cut,
		Links:     e.links,
		Post:      &e.post,
	}
	return imported("telegram", Post{Item: e.item, Article: a}, e.now)
}

// lines adds a text with its line breaks.
func (p *prose) lines(s string) {
	for i, line := range strings.Split(lineBreaks.Replace(s), "\n") {
		if i > 0 {
			p.breaks, p.blanks = p.breaks+1, 0
		}
		if p.cut {
			return
		}
		p.write(line)
	}
}

// oneLine gives a name in one line, cut if it is much too long.
func oneLine(s string) string {
	p := prose{left: maxTitleRunes}
	p.write(s)
	return p.String()
}
