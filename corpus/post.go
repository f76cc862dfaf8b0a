package corpus

import "time"

// A Post is what is special to a social post, beside its article: who
// published it where, what it passes on or answers, and what hangs on it. An
// album is one post. The text of what it quotes or answers stands here and not
// in Article.Text, so that a post is tagged and counted by its own words.
type Post struct {
	Network string   `json:"network"`           // "telegram", "bluesky", "mastodon", "youtube", "vk", "x", "weibo", "tiktok"
	Account string   `json:"account"`           // handle of the account, as the network writes it, without @
	Name    string   `json:"name,omitempty"`    // of the account, as it calls itself
	Author  string   `json:"author,omitempty"`  // who signed it within the account, if anyone did
	Forward *Origin  `json:"forward,omitempty"` // what it passes on whole: a forward, repost, boost
	Reply   *Origin  `json:"reply,omitempty"`   // what it answers
	Quote   *Origin  `json:"quote,omitempty"`   // what it quotes
	Media   []Media  `json:"media,omitempty"`
	Poll    *Ballot  `json:"poll,omitempty"`
	Service bool     `json:"service,omitzero"`  // the network's own notice: "pinned a message"
	Edited  bool     `json:"edited,omitzero"`   // the network says that it was edited
	Counts  Counts   `json:"counts,omitzero"`   // when this version was first read; later ones are in the store
	Strange []string `json:"strange,omitempty"` // names of parts of a kind that the reader does not know; their text is kept
}

// An Origin is another post that a post refers to, as far as it says.
type Origin struct {
	URL     string `json:"url,omitempty"`     // permalink, or empty if the network does not tell it
	Account string `json:"account,omitempty"` // handle without @
	Name    string `json:"name,omitempty"`    // as it calls itself
	Text    string `json:"text,omitempty"`    // as shown, which may be cut
}

// A MediaKind says what hangs on a post.
type MediaKind string

// The kinds of media.
const (
	MediaPhoto    MediaKind = "photo"
	MediaVideo    MediaKind = "video" // round ones and animations too
	MediaVoice    MediaKind = "voice"
	MediaAudio    MediaKind = "audio"
	MediaDocument MediaKind = "document"
	MediaSticker  MediaKind = "sticker"
	MediaLocation MediaKind = "location"
	MediaLink     MediaKind = "link"        // the preview of a linked page
	MediaNone     MediaKind = "unsupported" // the network does not show it to us
)

// A Media is one thing that hangs on a post. It is not fetched.
type Media struct {
	Kind    MediaKind     `json:"kind"`
	URL     string        `json:"url,omitempty"`   // absolute; addresses of files may expire
	Title   string        `json:"title,omitempty"` // file name, description for the blind, title of the linked page
	Text    string        `json:"text,omitempty"`  // of the preview of a linked page
	Seconds time.Duration `json:"seconds_ns,omitzero"`
}

// A Ballot is a poll in a post.
type Ballot struct {
	Question string         `json:"question"`
	Kind     string         `json:"kind,omitempty"` // as the network calls it: "Anonymous Poll", "Quiz"
	Options  []BallotOption `json:"options"`
	Voters   int64          `json:"voters,omitzero"` // 0 if it is not told
}

// A BallotOption is one answer of a poll.
type BallotOption struct {
	Text  string  `json:"text"`
	Share float64 `json:"share"` // of the votes, 0..1
}

// Counts are how often a post was seen and answered, at one moment. They are
// rounded where the network rounds ("12.3K").
type Counts struct {
	At        time.Time        `json:"at,omitzero"`
	Views     int64            `json:"views,omitzero"` // 0 if it is not told; so for all
	Forwards  int64            `json:"forwards,omitzero"`
	Replies   int64            `json:"replies,omitzero"`
	Likes     int64            `json:"likes,omitzero"`      // or the sum of all reactions
	Reactions map[string]int64 `json:"reactions,omitempty"` // by emoji or name
}

// Known reports whether anything was counted.
func (c Counts) Known() bool {
	return c.Views != 0 || c.Forwards != 0 || c.Replies != 0 || c.Likes != 0 || len(c.Reactions) > 0
}

// A Relation is a document that a post refers to, or that refers to it.
type Relation struct {
	Kind     string   `json:"kind"` // forward, reply, quote or link
	Document Document `json:"document"`
}

// Relations are the references of one document that lead to documents we have,
// and the samples of its counts.
type Relations struct {
	To     []Relation `json:"to"`     // what it refers to
	From   []Relation `json:"from"`   // what refers to it, oldest first
	More   int        `json:"more"`   // references to it that are not listed
	Counts []Counts   `json:"counts"` // oldest first
}
