package feeds

// Posts from files that other programs wrote: exports of Telegram Desktop and
// of 4CAT. A file is taken apart into single posts, each with what the file
// says of where it is from, and these are kept as evidence; ImportedPost reads
// one, at the import and at every rebuild after it.

import (
	"errors"
	"fmt"
	"time"

	"chorus/corpus"
)

// The media types under which single posts of such files are kept.
const (
	TypeTelegramExport = "application/vnd.chorus.telegram-export+json"
	TypeFourCAT        = "application/vnd.chorus.4cat+json"
)

// ErrPrivate is what bad hears of chats that are left out on purpose.
var ErrPrivate = errors.New("left out, for private correspondence is not taken")

// ImportedPost reads one post that TelegramExport or FourCAT gave. now bounds
// the times. The item of a post that is refused has its URL, if that is known.
func ImportedPost(mediaType string, raw []byte, now time.Time) (Post, error) {
	switch mediaType {
	case TypeTelegramExport:
		return telegramExported(raw, now)
	case TypeFourCAT:
		return fourCATExported(raw, now)
	}
	return Post{}, fmt.Errorf("%s is no post of another program's file", mediaType)
}

// imported applies the rules that all networks share to one post of a file.
func imported(network string, p Post, now time.Time) (Post, error) {
	r := reader{feed: corpus.Feed{Kind: corpus.FeedKind(network)}, now: now.UTC(), seen: map[string]int{}}
	if !r.addPost(p) {
		return Post{Item: corpus.Item{URL: p.Item.URL}}, fmt.Errorf("%q is no permalink", clip(p.Item.URL, 200))
	}
	return r.reading.Posts[0], nil
}
