package feeds

import "errors"

func (r *reader) x(text []byte) error { return errors.New("x is not read yet") }
