package feeds

// Posts from files that other programs wrote: exports of Telegram Desktop and
// of 4CAT. A file is taken apart into single posts, each with what the file
// says of where it is from, and these are kept as evidence; ImportedPost reads
// one, at the import and at every rebuild after it.

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// The media types under which single posts of such files are kept.
const (
	TypeTelegramExport = "application/vnd.chorus.telegram-export+json"
	TypeFourCAT        = "application/vnd.chorus.4cat+json"
)

// ImportedPost reads one post that TelegramExport or FourCAT gave. now bounds
// the times.
func ImportedPost(mediaType string, raw []byte, now time.Time) (Post, error) {
	switch mediaType {
	case TypeTelegramExport:
		return telegramExported(raw, now)
	case TypeFourCAT:
		return fourCATExported(raw, now)
	}
	return Post{}, fmt.Errorf("%s is no post of another program's file", mediaType)
}

// TelegramExport takes apart the result.json of Telegram Desktop, of one chat
// or a whole account, of any size, in constant memory. each gets the posts in
// the order of the file, and its error ends the reading; bad hears of what
// could not be taken, with its place. A file that ends too soon gives what
// stands before, and an error that says where it ends.
func TelegramExport(r io.Reader, each func(raw []byte) error, bad func(place string, err error)) error {
	return errors.New("exports of Telegram Desktop are not read yet")
}

// FourCAT takes apart a file that 4CAT or Zeeschuimer exported, NDJSON or CSV,
// as TelegramExport does. name is that of the file.
func FourCAT(name string, r io.Reader, each func(raw []byte) error, bad func(place string, err error)) error {
	return errors.New("exports of 4CAT are not read yet")
}

func telegramExported(raw []byte, now time.Time) (Post, error) {
	return Post{}, errors.New("not read yet")
}

func fourCATExported(raw []byte, now time.Time) (Post, error) {
	return Post{}, errors.New("not read yet")
}
