package feeds

import (
	"fmt"
	"strings"
	"testing"

	"chorus/corpus"
)

// channelFeed is the feed of a channel with these entries.
func channelFeed(entries string) string {
	return `<?xml version="1.0"?><feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom"><title>River</title>` + entries + `</feed>`
}

func channelVideo(id, description string) string {
	return fmt.Sprintf(`<entry><yt:videoId>%s</yt:videoId><title>T</title><author><name>River</name><uri>https://www.youtube.com/channel/UCriverriverriverriver00</uri></author><published>2026-11-23T10:00:00+00:00</published><media:group><media:description>%s</media:description></media:group></entry>`, id, description)
}

func TestYouTubeRefusals(t *testing.T) {
	checkRefusals(t, corpus.FeedYouTube, "", []refused{
		{"no videos", channelFeed(""), corpus.FaultEmpty, "an empty answer"},
		{"another feed", `<rss version="2.0"><channel><item><link>https://a.example/1</link></item></channel></rss>`, corpus.FaultFormat, "expected the feed of a YouTube channel, got an XML document <rss>"},
		{"JSON", `{"items":[]}`, corpus.FaultFormat, `expected the feed of a YouTube channel, got "{`},
		{"a page to consent", `<!doctype html><title>Before you continue</title>`, corpus.FaultFormat, `expected the feed of a YouTube channel, got an HTML page with the title "Before you continue"`},
		{"a video of nobody", channelFeed(`<entry><yt:videoId>bad</yt:videoId></entry>`), corpus.FaultFormat, `1 post, and none can be read; the first: "bad" is no id of a video`},
		{"nested too deeply", channelFeed(strings.Repeat("<a>", 500)), corpus.FaultFormat, "elements are nested more than"},
		{"cut before the first video", strings.TrimSuffix(channelFeed("<entry><title>x"), "</feed>"), corpus.FaultFormat, "the document ends before its first whole item"},
	})
}

func TestYouTubeReadsWhatIsWholeOfACutFeed(t *testing.T) {
	text := channelFeed(channelVideo("video_number1", "one") + channelVideo("video_number2", "two"))
	r := mustReadAccount(t, corpus.FeedYouTube, "", text[:strings.Index(text, "two")])
	if len(r.Posts) != 1 || r.Posts[0].Article.Text != "one" || !r.Cut {
		t.Errorf("Read = %d posts, cut %v", len(r.Posts), r.Cut)
	}
}

func TestYouTubeExpandsNoEntities(t *testing.T) {
	bomb := `<!DOCTYPE feed [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	r := mustReadAccount(t, corpus.FeedYouTube, "", strings.Replace(channelFeed(channelVideo("video_number1", "x &b; y")), "<feed", bomb+"<feed", 1))
	if got := r.Posts[0].Article.Text; strings.Contains(got, "lol") {
		t.Errorf("text %q", got)
	}
}

func TestYouTubeTellsOfBrokenVideos(t *testing.T) {
	for name, c := range map[string]struct{ broken, want, warning string }{
		"no id":             {`<entry><title>x</title></entry>`, "one|three & more", "1 post could not be read and left out"},
		"no XML":            {`<entry><yt:videoId a=<b>video_number2</yt:videoId></entry>`, "one|three & more", "1 post could not be read and left out"},
		"a tag without end": {`<entry><title </entry>`, "one", "2 videos too broken to read"},
	} {
		r := mustReadAccount(t, corpus.FeedYouTube, "", channelFeed(channelVideo("video_number1", "one")+c.broken+channelVideo("video_number3", "three & more")))
		var got []string
		for _, p := range r.Posts {
			got = append(got, p.Article.Text)
		}
		if strings.Join(got, "|") != c.want || !strings.HasPrefix(strings.Join(r.Warnings, "|"), c.warning) {
			t.Errorf("%s: Read = %q with %q", name, got, r.Warnings)
		}
	}
}

func TestYouTubeChannelOf(t *testing.T) {
	for page, want := range map[string]string{
		"https://www.youtube.com/channel/UCriverriverriverriver00": "UCriverriverriverriver00",
		"http://www.youtube.com/@River.Post/":                      "River.Post",
		"https://www.youtube.com/channel/../x":                     "",
		"https://www.youtube.com/user/river":                       "",
		"%zz":                                                      "",
	} {
		if got := channelOf(page); got != want {
			t.Errorf("channelOf(%q) = %q, want %q", page, got, want)
		}
	}
}

func FuzzYouTube(f *testing.F) {
	fuzzNetwork(f, corpus.FeedYouTube, channelFeed(channelVideo("video_number1", "one")), channelFeed(""))
}
