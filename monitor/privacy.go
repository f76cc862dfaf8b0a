package monitor

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"chorus/corpus"
	"chorus/feeds"
)

// privacy decides what becomes of the names of persons in posts. Accounts of
// outlets and officials, which the registry knows, are always named, and so are
// public channels, which are publications. Every other account gets a
// pseudonym: a hash with a key that stays in the data folder, so that one
// person has one pseudonym here, and another one elsewhere.
//
// It hides what documents, the index and exports say. The evidence holds what
// the network sent, and the text of a post its own words.
type privacy struct {
	mode string // pseudonym, named or none
	key  []byte
}

const (
	keyFile     = "privacy.key"
	aliasPrefix = "person-"
)

// newPrivacy reads the key, or makes one.
func newPrivacy(mode, folder string) (privacy, error) {
	path := filepath.Join(folder, keyFile)
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key := make([]byte, 32)
		rand.Read(key)
		if err := os.WriteFile(path, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return privacy{}, fmt.Errorf("key of the pseudonyms: %w", err)
		}
		return privacy{mode, key}, nil
	case err != nil:
		return privacy{}, fmt.Errorf("key of the pseudonyms: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) < 16 {
		return privacy{}, fmt.Errorf("key of the pseudonyms: %s is damaged: restore it from a backup, or delete it to begin with new pseudonyms", path)
	}
	return privacy{mode, key}, nil
}

// name gives the pseudonym of an account.
func (p privacy) name(network, account string) string {
	if p.mode == "none" || account == "" {
		return ""
	}
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(network + "\x00" + strings.ToLower(strings.TrimPrefix(account, "@"))))
	return aliasPrefix + hex.EncodeToString(mac.Sum(nil)[:6])
}

// hide takes the names of persons out of a post.
func (p privacy) hide(x *feeds.Post, registry *feeds.Registry) {
	post := x.Article.Post
	if post == nil || p.mode == "named" {
		return
	}
	own := *post
	x.Article.Post = &own
	if _, known := registry.ByHandle(own.Network, own.Account); !known && x.Item.Feed == "" && !isChannel(own.Network, own.Account, x.Item.URL) {
		alias := p.name(own.Network, firstOf(own.Account, own.Name))
		x.Item.URL = p.address(x.Item.URL, own.Account, alias)
		own.Account, own.Name, own.Author = alias, "", ""
		x.Item.Author, x.Article.Byline = alias, alias
	}
	if own.Author != "" { // who signed it is a person, also in an outlet's channel
		own.Author = p.name(own.Network, own.Author)
		x.Item.Author, x.Article.Byline = own.Author, own.Author
	}
	for _, o := range []**corpus.Origin{&own.Forward, &own.Reply, &own.Quote} {
		if *o != nil {
			hidden := p.hideOrigin(own.Network, **o, registry)
			if hidden.Account != (*o).Account {
				// The address of a repost is that of the original.
				x.Item.URL = replaced(x.Item.URL, (*o).Account, hidden.Account)
			}
			*o = &hidden
		}
	}
	if own.Forward != nil {
		x.Item.ForwardOf = own.Forward.URL
	}
	*post = own
}

func (p privacy) hideOrigin(network string, o corpus.Origin, registry *feeds.Registry) corpus.Origin {
	if _, known := registry.ByHandle(network, o.Account); known && o.Account != "" || isChannel(network, o.Account, o.URL) {
		return o
	}
	alias := p.name(network, firstOf(o.Account, o.Name))
	o.URL = p.address(o.URL, o.Account, alias)
	o.Account, o.Name = alias, ""
	return o
}

// address gives a permalink with the pseudonym in the place of the account.
func (p privacy) address(url, account, alias string) string {
	if url == "" || account == "" || alias == "" {
		return ""
	}
	if isTelegram(url) {
		return url // of a group: it says nothing about who wrote there
	}
	head, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if shown := replaced(url, account, alias); shown != url {
		return shown
	}
	// The account may stand in it by another name: keep only which post it is.
	parts := strings.Split(rest, "/")
	return head + "://" + strings.Join([]string{parts[0], alias, parts[len(parts)-1]}, "/")
}

// replaced gives an address with a name in the place of an account, by itself
// or as the local part of name@instance.
func replaced(url, account, alias string) string {
	local, _, _ := strings.Cut(account, "@")
	parts := strings.Split(url, "/")
	for i, part := range parts {
		if part = strings.TrimPrefix(part, "@"); account != "" && (strings.EqualFold(part, account) || strings.EqualFold(part, local)) {
			parts[i] = alias
		}
	}
	return strings.Join(parts, "/")
}

// isChannel reports whether a post is of a public channel. In a group, the
// account is that of the person who wrote.
func isChannel(network, account, url string) bool {
	if strings.HasPrefix(url, "https://vk.com/wall-") { // of a community
		return true
	}
	number, person := strings.CutPrefix(account, "user")
	return isTelegram(url) && !(network == "telegram" && person && number != "" && strings.Trim(number, "0123456789") == "")
}

func isTelegram(url string) bool { return strings.HasPrefix(url, "https://t.me/") }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
