package feeds

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"chorus/corpus"
)

//go:embed outlets.yaml
var outletsYAML []byte

// Outlets gives the outlets that come with the program, in the order of
// outlets.yaml. The caller owns them.
func Outlets() ([]corpus.Outlet, error) {
	return ReadOutlets("outlets.yaml", bytes.NewReader(outletsYAML))
}

// A Registry finds outlets by id, by host and by social account. It does not
// change once made and may be used from several goroutines. The outlets it
// gives out share their slices and maps with it: read them, do not write.
type Registry struct {
	all      []corpus.Outlet // sorted by id
	byID     map[string]int  // into all
	byHost   map[string]int
	byHandle map[string]int // keyed by handleKey
}

// NewRegistry makes a registry of outlets. It checks every outlet (see
// CheckOutlet) and that no two share an id, a host or a social account, and
// reports all that is wrong at once.
func NewRegistry(outlets []corpus.Outlet) (*Registry, error) {
	var errs []error
	for _, o := range outlets {
		for _, err := range CheckOutlet(o) {
			errs = append(errs, fmt.Errorf("outlet %s: %w", o.ID, err))
		}
	}
	for _, c := range clashes(outlets) {
		errs = append(errs, fmt.Errorf("outlet %s: %w", outlets[c.outlet].ID, c.err))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	r := &Registry{
		all:      slices.Clone(outlets),
		byID:     map[string]int{},
		byHost:   map[string]int{},
		byHandle: map[string]int{},
	}
	slices.SortFunc(r.all, func(a, b corpus.Outlet) int { return strings.Compare(a.ID, b.ID) })
	for i, o := range r.all {
		r.byID[o.ID] = i
		for _, h := range o.Hosts {
			r.byHost[h] = i
		}
		for network, handle := range o.Social {
			r.byHandle[handleKey(network, handle)] = i
		}
	}
	return r, nil
}

// All gives every outlet, sorted by id. The caller owns the slice.
func (r *Registry) All() []corpus.Outlet { return slices.Clone(r.all) }

// Outlet gives the outlet with an id.
func (r *Registry) Outlet(id string) (corpus.Outlet, bool) { return r.at(r.byID, id) }

// ByHost gives the outlet that a host belongs to: the one that lists the host
// itself, or else the nearest of its parent domains. Case, a port and a final
// dot do not matter; a name outside ASCII is looked up in its punycode form.
func (r *Registry) ByHost(host string) (corpus.Outlet, bool) {
	h := plainHost(host)
	for h != "" {
		if o, ok := r.at(r.byHost, h); ok {
			return o, true
		}
		_, h, _ = strings.Cut(h, ".")
	}
	return corpus.Outlet{}, false
}

// ByHandle gives the outlet with an account on a social network. Case and a
// leading @ do not matter.
func (r *Registry) ByHandle(network, handle string) (corpus.Outlet, bool) {
	return r.at(r.byHandle, handleKey(network, handle))
}

// ByURL gives the outlet that a page belongs to: the owner of the account if
// the page is a social network's (t.me/rian_ru/1 is RIA Novosti's), else the
// owner of the host.
func (r *Registry) ByURL(page string) (corpus.Outlet, bool) {
	u, err := url.Parse(page)
	if err != nil {
		return corpus.Outlet{}, false
	}
	if network, handle, ok := accountOf(u); ok {
		if o, ok := r.ByHandle(network, handle); ok {
			return o, true
		}
	}
	return r.ByHost(u.Hostname())
}

func (r *Registry) at(m map[string]int, key string) (corpus.Outlet, bool) {
	if i, ok := m[key]; ok {
		return r.all[i], true
	}
	return corpus.Outlet{}, false
}

// accountOf reads network and handle from the address of a social page.
func accountOf(u *url.URL) (network, handle string, ok bool) {
	network, ok = socialHosts[strings.TrimPrefix(plainHost(u.Host), "www.")]
	if !ok {
		return "", "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	// t.me/s/NAME is the public page of a channel; youtube.com names a channel
	// by /channel/ID, /user/NAME, /c/NAME or /@NAME.
	switch parts[0] {
	case "s", "channel", "user", "c":
		parts = parts[1:]
	}
	if len(parts) == 0 || parts[0] == "" {
		return "", "", false
	}
	return network, parts[0], true
}

var socialHosts = map[string]string{
	"t.me":         "telegram",
	"telegram.me":  "telegram",
	"x.com":        "x",
	"twitter.com":  "x",
	"youtube.com":  "youtube",
	"vk.com":       "vk",
	"vk.ru":        "vk",
	"facebook.com": "facebook",
	"weibo.com":    "weibo",
	"rutube.ru":    "rutube",
	"ok.ru":        "ok",
}

// handleKey is what an account is known by. A YouTube channel id is the one
// handle whose case matters; no two ids of the registry differ in case alone.
func handleKey(network, handle string) string {
	return strings.ToLower(network + "/" + strings.TrimPrefix(handle, "@"))
}

// A clash is a second outlet's claim on what another outlet has.
type clash struct {
	outlet int // index of the second outlet
	err    *FieldError
}

// clashes finds every id, host and social account that two outlets claim.
func clashes(outlets []corpus.Outlet) []clash {
	var found []clash
	owner := map[string]string{}
	claim := func(i int, kind, thing, path string) {
		key := kind + " " + thing
		if first, taken := owner[key]; taken {
			found = append(found, clash{i, fieldErrorf(path, "%q already belongs to outlet %s", thing, first)})
			return
		}
		owner[key] = outlets[i].ID
	}
	for i, o := range outlets {
		if o.ID != "" {
			claim(i, "id", o.ID, "id")
		}
		for j, h := range o.Hosts {
			claim(i, "host", h, fmt.Sprintf("hosts[%d]", j))
		}
		for _, network := range slices.Sorted(maps.Keys(o.Social)) {
			claim(i, "account", handleKey(network, o.Social[network]), "social."+network)
		}
	}
	return found
}

// Merge lays outlets over others. An outlet of over whose id is in base
// replaces the fields that it sets, each of them wholly (a list of feeds takes
// the place of the list, it does not add to it); another id adds an outlet.
// What is not set, so zero, stays: Merge can disable an outlet, not enable it.
// The order is that of base, then that of over. The arguments are not changed;
// the result shares their slices and maps. It is not checked: NewRegistry does.
func Merge(base, over []corpus.Outlet) []corpus.Outlet {
	out := slices.Clone(base)
	at := make(map[string]int, len(out))
	for i, o := range out {
		at[o.ID] = i
	}
	for _, o := range over {
		i, known := at[o.ID]
		if !known {
			at[o.ID] = len(out)
			out = append(out, o)
			continue
		}
		to, from := reflect.ValueOf(&out[i]).Elem(), reflect.ValueOf(o)
		for f := range from.NumField() {
			if !from.Field(f).IsZero() {
				to.Field(f).Set(from.Field(f))
			}
		}
	}
	return out
}
