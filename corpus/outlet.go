package corpus

import "time"

// A Bloc is the side an outlet is counted on.
type Bloc string

// The blocs. Control outlets are independent wires and broadcasters in the
// same languages; they tell what would have happened without the blocs.
const (
	BlocRU      Bloc = "RU"
	BlocCN      Bloc = "CN"
	BlocControl Bloc = "control"
)

// Blocs lists all blocs in the order in which pages and reports show them.
func Blocs() []Bloc { return []Bloc{BlocRU, BlocCN, BlocControl} }

// A FeedKind says how a feed is read.
type FeedKind string

// The kinds of feed.
const (
	FeedRSS     FeedKind = "rss"     // RSS 0.9x-2.0, RDF, Atom or JSON Feed: told apart by their content
	FeedSitemap FeedKind = "sitemap" // sitemap, news sitemap or sitemap index
	FeedList    FeedKind = "list"    // a page of links, read with CSS selectors

	// Accounts on networks. What they list are whole posts, which need not be
	// fetched one by one.
	FeedTelegram FeedKind = "telegram" // web preview of a public channel: https://t.me/s/NAME
	FeedBluesky  FeedKind = "bluesky"  // https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=HANDLE
	FeedMastodon FeedKind = "mastodon" // https://INSTANCE/api/v1/accounts/lookup?acct=NAME
	FeedYouTube  FeedKind = "youtube"  // https://www.youtube.com/feeds/videos.xml?channel_id=ID
	FeedVK       FeedKind = "vk"       // https://api.vk.com/method/wall.get?domain=NAME; needs a token
	FeedX        FeedKind = "x"        // https://api.x.com/2/users/ID/tweets; needs a token
)

// Social reports whether feeds of this kind list posts.
func (k FeedKind) Social() bool {
	switch k {
	case FeedTelegram, FeedBluesky, FeedMastodon, FeedYouTube, FeedVK, FeedX:
		return true
	}
	return false
}

// API reports whether feeds of this kind are interfaces made for programs, for
// which robots.txt does not speak.
func (k FeedKind) API() bool { return k.Social() && k != FeedTelegram }

// TokenName is the variable of the environment with the token that feeds of
// this kind need; empty if they need none.
func (k FeedKind) TokenName() string {
	switch k {
	case FeedVK:
		return "CHORUS_VK_TOKEN"
	case FeedX:
		return "CHORUS_X_TOKEN"
	}
	return ""
}

// A Feed is an address of an outlet that lists items.
type Feed struct {
	URL      string    `yaml:"url" json:"url"`
	Kind     FeedKind  `yaml:"kind" json:"kind"`
	Lang     string    `yaml:"lang,omitempty" json:"lang,omitempty"`           // language of its items, if the outlet has several
	Verified bool      `yaml:"verified" json:"verified"`                       // the address was seen to answer with a feed
	List     *ListRule `yaml:"list,omitempty" json:"list,omitempty"`           // for Kind list
	Include  string    `yaml:"include,omitempty" json:"include,omitempty"`     // regular expression (RE2) an item's URL must match
	Exclude  string    `yaml:"exclude,omitempty" json:"exclude,omitempty"`     // regular expression an item's URL must not match
	MaxItems int       `yaml:"max_items,omitempty" json:"max_items,omitempty"` // 0 means the program's limit
	Back     time.Time `yaml:"back,omitempty" json:"back,omitzero"`            // of posts: how far to page back; zero: what the first page shows
}

// A ListRule says how items are read from a page of links.
type ListRule struct {
	Item  string `yaml:"item,omitempty" json:"item,omitempty"`   // CSS selector of one entry; empty: every match of Link is an entry
	Link  string `yaml:"link" json:"link"`                       // CSS selector of the <a>, inside Item if that is set
	Title string `yaml:"title,omitempty" json:"title,omitempty"` // CSS selector inside Item; empty: the link's text
	Date  string `yaml:"date,omitempty" json:"date,omitempty"`   // CSS selector inside Item; its datetime attribute or its text
	Next  string `yaml:"next,omitempty" json:"next,omitempty"`   // CSS selector of the link to the next page
	Pages int    `yaml:"pages,omitempty" json:"pages,omitempty"` // how many pages one poll reads at most; 0 means 1
}

// An ArticleRule overrides the extractor for one outlet. Each field is a CSS
// selector; an empty one leaves the field to the extractor.
type ArticleRule struct {
	Title     string   `yaml:"title,omitempty" json:"title,omitempty"`
	Body      string   `yaml:"body,omitempty" json:"body,omitempty"`
	Byline    string   `yaml:"byline,omitempty" json:"byline,omitempty"`
	Published string   `yaml:"published,omitempty" json:"published,omitempty"`
	Remove    []string `yaml:"remove,omitempty" json:"remove,omitempty"` // taken out of the page before anything is read
}

// A Tier says how closely an outlet is watched: the bounds of its poll interval.
type Tier string

// The tiers.
const (
	TierWire  Tier = "wire"  // polled every 5 to 30 minutes
	TierDaily Tier = "daily" // every 15 minutes to 6 hours
	TierSlow  Tier = "slow"  // every hour to 24 hours
)

// Interval gives the bounds between which the poll interval of a feed adapts.
func (t Tier) Interval() (least, most time.Duration) {
	switch t {
	case TierWire:
		return 5 * time.Minute, 30 * time.Minute
	case TierSlow:
		return time.Hour, 24 * time.Hour
	}
	return 15 * time.Minute, 6 * time.Hour
}

// An Outlet is a publisher that is watched.
type Outlet struct {
	ID        string            `yaml:"id" json:"id"`                             // short, lower case, stable: "tass", "xinhua-en"
	Name      string            `yaml:"name" json:"name"`                         // as it calls itself in English
	Native    string            `yaml:"native,omitempty" json:"native,omitempty"` // as it calls itself
	Bloc      Bloc              `yaml:"bloc" json:"bloc"`
	Country   string            `yaml:"country" json:"country"` // ISO 3166-1 alpha-2 of the owner
	Owner     string            `yaml:"owner" json:"owner"`
	Family    string            `yaml:"family" json:"family"`                         // id shared by outlets of one newsroom or owner
	Ownership string            `yaml:"ownership" json:"ownership"`                   // state, party, government, state-affiliated, private, public, independent
	Typology  string            `yaml:"typology,omitempty" json:"typology,omitempty"` // state media matrix (Dragomir & Soderstrom): SC, CaPu, CaPr, ISFM, ...
	Languages []string          `yaml:"languages" json:"languages"`                   // ISO 639-1
	Hosts     []string          `yaml:"hosts" json:"hosts"`                           // lower case, without port; subdomains belong to it
	Home      string            `yaml:"home,omitempty" json:"home,omitempty"`         // home page; empty: https:// and the first host
	Feeds     []Feed            `yaml:"feeds,omitempty" json:"feeds"`
	Social    map[string]string `yaml:"social,omitempty" json:"social,omitempty"` // network to handle: telegram, x, youtube, vk, facebook, bluesky, mastodon, weibo
	Tier      Tier              `yaml:"tier" json:"tier"`
	Proxy     string            `yaml:"proxy,omitempty" json:"proxy,omitempty"` // "direct", or a socks5:// or http:// URL; empty: the global one
	Article   *ArticleRule      `yaml:"article,omitempty" json:"article,omitempty"`
	Disabled  bool              `yaml:"disabled,omitempty" json:"disabled,omitempty"`
}

// A FeedState is what is known of the polling of one feed. It is kept in the
// store; feeds.Next computes it.
type FeedState struct {
	Outlet       string        `json:"outlet"`
	URL          string        `json:"url"`
	ETag         string        `json:"-"`
	LastModified string        `json:"-"`
	Interval     time.Duration `json:"interval_ns"`        // the present poll interval
	Due          time.Time     `json:"due"`                // when the next poll is due
	Polled       time.Time     `json:"polled,omitzero"`    // last poll, whatever came of it
	Read         time.Time     `json:"read,omitzero"`      // last poll that was read as a feed (status 200)
	Unchanged    time.Time     `json:"unchanged,omitzero"` // last answer 304: no information about health
	NewItem      time.Time     `json:"new_item,omitzero"`  // last poll that brought a new item
	Items        int           `json:"items"`              // in the last readable poll
	New          int           `json:"new"`                // new ones among them
	Total        int           `json:"total"`              // new items ever
	NewShare     float64       `json:"new_share"`          // moving mean of the share of new items per poll, 0..1
	Gap          time.Duration `json:"gap_ns,omitzero"`    // moving mean of the time between polls that brought new items; 0 if not known
	Failures     int           `json:"failures"`           // in a row
	Fault        *Fault        `json:"fault,omitempty"`    // of the last poll, nil if it was read
	Warning      string        `json:"warning,omitempty"`  // the feed was readable, but ...
	Older        string        `json:"older,omitempty"`    // of posts: the page from which paging back goes on at the next poll
}

// Health is the state of a feed or an outlet in one word.
type Health string

// The healths, from good to bad.
const (
	HealthOK      Health = "ok"      // read at the last poll and not silent
	HealthNew     Health = "new"     // never polled
	HealthSilent  Health = "silent"  // readable, but nothing new for unusually long
	HealthFailing Health = "failing" // the last poll or polls failed
	HealthDead    Health = "dead"    // failed for a week or more, or gone
	HealthNoFeed  Health = "no-feed" // the outlet has no feed to read
)
