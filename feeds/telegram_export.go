package feeds

// The export of Telegram Desktop: result.json, of one chat or of a whole
// account. This file takes it apart, telegram_exported.go reads one post.
//
// One chat is {"name", "type", "id", "messages": [...]}. An account has its
// chats in {"chats": {"list": [...]}, "left_chats": {"list": [...]}}, among its
// owner's address book, sessions and much else that is passed over.
//
// What is not taken: private correspondence, that is every chat that is neither
// a channel nor a group; the cards of contacts, with their telephone numbers;
// and the lists of who reacted. They do not reach the evidence either.
//
// The export does not name its albums. Consecutive messages are one if they
// have all that the members of an album share (see telegramAlbum).

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	maxMessageBytes = 1 << 20 // of text there are 4096 characters at most
	maxAlbum        = 10      // Telegram's own limit
	maxLeftKinds    = 20
)

// TelegramExport takes apart the result.json of Telegram Desktop, of one chat
// or a whole account, of any size, in constant memory. each gets the posts in
// the order of the file, as {"chat": {...}, "messages": [...]}, several of an
// album; raw is its own until it returns, and its error ends the reading. bad
// hears of what could not be taken, with its place: of every message, and once
// of the chats that are private correspondence. A file that ends too soon gives
// what stands before, and an error that says where it ends.
func TelegramExport(r io.Reader, each func(raw []byte) error, bad func(place string, err error)) error {
	x := telegramExport{in: newJSONStream(r), each: each, bad: bad, left: map[string]int{}}
	err := x.file()
	if x.failed == nil {
		err = errors.Join(err, x.flush())
	}
	x.tellLeft()
	return err
}

// A telegramExport is being taken apart.
type telegramExport struct {
	in     *jsonStream
	each   func([]byte) error
	bad    func(string, error)
	failed error          // of each
	left   map[string]int // chats that are not taken, by kind

	head  []byte        // `{"chat":{...},"messages":[` of the chat
	album telegramAlbum // what of it is not given to each yet
	post  []byte        // that, as each will get it
}

// A telegramChat says where messages are from. Username is not written by
// Telegram Desktop itself, but by other programs with the same format.
type telegramChat struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	ID       int64  `json:"id"`
	Username string `json:"username,omitempty"`
}

// file reads the whole file. The chat of an export of one stands at the top.
func (x *telegramExport) file() error {
	if c, err := x.in.peek(); err == nil && c != '{' {
		return fmt.Errorf("expected result.json of Telegram Desktop, found %q in place of an object", c)
	}
	found := false
	err := x.chat(func(key string) (bool, error) {
		switch key {
		case "messages":
			found = true
		case "chats", "left_chats":
			found = true
			return true, x.chats(key)
		}
		return false, nil
	})
	if err == nil && !found {
		return errors.New("expected result.json of Telegram Desktop, found neither chats nor messages")
	}
	return err
}

func (x *telegramExport) chats(place string) error {
	if c, err := x.in.peek(); err != nil || c != '{' {
		return x.pass(place, "is no list of chats")
	}
	return x.in.object(func(key string) error {
		if key != "list" {
			return x.in.skip()
		}
		if c, err := x.in.peek(); err != nil || c != '[' {
			return x.pass(place, "is no list of chats")
		}
		return x.in.list(func() error {
			if c, err := x.in.peek(); err != nil || c != '{' {
				return x.pass(fmt.Sprintf("%s, byte %d", place, x.in.base), "is no chat")
			}
			return x.chat(func(string) (bool, error) { return false, nil })
		})
	})
}

// pass skips what is not as it should be.
func (x *telegramExport) pass(place, reason string) error {
	if err := x.in.skip(); err != nil {
		return err
	}
	x.bad(place, errors.New(reason))
	return nil
}

// chat reads a chat. other sees every key first, and says if it has used it.
func (x *telegramExport) chat(other func(key string) (bool, error)) error {
	var c telegramChat
	return x.in.object(func(key string) error {
		if used, err := other(key); used || err != nil {
			return err
		}
		switch key {
		case "name":
			return x.member(&c.Name)
		case "type":
			return x.member(&c.Type)
		case "id":
			return x.member(&c.ID)
		case "username":
			return x.member(&c.Username)
		case "messages":
			return x.messages(c)
		}
		return x.in.skip()
	})
}

// member reads a member of a chat. One of a wrong type is as good as none.
func (x *telegramExport) member(to any) error {
	raw, err := x.in.value(maxKeyBytes)
	if err == nil {
		_ = json.Unmarshal(raw, to)
	} else if err == errTooLong {
		err = nil
	}
	return err
}

func (x *telegramExport) messages(c telegramChat) error {
	if !c.published() {
		x.leave(c.Type)
		return x.in.skip()
	}
	place := fmt.Sprintf("chat %q", clip(c.Name, 200))
	if c.ID == 0 {
		return x.pass(place, "has no number (id) before its messages, so they have no permalinks")
	}
	if first, err := x.in.peek(); err != nil || first != '[' {
		return x.pass(place, "its messages are no list")
	}
	head, err := json.Marshal(c)
	if err != nil {
		return err
	}
	x.head = slices.Concat([]byte(`{"chat":`), head, []byte(`,"messages":[`))
	err = x.in.list(func() error { return x.message(place) })
	if x.failed != nil {
		return err
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", place, err)
	}
	return errors.Join(err, x.flush())
}

// published reports whether a chat is a channel or a group. The export tells
// the public ones from the private, which are open to all their members.
func (c telegramChat) published() bool {
	switch c.Type {
	case "public_channel", "private_channel", "public_supergroup", "private_supergroup", "public_group", "private_group":
		return true
	}
	return false
}

func (x *telegramExport) leave(kind string) {
	if _, ok := x.left[kind]; !ok && len(x.left) >= maxLeftKinds {
		kind = "..."
	}
	x.left[kind]++
}

// tellLeft says once which chats were left out, and why.
func (x *telegramExport) tellLeft() {
	private, unknown := 0, 0
	var kinds, strange []string
	for _, kind := range slices.Sorted(maps.Keys(x.left)) {
		n := x.left[kind]
		said := fmt.Sprintf("%d of type %q", n, clip(kind, 60))
		switch kind {
		case "personal_chat", "bot_chat", "saved_messages", "replies", "verify_codes", "verification_codes":
			private += n
			kinds = append(kinds, said)
		default:
			unknown += n
			strange = append(strange, said)
		}
	}
	if private > 0 {
		x.bad(count(private, "chat"), fmt.Errorf("%w: %s", ErrPrivate, strings.Join(kinds, ", ")))
	}
	if unknown > 0 {
		x.bad(count(unknown, "chat"), fmt.Errorf("left out, for it is not known that they are channels or groups, or it is said behind their messages: %s", strings.Join(strange, ", ")))
	}
}

// message reads one message, and gives on what is complete before it.
func (x *telegramExport) message(place string) error {
	if _, err := x.in.peek(); err != nil {
		return err
	}
	at := x.in.base
	raw, err := x.in.value(maxMessageBytes)
	if err != nil && err != errTooLong {
		return err
	}
	var m telegramMessage
	if err == nil {
		if m, err = readTelegramMessage(raw); err != nil && !json.Valid(raw) {
			if better := mended(raw); json.Valid(better) {
				raw = better
				m, err = readTelegramMessage(raw)
			}
		}
	} else {
		err = fmt.Errorf("longer than %d bytes", maxMessageBytes)
	}
	if err != nil {
		x.bad(place+", "+placeOfMessage(m, at), err)
		return nil
	}
	if x.album.takes(&m) {
		x.post = append(x.post, ',')
	} else {
		if err := x.flush(); err != nil {
			return err
		}
		x.album.begin(&m)
		x.post = append(x.post[:0], x.head...)
	}
	x.post = append(x.post, m.withoutPersons(raw)...)
	return nil
}

func placeOfMessage(m telegramMessage, at int64) string {
	if m.ID > 0 {
		return "message " + strconv.FormatInt(int64(m.ID), 10)
	}
	return "message at byte " + strconv.FormatInt(at, 10)
}

// flush gives on the post that is held.
func (x *telegramExport) flush() error {
	if x.album.size == 0 {
		return nil
	}
	x.album.size = 0
	x.post = append(x.post, "]}"...)
	x.failed = x.each(x.post)
	return x.failed
}

// withoutPersons takes out of a message what is never kept: the card of a
// contact, and the names of those who reacted. That there were any stays
// visible.
func (m *telegramMessage) withoutPersons(raw []byte) []byte {
	named := m.Contact != nil || m.VCard != nil
	for _, r := range m.Reactions {
		named = named || r.Recent != nil
	}
	if !named {
		return raw
	}
	return rewritten(raw, func(key string, value []byte) []byte {
		switch {
		case strings.EqualFold(key, "contact_information"), strings.EqualFold(key, "contact_vcard"):
			return []byte("{}")
		case strings.EqualFold(key, "reactions"):
			return withoutReactors(value)
		}
		return value
	})
}

// withoutReactors empties the lists of who reacted.
func withoutReactors(raw []byte) []byte {
	var reactions []json.RawMessage
	if json.Unmarshal(raw, &reactions) != nil {
		return []byte("[]")
	}
	out := []byte{'['}
	for i, r := range reactions {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, rewritten(r, func(key string, value []byte) []byte {
			if strings.EqualFold(key, "recent") {
				return []byte("[]")
			}
			return value
		})...)
	}
	return append(out, ']')
}

// rewritten gives a JSON object with other values.
func rewritten(raw []byte, change func(key string, value []byte) []byte) []byte {
	out := []byte{'{'}
	for key, value := range members(raw) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			continue
		}
		out = append(append(append(out, name...), ':'), change(key, value)...)
	}
	return append(out, '}')
}
