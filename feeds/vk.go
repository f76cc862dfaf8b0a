package feeds

import "errors"

func (r *reader) vk(text []byte) error { return errors.New("vk is not read yet") }
