package feeds

import "errors"

func (r *reader) youtube(text []byte) error { return errors.New("youtube is not read yet") }
