package feeds

import "errors"

func (r *reader) mastodon(text []byte) error { return errors.New("mastodon is not read yet") }
