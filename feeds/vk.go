package feeds

// VK: wall.get of version 5.199 (https://dev.vk.com/method/wall.get), asked with
// extended=1, so that the answer names the accounts that it refers to.
//
// Walls have numbers: positive ones are persons, negative ones communities. The
// permalink of a post is wallOWNER_ID, whatever the account is called.
//
// A repost has a post of its own, with its own counts, and copy_history. If its
// author adds no words, its text and media are those of the original; if he does,
// they are his, and the text of the original stands in Forward.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// A vkAnswer is a page of a wall or an error.
type vkAnswer struct {
	Response *struct {
		Count    tally                 `json:"count"`
		Items    []json.RawMessage     `json:"items"`
		Profiles loose[[]loose[vkWho]] `json:"profiles"`
		Groups   loose[[]loose[vkWho]] `json:"groups"`
	} `json:"response"`
	Error loose[struct {
		Code    int           `json:"error_code"`
		Message loose[string] `json:"error_msg"`
	}] `json:"error"`
}

// A vkWho is a person or a community.
type vkWho struct {
	ID          int64         `json:"id"` // positive, of communities too
	ScreenName  loose[string] `json:"screen_name"`
	Name        loose[string] `json:"name"` // of a community
	FirstName   loose[string] `json:"first_name"`
	LastName    loose[string] `json:"last_name"`
	Closed      loose[int]    `json:"is_closed"`
	Deactivated loose[string] `json:"deactivated"` // "deleted" or "banned"
}

// A vkPost is a post on a wall.
type vkPost struct {
	ID       int64                    `json:"id"`
	OwnerID  int64                    `json:"owner_id"`
	FromID   loose[int64]             `json:"from_id"`
	SignerID loose[int64]             `json:"signer_id"`
	Date     loose[int64]             `json:"date"`
	Edited   loose[int64]             `json:"edited"`
	Text     *string                  `json:"text"`
	Parts    loose[[]json.RawMessage] `json:"attachments"`
	Copied   []vkPost                 `json:"copy_history"` // what is passed on, what that passes on, ...
	Ads      vkFlag                   `json:"marked_as_ads"`
	Views    loose[vkCount]           `json:"views"`
	Likes    loose[vkCount]           `json:"likes"`
	Reposts  loose[vkCount]           `json:"reposts"`
	Comments loose[vkCount]           `json:"comments"`
	Source   loose[struct {
		Link loose[string] `json:"link"`
		Name loose[string] `json:"name"`
	}] `json:"copyright"`
	Geo loose[*struct {
		Coordinates loose[string] `json:"coordinates"`
		Place       loose[struct {
			Title   loose[string] `json:"title"`
			Address loose[string] `json:"address"`
		}] `json:"place"`
	}] `json:"geo"`
	Donut loose[struct {
		Placeholder loose[struct {
			Text loose[string] `json:"text"`
		}] `json:"placeholder"`
	}] `json:"donut"` // of posts for those who pay
}

type vkCount struct {
	Count tally `json:"count"`
}

// A vkFlag is true, or 1.
type vkFlag bool

// UnmarshalJSON never fails.
func (f *vkFlag) UnmarshalJSON(raw []byte) error {
	*f = string(raw) == "1" || string(raw) == "true"
	return nil
}

// A vkPart is any attachment.
type vkPart struct {
	ID          loose[int64]           `json:"id"`
	OwnerID     loose[int64]           `json:"owner_id"`
	URL         loose[string]          `json:"url"`
	Title       loose[string]          `json:"title"`
	Text        loose[string]          `json:"text"`
	Description loose[string]          `json:"description"`
	Artist      loose[string]          `json:"artist"`
	Duration    loose[float64]         `json:"duration"` // seconds
	Sizes       loose[[]loose[vkSize]] `json:"sizes"`
	Original    loose[vkSize]          `json:"orig_photo"`
	Question    loose[string]          `json:"question"`
	Votes       tally                  `json:"votes"`
	Multiple    vkFlag                 `json:"multiple"`
	Anonymous   vkFlag                 `json:"anonymous"`
	Answers     loose[[]struct {
		Text  loose[string] `json:"text"`
		Votes tally         `json:"votes"`
	}] `json:"answers"`
}

// A vkSize is a picture in one size.
type vkSize struct {
	URL    string         `json:"url"`
	Width  loose[float64] `json:"width"`
	Height loose[float64] `json:"height"`
}

// vkPage is how many posts VK gives unasked.
const vkPage = 20

// vk reads a page of a wall.
func (r *reader) vk(text []byte) error {
	r.reading.Format = "vk"
	var answer vkAnswer
	if err := decodeAnswer(text, "a wall of VK", &answer); err != nil {
		return err
	}
	if code := answer.Error.V.Code; code != 0 {
		return vkRefusal(code, answer.Error.V.Message.V)
	}
	if answer.Response == nil || answer.Response.Items == nil {
		return errors.New("expected a wall of VK, but it has no response with items")
	}
	q := r.base.Query()
	w := vkWall{reader: r, who: map[int64]vkWho{}, domain: q.Get("domain")}
	for _, who := range answer.Response.Profiles.V {
		w.who[who.V.ID] = who.V
	}
	for _, who := range answer.Response.Groups.V {
		w.who[-who.V.ID] = who.V
	}
	offset, _ := strconv.ParseInt(q.Get("offset"), 10, 32)
	offset = max(offset, 0)
	if len(answer.Response.Items) == 0 {
		if offset > 0 {
			return nil // after the last page
		}
		return w.refusal()
	}
	if err := r.take(harvestOf(answer.Response.Items, w.post)); err != nil {
		return err
	}
	asked, err := strconv.ParseInt(q.Get("count"), 10, 32)
	if err != nil || asked <= 0 {
		asked = vkPage
	}
	if next := offset + asked; next < int64(answer.Response.Count) {
		r.reading.Next = r.older("offset", strconv.FormatInt(next, 10))
	}
	return nil
}

// vkRefusal makes a refusal of an error (https://dev.vk.com/reference/errors).
// Of the answer only the message is repeated: it lists the request, too.
func vkRefusal(code int, message string) error {
	says := fmt.Sprintf("VK says: error %d: %s", code, said(message))
	switch code {
	case 5, 27, 28, 1116, 1117: // authorization of a user, a group, an application; expired tokens
		return &refusal{corpus.FaultDenied, "VK does not accept the token; " + says}
	case 6: // too many requests per second
		return &refusal{corpus.FaultThrottled, "VK is asked too often; " + says}
	case 9: // flood control
		return &refusal{corpus.FaultThrottled, "VK has been asked the same too often; " + says}
	case 29, 103, 601: // limits of a day
		return &refusal{corpus.FaultThrottled, "what VK gives in a day is used up; " + says}
	case 14, 17, 24, 3300, 3301: // captcha, validation, confirmation
		return &refusal{corpus.FaultDenied, "VK wants a person to confirm the token; " + says}
	case 7, 15, 19, 200, 203: // permission, access, blocked content, access to a group
		return &refusal{corpus.FaultDenied, "the wall is closed to us; " + says}
	case 30:
		return &refusal{corpus.FaultDenied, "the profile is private; " + says}
	case 18, 37:
		return &refusal{corpus.FaultGone, "the account is deleted or banned; " + says}
	case 39, 40, 104, 113, 125:
		return &refusal{corpus.FaultGone, "no account has this name; " + says}
	case 100: // the only parameter that is not always the same is the name
		return &refusal{corpus.FaultGone, "no account has this name, or the address of the feed is wrong; " + says}
	case 1, 10, 32, 36, 43: // unknown, server, wait, timeout, section unavailable
		return &refusal{corpus.FaultServer, says}
	}
	return errors.New(says)
}

// A vkWall is a page that is being read.
type vkWall struct {
	*reader
	who    map[int64]vkWho
	domain string // name of the account in the address, if it has one
}

// refusal says why there is nothing on a wall.
func (w *vkWall) refusal() error {
	for _, who := range w.who {
		if w.domain == "" || !strings.EqualFold(who.ScreenName.V, w.domain) {
			continue
		}
		switch {
		case who.Deactivated.V == "deleted":
			return &refusal{corpus.FaultGone, "the account is deleted"}
		case who.Deactivated.V != "":
			return &refusal{corpus.FaultDenied, "VK has banned the account"}
		case who.Closed.V != 0:
			return &refusal{corpus.FaultDenied, "the community is closed"}
		}
	}
	return errEmpty
}

// permalink gives the address of a post, or "".
func (v *vkPost) permalink() string {
	if v.OwnerID == 0 || v.ID <= 0 {
		return ""
	}
	return fmt.Sprintf("https://vk.com/wall%d_%d", v.OwnerID, v.ID)
}

// post reads one post.
func (w *vkWall) post(v *vkPost) (Post, error) {
	permalink := v.permalink()
	if permalink == "" || v.Text == nil {
		return Post{}, fmt.Errorf("the post %d of %d has no address or no text", v.ID, v.OwnerID)
	}
	post := Post{Item: corpus.Item{URL: permalink, Published: w.unix(v.Date.V)}}
	a := &post.Article
	a.Post = &corpus.Post{Account: cmp.Or(w.domain, w.account(v.OwnerID)), Name: w.name(v.OwnerID)}
	if who := cmp.Or(v.SignerID.V, v.FromID.V); who != v.OwnerID && who != 0 {
		a.Post.Author = cmp.Or(w.name(who), w.account(who))
		a.Byline = a.Post.Author
	}
	post.Item.Author = cmp.Or(a.Post.Author, a.Post.Name, a.Post.Account)
	if v.Edited.V > 0 {
		a.Post.Edited, post.Item.Updated = true, w.unix(v.Edited.V)
	}
	if v.Ads {
		post.Item.Categories = []string{"marked_as_ads"}
	}
	a.Post.Counts = corpus.Counts{
		Views:    int64(v.Views.V.Count),
		Forwards: int64(v.Reposts.V.Count),
		Replies:  int64(v.Comments.V.Count),
		Likes:    int64(v.Likes.V.Count),
	}
	words := v
	if len(v.Copied) > 0 {
		words = w.forward(a, v)
	}
	w.words(a, words)
	return post, nil
}

// forward notes what a post passes on, and gives the post whose words and media
// it shows.
func (w *vkWall) forward(a *corpus.Article, v *vkPost) *vkPost {
	from := &v.Copied[0]
	a.Post.Forward = &corpus.Origin{URL: from.permalink(), Account: w.account(from.OwnerID), Name: w.name(from.OwnerID)}
	if from.OwnerID == v.OwnerID {
		a.Post.Forward.Account = a.Post.Account
	}
	original := from
	for i := range v.Copied { // the first in the chain that says or shows something
		if c := &v.Copied[i]; c.Text != nil && *c.Text != "" || len(c.Parts.V) > 0 {
			original = c
			break
		}
	}
	if *v.Text == "" && len(v.Parts.V) == 0 {
		return original
	}
	if original.Text != nil {
		var shownWords corpus.Article
		a.Post.Forward.Text = shown(vkWords(&shownWords, *original.Text))
	}
	return v
}

// words reads what a post says and what hangs on it.
func (w *vkWall) words(a *corpus.Article, v *vkPost) {
	if v.Text != nil {
		setWords(a, vkWords(a, *v.Text), "")
	}
	for _, raw := range v.Parts.V {
		w.part(a, raw)
	}
	if geo := v.Geo.V; geo != nil {
		addMedia(a, corpus.Media{
			Kind:  corpus.MediaLocation,
			Title: literal(cmp.Or(geo.Place.V.Title.V, geo.Coordinates.V), maxTitleRunes),
			Text:  shown(geo.Place.V.Address.V),
		})
	}
	if notice := v.Donut.V.Placeholder.V.Text.V; notice != "" {
		addMedia(a, corpus.Media{Kind: corpus.MediaNone, Title: literal(notice, maxTitleRunes)})
	}
	if source := v.Source.V; source.Name.V != "" || source.Link.V != "" {
		if name := literal(source.Name.V, maxNameRunes); name != "" {
			a.Credits = []string{name}
		}
		addLink(a, source.Link.V, source.Name.V)
	}
}

// vkMarkup is what has a meaning in the text of a post: the mention of an
// account, [club1|words] or [id1:bp-2_3|words] in an answer; a link with words,
// [https://vk.com/x|words]; and an address.
var vkMarkup = regexp.MustCompile(`\[(?:id|club|public|event)\d+(?::bp-?\d+_\d+)?\|([^\[\]]+)\]|\[(https?://[^\s\[\]|]+)\|([^\[\]]+)\]|` + urlPattern.String())

// vkWords gives the text of a post as a reader sees it, and adds its links.
func vkWords(a *corpus.Article, text string) string {
	text = html.UnescapeString(text)
	var b strings.Builder
	done := 0
	for _, at := range vkMarkup.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[done:at[0]])
		done = at[1]
		switch whole := text[at[0]:at[1]]; {
		case at[2] >= 0: // a mention
			b.WriteString(text[at[2]:at[3]])
		case at[4] >= 0: // a link with words
			addLink(a, text[at[4]:at[5]], text[at[6]:at[7]])
			b.WriteString(text[at[6]:at[7]])
		default:
			link := withoutStop(whole)
			addLink(a, link, link)
			b.WriteString(whole)
		}
	}
	b.WriteString(text[done:])
	return b.String()
}

// part reads an attachment: {"type": "photo", "photo": {...}}.
func (w *vkWall) part(a *corpus.Article, raw json.RawMessage) {
	var fields map[string]json.RawMessage
	var kind loose[string]
	if json.Unmarshal(raw, &fields) != nil || kind.UnmarshalJSON(fields["type"]) != nil || kind.V == "" {
		addStrange(a, "attachment", nil)
		return
	}
	var part vkPart
	if body := fields[kind.V]; len(body) == 0 || json.Unmarshal(body, &part) != nil {
		addStrange(a, kind.V, body)
		return
	}
	title := literal(part.Title.V, maxTitleRunes)
	switch kind.V {
	case "photo":
		addMedia(a, corpus.Media{Kind: corpus.MediaPhoto, URL: part.largest(), Title: literal(part.Text.V, maxTitleRunes)})
	case "video":
		medium := corpus.Media{Kind: corpus.MediaVideo, Title: title, Text: shown(part.Description.V), Seconds: seconds(part.Duration.V)}
		if part.OwnerID.V != 0 && part.ID.V > 0 {
			medium.URL = fmt.Sprintf("https://vk.com/video%d_%d", part.OwnerID.V, part.ID.V)
		}
		addMedia(a, medium)
	case "audio":
		if artist := literal(part.Artist.V, maxTitleRunes); artist != "" {
			title = artist + " – " + title
		}
		addMedia(a, corpus.Media{Kind: corpus.MediaAudio, URL: absolute(nil, part.URL.V), Title: title, Seconds: seconds(part.Duration.V)})
	case "doc":
		addMedia(a, corpus.Media{Kind: corpus.MediaDocument, URL: absolute(nil, part.URL.V), Title: title})
	case "link":
		addCard(a, part.URL.V, part.Title.V, part.Description.V)
	case "poll":
		if a.Post.Poll == nil {
			a.Post.Poll = part.ballot()
		}
	default:
		addStrange(a, kind.V, fields[kind.V])
	}
}

// largest gives the address of a photo in its largest size.
func (p *vkPart) largest() string {
	best, link := -1.0, ""
	for _, size := range append(slices.Clone(p.Sizes.V), p.Original) {
		area := size.V.Width.V * size.V.Height.V // 0 of old photos, whose sizes come in order
		if at := absolute(nil, size.V.URL); at != "" && area >= best {
			best, link = area, at
		}
	}
	return link
}

func (p *vkPart) ballot() *corpus.Ballot {
	b := &corpus.Ballot{Question: literal(p.Question.V, maxShownRunes), Voters: int64(p.Votes)}
	var kinds []string
	if p.Anonymous {
		kinds = append(kinds, "anonymous")
	}
	if p.Multiple {
		kinds = append(kinds, "multiple")
	}
	b.Kind = strings.Join(kinds, ", ")
	votes := int64(0)
	answers := p.Answers.V[:min(len(p.Answers.V), maxParts)]
	for _, answer := range answers {
		votes = sum(votes, int64(answer.Votes))
	}
	for _, answer := range answers {
		b.Options = append(b.Options, corpus.BallotOption{Text: literal(answer.Text.V, maxTitleRunes), Share: share(int64(answer.Votes), votes)})
	}
	return b
}

// account gives the name of an account in addresses.
func (w *vkWall) account(id int64) string {
	if name := literal(w.who[id].ScreenName.V, maxNameRunes); name != "" {
		return name
	}
	switch {
	case id > 0:
		return "id" + strconv.FormatInt(id, 10)
	case id < 0:
		return "club" + strings.TrimPrefix(strconv.FormatInt(id, 10), "-")
	}
	return ""
}

// name gives what an account calls itself.
func (w *vkWall) name(id int64) string {
	who := w.who[id]
	return literal(cmp.Or(who.Name.V, who.FirstName.V+" "+who.LastName.V), maxNameRunes)
}

// unix gives a time that VK tells in seconds.
func (w *vkWall) unix(s int64) time.Time {
	switch {
	case s == 0:
		return time.Time{}
	case s < 0 || s > 1<<35: // the year 3058
		w.badDates++
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
