package feeds

// YouTube: the Atom feed of a channel's newest 15 videos. What is in it beyond
// Atom is in the namespaces yt and media (Media RSS).
//
// A post is a video: its title is the post's title, its description the text.
// The time of an update is left out: it changes with the numbers of the video,
// too. There are no older pages.

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"chorus/corpus"
)

// A youtubeEntry is a video. Elements are known by their local names: an entry
// is read on its own, without the root that declares the namespaces.
type youtubeEntry struct {
	ID        string `xml:"id"` // yt:video:ID
	VideoID   string `xml:"videoId"`
	ChannelID string `xml:"channelId"`
	Title     string `xml:"title"`
	Published string `xml:"published"`
	Author    struct {
		Name string `xml:"name"`
		URI  string `xml:"uri"`
	} `xml:"author"`
	Group struct {
		Description string `xml:"description"`
		Thumbnails  []struct {
			URL string `xml:"url,attr"`
		} `xml:"thumbnail"`
		Community struct {
			Rating struct {
				Count string `xml:"count,attr"`
			} `xml:"starRating"`
			Statistics struct {
				Views string `xml:"views,attr"`
			} `xml:"statistics"`
		} `xml:"community"`
	} `xml:"group"`
}

// youtube reads the feed of a channel.
func (r *reader) youtube(text []byte) error {
	r.reading.Format = "youtube"
	text = mend(dropJunk(text))
	switch root := rootOf(text); root {
	case "feed":
	case "html", "{", "":
		return fmt.Errorf("expected the feed of a YouTube channel, got %s", glance(text))
	default:
		return fmt.Errorf("expected the feed of a YouTube channel, got an XML document <%s>", clip(root, 40))
	}
	o, err := outlineOf(text, r.max)
	switch {
	case err != nil:
		return err
	case len(o.items) == 0 && o.whole:
		return errEmpty
	case len(o.items) == 0:
		return errNoItem
	case o.capped:
		r.reading.Cut = true
		r.reading.warnf("only the first %d videos were read", len(o.items))
	case !o.whole:
		r.reading.Cut = true
		r.reading.warnf("the document ends early; read up to the last whole video")
	}
	if lost := bytes.Count(text, []byte("<entry>")) - len(o.items); lost > 0 && o.whole { // an entry without its end swallows the next
		r.reading.Cut = true
		r.reading.warnf("%s too broken to read", count(lost, "video"))
	}
	var h harvest
	for _, item := range o.items {
		post, err := r.video(item.of(text))
		if err != nil {
			h.lose(err)
			continue
		}
		h.posts = append(h.posts, post)
	}
	return r.take(h)
}

// video reads one entry.
func (r *reader) video(entry []byte) (Post, error) {
	var e youtubeEntry
	d := xml.NewDecoder(bytes.NewReader(entry))
	d.Strict = false
	if err := d.Decode(&e); err != nil {
		return Post{}, err
	}
	id := cmp.Or(strings.TrimSpace(e.VideoID), strings.TrimPrefix(strings.TrimSpace(e.ID), "yt:video:"))
	if !youtubeID.MatchString(id) {
		return Post{}, fmt.Errorf("%q is no id of a video", clip(id, 60))
	}
	account := cmp.Or(channelOf(e.Author.URI), channelID(e.ChannelID), channelID(r.base.Query().Get("channel_id")))
	if account == "" {
		return Post{}, errors.New("video " + id + " is of no channel")
	}
	post := Post{Item: corpus.Item{
		URL:       "https://www.youtube.com/watch?v=" + id,
		Title:     literal(e.Title, maxTitleRunes),
		Published: r.timestamp(strings.TrimSpace(e.Published)),
	}}
	a := &post.Article
	a.Title = post.Item.Title
	a.Post = &corpus.Post{Account: account, Name: literal(e.Author.Name, maxNameRunes)}
	post.Item.Author = cmp.Or(a.Post.Name, account)
	setWords(a, e.Group.Description, "")
	linksIn(a, a.Text)
	addMedia(a, corpus.Media{Kind: corpus.MediaVideo, URL: post.Item.URL, Title: a.Title})
	for _, thumbnail := range e.Group.Thumbnails {
		if link := absolute(nil, thumbnail.URL); link != "" {
			a.Images = append(a.Images, link)
			break // the others are the same in other sizes
		}
	}
	a.Post.Counts = corpus.Counts{Views: countOf(e.Group.Community.Statistics.Views), Likes: countOf(e.Group.Community.Rating.Count)}
	return post, nil
}

var (
	youtubeID      = regexp.MustCompile(`^[A-Za-z0-9_-]{6,20}$`)
	youtubeChannel = regexp.MustCompile(`^UC[A-Za-z0-9_-]{10,40}$`)
)

// channelOf gives the channel that the page of an author is of: its id, or its
// handle.
func channelOf(page string) string {
	u, err := url.Parse(strings.TrimSpace(page))
	if err != nil {
		return ""
	}
	first, rest, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if first == "channel" {
		return channelID(rest)
	}
	if handle, ok := strings.CutPrefix(first, "@"); ok {
		return literal(handle, maxNameRunes)
	}
	return ""
}

func channelID(s string) string {
	if s = strings.TrimSpace(s); youtubeChannel.MatchString(s) {
		return s
	}
	return ""
}

// countOf reads a count, or 0.
func countOf(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
