package telegramweb

// The markup of the pages, by the real ones.

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A builder writes HTML.
type builder struct{ strings.Builder }

// add writes markup, which is a format, with its strings escaped.
func (b *builder) add(markup string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = html.EscapeString(s)
		}
	}
	fmt.Fprintf(b, markup, args...)
}

const tail = `<i class="tgme_widget_message_bubble_tail"><svg class="bubble_icon" width="9px" height="20px" viewBox="0 0 9 20"><g fill="none"><path class="background" fill="#ffffff" d="M8,1 L9,1 L9,20 Z"></path></g></svg></i>`

// head writes all that stands above the messages.
func (b *builder) head(c Channel, from, to int) {
	b.add("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>%s – Telegram</title>\n", c.Title)
	b.add(`<meta property="og:title" content="%s"><meta property="og:site_name" content="Telegram">`, c.Title)
	if from > 0 {
		b.add(`<link rel="prev" href="/s/%s?before=%d">`, c.Name, c.Posts[from].ID)
	}
	if to > from && to < len(c.Posts) {
		b.add(`<link rel="next" href="/s/%s?after=%d">`, c.Name, c.Posts[to-1].ID)
	}
	b.add(`<link rel="canonical" href="/s/%s"><link href="//telegram.org/css/telegram-web.css?37" rel="stylesheet" media="screen"><script>TBaseUrl = '/';</script></head>`, c.Name)
	b.WriteString(`<body class="widget_frame_base tgme_webpreview emoji_image"><header class="tgme_header"><div class="tgme_container"><div class="tgme_channel_info">`)
	b.add(`<div class="tgme_channel_info_header_title"><span dir="auto">%s</span></div><div class="tgme_channel_info_header_username"><a href="https://t.me/%s">@%s</a></div>`, c.Title, c.Name, c.Name)
	b.add(`<div class="tgme_channel_info_counters"><div class="tgme_channel_info_counter"><span class="counter_value">%s</span> <span class="counter_type">subscribers</span></div></div></div></div></header>`, rounded(int64(c.Members)))
	b.add("<main class=\"tgme_main\" data-url=\"/%s\"><div class=\"tgme_container\">\n", c.Name)
}

func (b *builder) more(c Channel, way string, id int64) {
	b.add(`<div class="tgme_widget_message_centered js-messages_more_wrap"><a href="/s/%s?%s=%d" class="tme_messages_more js-messages_more" data-%s="%d"></a></div>`, c.Name, way, id, way, id)
	b.WriteString("\n")
}

func (b *builder) message(c Channel, p Post) {
	service := ""
	if p.Service {
		service = "service_message "
	}
	b.add(`<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message text_not_supported_wrap %sjs-widget_message" data-post="%s/%d" data-view="eyJjIjotMTAwfQ">`, service, c.Name, p.ID)
	b.add(`<div class="tgme_widget_message_user"><a href="https://t.me/%s"><i class="tgme_widget_message_user_photo bgcolor4" data-content="%s"><img src="https://cdn4.telegram-cdn.org/file/%s.jpg"></i></a></div>`, c.Name, initial(c.Title), c.Name)
	b.WriteString(`<div class="tgme_widget_message_bubble">` + tail)
	b.add(`<div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name" href="https://t.me/%s"><span dir="auto">%s</span></a></div>`, c.Name, c.Title)
	b.forward(p.Forward)
	b.reply(p.Reply)
	b.photos(c, p)
	b.text(p)
	b.footer(c, p)
	b.WriteString("</div></div></div>\n")
}

func initial(title string) string {
	_, n := utf8.DecodeRuneInString(title)
	return title[:n]
}

func (b *builder) forward(o *Origin) {
	if o == nil {
		return
	}
	b.WriteString(`<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;`)
	if o.URL == "" {
		b.add(`<span class="tgme_widget_message_forwarded_from_name"><span dir="auto">%s</span></span></div>`, o.Name)
		return
	}
	b.add(`<a class="tgme_widget_message_forwarded_from_name" href="%s"><span dir="auto">%s</span></a></div>`, o.URL, o.Name)
}

func (b *builder) reply(o *Origin) {
	if o == nil {
		return
	}
	b.add(`<a class="tgme_widget_message_reply user-color-default" href="%s"><div class="tgme_widget_message_author accent_color"><span class="tgme_widget_message_author_name" dir="auto">%s</span></div>`, o.URL, o.Name)
	b.add(`<div class="tgme_widget_message_text js-message_reply_text" dir="auto">%s</div></a>`, o.Text)
}

func (b *builder) photos(c Channel, p Post) {
	switch len(p.Photos) {
	case 0:
	case 1:
		b.add(`<a class="tgme_widget_message_photo_wrap 5470060672080528430 1273597747_456246318" href="https://t.me/%s/%d" style="width:800px;background-image:url('%s')"><div class="tgme_widget_message_photo" style="padding-top:58.625%%"></div></a>`, c.Name, p.ID, p.Photos[0])
	default:
		b.WriteString(`<div class="tgme_widget_message_grouped_wrap js-message_grouped_wrap" data-margin-w="2" data-margin-h="2" style="width:453px;"><div class="tgme_widget_message_grouped js-message_grouped" style="padding-top:100%"><div class="tgme_widget_message_grouped_layer js-message_grouped_layer" style="width:453px;height:453px">`)
		for i, photo := range p.Photos {
			b.add(`<a class="tgme_widget_message_photo_wrap grouped_media_wrap blured js-message_photo" style="left:0px;top:0px;background-image:url('%s')" data-ratio="1.5" href="https://t.me/%s/%d?single"><div class="grouped_media_helper" style="left:0;right:0;"><div class="tgme_widget_message_photo grouped_media" style="left:0;right:0;"></div></div></a>`, photo, c.Name, p.ID+int64(i))
		}
		b.WriteString(`</div></div></div>`)
	}
}

// text writes the words. Those of an album stand in two elements.
func (b *builder) text(p Post) {
	if p.Text == "" {
		return
	}
	const open = `<div class="tgme_widget_message_text js-message_text" dir="auto">`
	words := linked(p.Text)
	if len(p.Photos) > 1 {
		b.WriteString(open)
		defer b.WriteString("</div>")
	}
	b.WriteString(open)
	b.WriteString(strings.ReplaceAll(words, "\n", "<br/>"))
	b.WriteString("</div>\n")
}

// Addresses, hashtags and mentions, as Telegram finds them.
var entity = regexp.MustCompile(`https?://[\w.~:/?#@!$&+,;=%-]*[\w/=&%-]|(?:^|[\s(])[#@][\p{L}\p{N}_]{3,}`)

// Links gives the addresses that the preview makes links of, in order.
func Links(text string) []string {
	var out []string
	for _, s := range entity.FindAllString(text, -1) {
		if strings.HasPrefix(s, "http") {
			out = append(out, s)
		}
	}
	return out
}

func linked(text string) string {
	var b builder
	last := 0
	for _, at := range entity.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		start := at[0]
		if i := strings.IndexAny(word, "#@"); i >= 0 && !strings.HasPrefix(word, "http") {
			start += i
		}
		b.add("%s", text[last:start])
		switch word = text[start:at[1]]; word[0] {
		case '#':
			b.add(`<a href="?q=%s">%s</a>`, url.QueryEscape(word), word)
		case '@':
			b.add(`<a href="https://t.me/%s" target="_blank">%s</a>`, word[1:], word)
		default:
			b.add(`<a href="%s" target="_blank" rel="noopener">%s</a>`, word, word)
		}
		last = at[1]
	}
	b.add("%s", text[last:])
	return b.String()
}

func (b *builder) footer(c Channel, p Post) {
	b.WriteString(`<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short js-message_info">`)
	if p.Views > 0 {
		b.add(`<span class="tgme_widget_message_views">%s</span><span class="copyonly"> views</span>`, rounded(p.Views))
	}
	b.WriteString(`<span class="tgme_widget_message_meta">`)
	if p.Edited {
		b.WriteString(`edited &nbsp;`)
	}
	if p.Signed != "" {
		b.add(`<span class="tgme_widget_message_from_author" dir="auto">%s</span>,&nbsp;`, p.Signed)
	}
	b.add(`<a class="tgme_widget_message_date" href="https://t.me/%s/%d"><time datetime="%s" class="time">%s</time></a></span></div></div>`,
		c.Name, p.ID, p.Date.UTC().Format("2006-01-02T15:04:05-07:00"), p.Date.UTC().Format("15:04"))
}

// rounded writes a count as Telegram does: 999, 1.23K, 12.3K, 123K, 1.2M.
func rounded(n int64) string {
	unit := ""
	v := float64(n)
	for _, next := range []string{"K", "M"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, next
	}
	if unit == "" {
		return strconv.FormatInt(n, 10)
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") + unit
}

// landing renders the page of a name that has no preview.
func landing(c Channel) []byte {
	var b builder
	b.add("<!DOCTYPE html>\n<html><head><title>Telegram: Contact @%s</title></head><body class=\"no_transition\">", c.Name)
	b.WriteString(`<div class="tgme_page_wrap"><div class="tgme_head_wrap"><a class="tgme_head_dl_button" href="//telegram.org/dl">Download</a></div><div class="tgme_body_wrap"><div class="tgme_page">`)
	if c.Kind == nobody {
		b.add(`<div class="tgme_page_icon"><i class="tgme_icon_user"></i></div><div class="tgme_page_description">If you have <strong>Telegram</strong>, you can contact <a class="tgme_username_link" href="tg://resolve?domain=%s">@%s</a> right away.</div>`, c.Name, c.Name)
	} else {
		b.add(`<div class="tgme_page_photo"><a href="tg://resolve?domain=%s"><img class="tgme_page_photo_image" src="https://cdn4.telegram-cdn.org/file/%s.jpg"></a></div><div class="tgme_page_title"><span dir="auto">%s</span></div>`, c.Name, c.Name, c.Title)
	}
	switch c.Kind {
	case Preview, NoPreview:
		b.add(`<div class="tgme_page_extra">%d subscribers</div><div class="tgme_page_additional">If you have <strong>Telegram</strong>, you can view and join <br><strong>%s</strong> right away.</div>`, c.Members, c.Title)
	case Group:
		b.add(`<div class="tgme_page_extra">%d members, 3 online</div>`, c.Members)
	case Person:
		b.add(`<div class="tgme_page_extra">@%s</div><div class="tgme_page_additional">If you have <strong>Telegram</strong>, you can contact <br><strong>%s</strong> right away.</div>`, c.Name, c.Title)
	case Bot:
		b.add(`<div class="tgme_page_extra">%d monthly users</div><div class="tgme_page_action"><a class="tgme_action_button_new" href="tg://resolve?domain=%s">Start Bot</a></div>`, c.Members, c.Name)
	}
	b.WriteString("</div></div></div></body></html>\n")
	return []byte(b.String())
}
