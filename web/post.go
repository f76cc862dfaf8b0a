package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chorus/corpus"
)

// A postView is what is special to a post: where it is from, what it passes on
// or answers, what hangs on it, how often it was seen.
type postView struct {
	Network string
	Account string
	Service bool
	Edited  bool
	Origins []originView
	Media   []mediaView
	Poll    *pollView
	Counts  []countRow // oldest first
	From    []relationView
	More    int
	To      []relationView
	Strange string
}

// An originView is another post that the post refers to.
type originView struct {
	What string // "Forwarded from"
	Who  string
	Text string      // as the post shows it
	Link outsideLink // Href is empty if its address is not told
	Doc  string      // address of our document, if we have it
}

type mediaView struct {
	What string
	Link outsideLink
	Text string
	Long string
}

type pollView struct {
	Question string
	Kind     string
	Voters   int
	Options  []pollOption
}

type pollOption struct {
	Text  string
	Share float64 // 0..1
	Label string
}

type countRow struct {
	At                              moment
	Views, Forwards, Replies, Likes int
	Reactions                       string
}

// A relationView is a document that refers to the post, or that it refers to.
type relationView struct {
	What     string
	Title    string
	URL      string
	Script   script
	Outlet   link
	Bloc     string
	BlocName string
	At       moment
}

// The most of each that is shown.
const (
	maxMedia     = 30
	maxCountRows = 60
)

// originWords say how a post refers to another, and relationWords how another
// refers to it.
var (
	originWords   = map[string]string{"forward": "Forwarded from", "reply": "In reply to", "quote": "Quotes", "link": "Links to"}
	relationWords = map[string]string{"forward": "forwarded it", "reply": "replied to it", "quote": "quoted it", "link": "linked to it"}
)

func postViewOf(d *corpus.Document, r corpus.Relations, l lookup) *postView {
	v := &postView{More: r.More}
	known := map[corpus.DocID]string{}
	for _, x := range r.To {
		known[x.Document.ID] = docURL(x.Document.ID, 0, "")
		if x.Kind == "link" {
			v.To = append(v.To, relationViewOf(x, originWords, l))
		}
	}
	for _, x := range r.From {
		v.From = append(v.From, relationViewOf(x, relationWords, l))
	}
	p := d.Article.Post
	if p == nil { // a line of an import says no more than what it forwards
		if d.Item.ForwardOf != "" {
			v.Origins = append(v.Origins, originViewOf("forward", corpus.Origin{URL: d.Item.ForwardOf}, known))
		}
		return v
	}
	v.Network, v.Service, v.Edited = networkName(p.Network), p.Service, p.Edited
	v.Account = shorten(plain(cmp.Or(p.Name, p.Account)), 120)
	if p.Name != "" && p.Account != "" {
		v.Account += " (@" + shorten(plain(p.Account), 60) + ")"
	}
	for _, o := range []struct {
		kind   string
		origin *corpus.Origin
	}{{"forward", p.Forward}, {"reply", p.Reply}, {"quote", p.Quote}} {
		if o.origin != nil {
			v.Origins = append(v.Origins, originViewOf(o.kind, *o.origin, known))
		}
	}
	for _, m := range p.Media[:min(len(p.Media), maxMedia)] {
		v.Media = append(v.Media, mediaViewOf(m))
	}
	if p.Poll != nil {
		v.Poll = pollViewOf(p.Poll)
	}
	for _, c := range r.Counts[max(len(r.Counts)-maxCountRows, 0):] {
		v.Counts = append(v.Counts, countRow{momentOf(c.At), int(c.Views), int(c.Forwards), int(c.Replies), int(c.Likes), reactionsOf(c.Reactions)})
	}
	v.Strange = shorten(plain(strings.Join(p.Strange, ", ")), 200)
	return v
}

func originViewOf(kind string, o corpus.Origin, known map[corpus.DocID]string) originView {
	v := originView{What: originWords[kind], Text: shorten(plain(o.Text), 400)}
	v.Who = shorten(plain(cmp.Or(o.Name, o.Account)), 120)
	if o.URL != "" {
		v.Link = outsideLinkOf(o.URL, "")
		if id, err := corpus.IDOf(o.URL); err == nil {
			v.Doc = known[id]
		}
	}
	return v
}

func mediaViewOf(m corpus.Media) mediaView {
	v := mediaView{What: string(m.Kind), Text: shorten(plain(m.Text), 300)}
	if m.URL != "" {
		v.Link = outsideLinkOf(m.URL, m.Title)
	} else {
		v.Link.Text = shorten(plain(m.Title), 160)
	}
	if m.Seconds > 0 {
		v.Long = fmt.Sprintf("%d:%02d", int(m.Seconds/time.Minute), int(m.Seconds/time.Second)%60)
	}
	return v
}

func pollViewOf(b *corpus.Ballot) *pollView {
	v := &pollView{Question: shorten(plain(b.Question), 300), Kind: shorten(plain(b.Kind), 60), Voters: int(b.Voters)}
	for _, o := range b.Options[:min(len(b.Options), 20)] {
		v.Options = append(v.Options, pollOption{shorten(plain(o.Text), 200), min(max(o.Share, 0), 1), fmt.Sprintf("%.0f %%", 100*o.Share)})
	}
	return v
}

// reactionsOf lists reactions, the most frequent first.
func reactionsOf(all map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b)) })
	var out []string
	for _, n := range names[:min(len(names), 8)] {
		out = append(out, shorten(plain(n), 20)+" "+count(int(all[n])))
	}
	return strings.Join(out, " · ")
}

func relationViewOf(x corpus.Relation, words map[string]string, l lookup) relationView {
	d := &x.Document
	return relationView{
		What: words[x.Kind], Title: shorten(plain(d.Title()), 140), URL: docURL(d.ID, 0, ""), Script: scriptOf(d.Article.Lang, d.Title()),
		Outlet: link{URL: outletURL(d.Item.Outlet), Text: l.outletName(d.Item.Outlet)},
		Bloc:   blocKey(l.bloc(d.Item.Outlet)), BlocName: blocName(l.bloc(d.Item.Outlet)), At: momentOf(d.Published()),
	}
}

// networkName is what people call a network.
func networkName(n string) string {
	switch n {
	case "vk":
		return "VK"
	case "x":
		return "X"
	case "youtube":
		return "YouTube"
	case "tiktok":
		return "TikTok"
	case "":
		return ""
	}
	return strings.ToUpper(n[:1]) + n[1:]
}
