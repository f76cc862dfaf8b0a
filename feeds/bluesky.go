package feeds

import "errors"

func (r *reader) bluesky(text []byte) error { return errors.New("bluesky is not read yet") }
