package main

import (
	"cmp"
	"fmt"
	"strings"

	"chorus/corpus"
)

// postRows says what is special to a post: rows of a name and a value.
func postRows(p *corpus.Post, r corpus.Relations) [][2]string {
	rows := [][2]string{{"account", strings.TrimSpace(cmp.Or(p.Name, p.Account)) + " on " + p.Network}}
	add := func(name, value string) { rows = append(rows, [2]string{name, value}) }
	for _, o := range []struct {
		name   string
		origin *corpus.Origin
	}{{"forward of", p.Forward}, {"reply to", p.Reply}, {"quotes", p.Quote}} {
		if o.origin != nil {
			add(o.name, strings.Join(nonEmpty(cmp.Or(o.origin.Name, o.origin.Account), o.origin.URL, o.origin.Text), ", "))
		}
	}
	var media []string
	for _, m := range p.Media {
		media = append(media, strings.Join(nonEmpty(string(m.Kind), m.Title), " "))
	}
	add("media", strings.Join(media, ", "))
	if p.Poll != nil {
		var options []string
		for _, o := range p.Poll.Options {
			options = append(options, fmt.Sprintf("%s %.0f %%", o.Text, 100*o.Share))
		}
		add("poll", p.Poll.Question+": "+strings.Join(options, ", "))
	}
	for _, c := range r.Counts {
		add("counted", fmt.Sprintf("%s UTC: %s", stamp(c.At), countsLine(c)))
	}
	if p.Edited {
		add("edited", "yes, by the network's mark")
	}
	for _, x := range r.To {
		add(x.Kind+" to", string(x.Document.ID[:12])+" "+x.Document.Item.Outlet+": "+x.Document.Title())
	}
	for _, x := range r.From {
		add(x.Kind+" by", string(x.Document.ID[:12])+" "+x.Document.Item.Outlet+", "+stamp(x.Document.Published())+" UTC")
	}
	if r.More > 0 {
		add("", fmt.Sprintf("and %d more", r.More))
	}
	return rows
}

// countsLine is "12 345 views, 3 forwards".
func countsLine(c corpus.Counts) string {
	var out []string
	for _, n := range []struct {
		n         int64
		one, many string
	}{{c.Views, "view", "views"}, {c.Forwards, "forward", "forwards"}, {c.Replies, "reply", "replies"}, {c.Likes, "reaction", "reactions"}} {
		if n.n > 0 {
			out = append(out, plural(int(n.n), n.one, n.many))
		}
	}
	return strings.Join(out, ", ")
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
