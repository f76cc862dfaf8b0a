package feeds

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"chorus/corpus"
)

// wall is a page of riverpost's wall.
func wall(count int, posts ...string) string {
	return fmt.Sprintf(`{"response":{"count":%d,"items":[%s],"groups":[{"id":7,"name":"River","screen_name":"riverpost"}]}}`, count, strings.Join(posts, ","))
}

// wallPost is a post with some text and more fields.
func wallPost(id int, text, more string) string {
	words, _ := json.Marshal(text)
	return fmt.Sprintf(`{"id":%d,"owner_id":-7,"from_id":-7,"date":1795428000,"text":%s%s}`, id, words, more)
}

func TestVKRefusals(t *testing.T) {
	failed := func(code int, message string) string {
		return fmt.Sprintf(`{"error":{"error_code":%d,"error_msg":%q,"request_params":[{"key":"access_token","value":"secret-in-the-request"}]}}`, code, message)
	}
	checkRefusals(t, corpus.FeedVK, "", []refused{
		{"a bad token", failed(5, "User authorization failed: invalid access_token (4)."), corpus.FaultDenied, "VK does not accept the token; VK says: error 5: User authorization failed"},
		{"a bad group token", failed(27, "Group authorization failed"), corpus.FaultDenied, "VK does not accept the token"},
		{"a bad service token", failed(28, "Application authorization failed"), corpus.FaultDenied, "VK does not accept the token"},
		{"too fast", failed(6, "Too many requests per second"), corpus.FaultThrottled, "VK is asked too often"},
		{"flood", failed(9, "Flood control"), corpus.FaultThrottled, "VK has been asked the same too often"},
		{"the day's limit", failed(29, "Rate limit reached"), corpus.FaultThrottled, "what VK gives in a day is used up"},
		{"closed", failed(15, "Access denied: wall is disabled"), corpus.FaultDenied, "the wall is closed to us; VK says: error 15: Access denied: wall is disabled"},
		{"private", failed(30, "This profile is private"), corpus.FaultDenied, "the profile is private"},
		{"deleted", failed(18, "User was deleted or banned"), corpus.FaultGone, "the account is deleted or banned"},
		{"nobody", failed(100, "One of the parameters specified was missing or invalid: owner_id is undefined"), corpus.FaultGone, "no account has this name, or the address of the feed is wrong"},
		{"captcha", failed(14, "Captcha needed"), corpus.FaultDenied, "VK wants a person to confirm the token"},
		{"its own trouble", failed(10, "Internal server error"), corpus.FaultServer, "VK says: error 10"},
		{"our mistake", failed(3, "Unknown method passed"), corpus.FaultFormat, "VK says: error 3: Unknown method passed"},
		{"an error of another shape", `{"error":"invalid_client","error_description":"x"}`, corpus.FaultFormat, "expected a wall of VK, but it has no response"},
		{"no posts", wall(0), corpus.FaultEmpty, "an empty answer"},
		{"a banned community", `{"response":{"count":0,"items":[],"groups":[{"id":7,"screen_name":"RiverPost","deactivated":"banned"}]}}`, corpus.FaultDenied, "VK has banned the account"},
		{"a closed community", `{"response":{"count":0,"items":[],"groups":[{"id":7,"screen_name":"riverpost","is_closed":1}]}}`, corpus.FaultDenied, "the community is closed"},
	})
}

func TestVKNeverShowsTheToken(t *testing.T) {
	const token = "vk1.a.Secret0123456789Secret0123456789Secret0123456789"
	address := accounts[corpus.FeedVK] + "&access_token=" + token
	for _, text := range []string{
		`{"error":{"error_code":5,"error_msg":"invalid access_token ` + token + `","request_params":[{"key":"access_token","value":"` + token + `"}]}}`,
		`{"error":{"error_code":3,"error_msg":"` + token + `"}}`,
	} {
		if _, fault := readAccount(corpus.FeedVK, address, text, corpus.Feed{}); fault == nil || strings.Contains(fault.Reason, "Secret") {
			t.Errorf("fault %v", fault)
		}
	}
	if r := mustReadAccount(t, corpus.FeedVK, address, wall(500, wallPost(1, "a", ""))); r.Next == "" || strings.Contains(r.Next, "Secret") {
		t.Errorf("Next = %q", r.Next)
	}
}

func TestVKPagesBack(t *testing.T) {
	const base = "https://api.vk.com/method/wall.get?count=100&domain=riverpost"
	page := func(count int) string { return wall(count, wallPost(1, "a", "")) }
	for _, c := range []struct{ name, address, text, next string }{
		{"a first page", base, page(250), base + "&offset=100"},
		{"a later page", base + "&offset=100", page(250), base + "&offset=200"},
		{"the last page", base + "&offset=200", page(250), ""},
		{"after the last page", base + "&offset=300", wall(250), ""},
		{"a page of unknown size", "https://api.vk.com/method/wall.get?domain=riverpost", page(250), "https://api.vk.com/method/wall.get?domain=riverpost&offset=20"},
		{"an offset that is none", base + "&offset=-7", page(250), base + "&offset=100"},
	} {
		if r := mustReadAccount(t, corpus.FeedVK, c.address, c.text); r.Next != c.next {
			t.Errorf("%s: Next = %q, want %q", c.name, r.Next, c.next)
		}
	}
}

func TestVKWords(t *testing.T) {
	for text, c := range map[string]struct{ want, links string }{
		"спасибо [club123|Порту] и [id1|Анне]":            {"спасибо Порту и Анне", ""},
		"[id8:bp-7_210|Анна], да":                         {"Анна, да", ""},
		"[да|нет] [club|x] [id1|] []":                     {"[да|нет] [club|x] [id1|] []", ""},
		"[https://a.example/x|сюда] и https://b.example.": {"сюда и https://b.example.", "https://a.example/x https://b.example"},
		"[javascript:alert(1)|x]":                         {"[javascript:alert(1)|x]", ""},
		"a &lt;b&gt; &amp; &quot;c&quot;":                 {`a <b> & "c"`, ""},
		"раз\n\n\n\nдва\nтри":                             {"раз\n\nдва\nтри", ""},
		strings.Repeat("[id1|", 1000):                     {strings.Repeat("[id1|", 1000), ""},
	} {
		a := mustReadAccount(t, corpus.FeedVK, "", wall(1, wallPost(1, text, ""))).Posts[0].Article
		if links := strings.Join(urlsOf(a.Links), " "); a.Text != c.want || links != c.links {
			t.Errorf("%q is read as %q with %q, want %q with %q", text, a.Text, links, c.want, c.links)
		}
	}
}

func TestVKForwardOfTheOwnWall(t *testing.T) {
	p := mustReadAccount(t, corpus.FeedVK, "", wall(1, wallPost(9, "", `,"copy_history":[`+wallPost(3, "Мост", "")+`]`))).Posts[0]
	if p.Item.URL != "https://vk.com/wall-7_9" || p.Item.ForwardOf != "https://vk.com/wall-7_3" || p.Article.Post.Forward.Account != "riverpost" || p.Article.Text != "Мост" {
		t.Errorf("Read = %+v, %+v", p.Item, p.Article.Post.Forward)
	}
}

func TestVKPartsOfWrongShapeCostNoPost(t *testing.T) {
	for _, more := range []string{
		`"attachments":7`, `"attachments":[7,null,{},{"type":7},{"type":"photo"},{"type":"photo","photo":7},{"type":"photo","photo":{"sizes":[{"url":7},null,{"url":"javascript:x"}]}}]`,
		`"attachments":[{"type":"poll","poll":{"answers":[{"text":7,"votes":-1}]}},{"type":"link","link":{"url":"javascript:x"}},{"type":"video","video":{"id":"x","duration":-5}}]`,
		`"likes":7`, `"views":{"count":"many"}`, `"geo":[]`, `"donut":7`, `"edited":-7`, `"signer_id":"x"`, `"copyright":{"link":"javascript:x"}`, `"copy_history":[]`, `"copy_history":null`,
	} {
		r := mustReadAccount(t, corpus.FeedVK, "", wall(1, wallPost(1, "Мост", ","+more)))
		checkNetworkPosts(t, r)
		if len(r.Posts) != 1 || !strings.HasPrefix(r.Posts[0].Article.Text, "Мост") || len(r.Posts[0].Article.Links) > 0 {
			t.Errorf("%s: %+v", more, r.Posts)
		}
	}
}

func TestVKBrokenRepostIsNoPostOfTheAccount(t *testing.T) {
	for _, broken := range []string{
		wallPost(1, "x", `,"copy_history":7`), `{"id":1,"owner_id":-7}`, `{"id":0,"owner_id":-7,"text":"x"}`, `{"id":1e30,"owner_id":-7,"text":"x"}`, `{"id":-1,"owner_id":-7,"text":"x"}`,
	} {
		r, fault := readAccount(corpus.FeedVK, "", wall(2, broken, wallPost(2, "Мост", "")), corpus.Feed{})
		if fault != nil || len(r.Posts) != 1 || r.Posts[0].Item.URL != "https://vk.com/wall-7_2" || len(r.Warnings) == 0 {
			t.Errorf("%s: %+v, %v", broken, r.Posts, fault)
		}
	}
}

func TestVKTimesOutOfRange(t *testing.T) {
	for _, date := range []string{"-1", "9223372036854775807", "99999999999", "0", "null", `"x"`} {
		r := mustReadAccount(t, corpus.FeedVK, "", wall(1, `{"id":1,"owner_id":-7,"text":"x","date":`+date+`}`))
		checkNetworkPosts(t, r)
		if !r.Posts[0].Item.Published.IsZero() {
			t.Errorf("%s is read as %v", date, r.Posts[0].Item.Published)
		}
	}
}

func FuzzVK(f *testing.F) {
	fuzzNetwork(f, corpus.FeedVK, wall(1, wallPost(1, "[id1|a] https://b.example", "")), wall(0), `{"error":{"error_code":15,"error_msg":"Access denied"}}`)
}
