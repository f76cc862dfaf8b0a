// Package config reads config.yaml. Every key has a default; an unknown key
// or a bad value is refused, all of them at once, each with its place.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"chorus/corpus"
	"chorus/internal/strictyaml"
)

// Config is the whole configuration. See config.yaml for every key.
type Config struct {
	Data       string     `yaml:"data"`
	Server     Server     `yaml:"server"`
	Collect    Collect    `yaml:"collect"`
	Schedule   Schedule   `yaml:"schedule"`
	Outlets    Outlets    `yaml:"outlets"`
	Social     Social     `yaml:"social"`
	Privacy    Privacy    `yaml:"privacy"`
	Retention  Retention  `yaml:"retention"`
	Narratives Narratives `yaml:"narratives"`
	Archive    Archive    `yaml:"archive"`
	Extract    Extract    `yaml:"extract"`
	Index      Index      `yaml:"index"`
	Log        Log        `yaml:"log"`

	file *strictyaml.File
}

// Server is where the pages are served.
type Server struct {
	Listen string `yaml:"listen"`
}

// Collect is how pages are asked for.
type Collect struct {
	UserAgent      string          `yaml:"user_agent"`
	Contact        string          `yaml:"contact"`
	Workers        int             `yaml:"workers"`
	HostDelay      time.Duration   `yaml:"host_delay"`
	ConnectTimeout time.Duration   `yaml:"connect_timeout"`
	Timeout        time.Duration   `yaml:"timeout"`
	MaxBody        Bytes           `yaml:"max_body"`
	MaxFeed        Bytes           `yaml:"max_feed"`
	MaxRedirects   int             `yaml:"max_redirects"`
	MaxItems       int             `yaml:"max_items"`
	Retries        int             `yaml:"retries"`
	Recheck        []time.Duration `yaml:"recheck"`
	MaxAge         time.Duration   `yaml:"max_age"`
	Proxy          string          `yaml:"proxy"`
	CAFile         string          `yaml:"ca_file"`
	AllowNetworks  []netip.Prefix  `yaml:"allow_networks"`
}

// Agent is the User-Agent header with the contact in place.
func (c Collect) Agent() string { return strings.ReplaceAll(c.UserAgent, "%contact%", c.Contact) }

// Schedule is when things happen.
type Schedule struct {
	Poll         When          `yaml:"poll"`
	Housekeeping When          `yaml:"housekeeping"`
	Verify       When          `yaml:"verify"`
	KeepFaults   time.Duration `yaml:"keep_faults"`
}

// Outlets selects and overrides outlets.
type Outlets struct {
	Builtin bool            `yaml:"builtin"`
	Only    []string        `yaml:"only"`
	Except  []string        `yaml:"except"`
	Define  []corpus.Outlet `yaml:"define"`
}

// Social is what is asked of networks.
type Social struct {
	Networks []corpus.FeedKind `yaml:"networks"`
	Pages    int               `yaml:"pages"`
	XPosts   int               `yaml:"x_posts"`
}

// Asks reports whether feeds of a kind are polled.
func (s Social) Asks(kind corpus.FeedKind) bool {
	return !kind.Social() || slices.Contains(s.Networks, kind)
}

// Privacy is what becomes of the names of persons.
type Privacy struct {
	Authors string `yaml:"authors"` // pseudonym, named or none
}

// Retention is how long documents are kept after their page was last fetched, or
// their post last seen; 0 is for ever.
type Retention struct {
	Article    time.Duration `yaml:"article"`
	Post       time.Duration `yaml:"post"`
	Transcript time.Duration `yaml:"transcript"`
}

// Periods gives the retention by kind.
func (r Retention) Periods() map[corpus.Kind]time.Duration {
	return map[corpus.Kind]time.Duration{corpus.KindArticle: r.Article, corpus.KindPost: r.Post, corpus.KindTranscript: r.Transcript}
}

// Narratives is where the analyst's own narratives are, and the threshold.
type Narratives struct {
	Folder    string  `yaml:"folder"`
	Threshold float64 `yaml:"threshold"`
}

// Archive is how evidence is kept.
type Archive struct {
	Segment  Bytes  `yaml:"segment"`
	Operator string `yaml:"operator"`
}

// Extract bounds the reading of pages.
type Extract struct {
	Workers int           `yaml:"workers"`
	Timeout time.Duration `yaml:"timeout"`
}

// Index is how the index is laid out.
type Index struct {
	Partition string `yaml:"partition"`
}

// Log is what is logged, to standard error.
type Log struct {
	Level  slog.Level `yaml:"level"`
	Format string     `yaml:"format"`
}

// Bytes is a size, written as 500KiB, 10MiB, 1GiB or a plain number of bytes.
type Bytes int64

// UnmarshalText reads a size.
func (b *Bytes) UnmarshalText(text []byte) error {
	s, unit := string(text), int64(1)
	for _, u := range []struct {
		name string
		n    int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(rest), u.n
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<50/unit {
		return fmt.Errorf("%q is not a size: write 500KiB, 10MiB or 1GiB", text)
	}
	*b = Bytes(n * unit)
	return nil
}

// When is a schedule: "every 15m", a cron expression of five fields in UTC,
// or empty for never.
type When struct {
	Text string
	Plan cron.Schedule // nil: never
}

// UnmarshalText reads a schedule.
func (w *When) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	*w = When{Text: s}
	if s == "" {
		return nil
	}
	if rest, ok := strings.CutPrefix(s, "every "); ok {
		d, err := strictyaml.Duration(strings.TrimSpace(rest))
		if err != nil {
			return err
		}
		if d < time.Second {
			return fmt.Errorf("%q is too often: one second is the least", s)
		}
		w.Plan = cron.Every(d)
		return nil
	}
	plan, err := cron.ParseStandard(s)
	if err != nil {
		return fmt.Errorf("%q is no schedule: write \"every 15m\" or a cron expression of five fields such as \"0 6 * * 1\" (%v)", s, err)
	}
	if spec, ok := plan.(*cron.SpecSchedule); ok {
		spec.Location = time.UTC
	}
	w.Plan = plan
	return nil
}

// Default is the configuration in defaults, the documented default file.
func Default(defaults []byte) (*Config, error) {
	var c Config
	f, err := strictyaml.Read("default config.yaml", bytes.NewReader(defaults), &c)
	if err != nil {
		return nil, err
	}
	c.file = f
	return &c, c.check(f)
}

// Load reads the file at path over the defaults. With an empty path it reads
// config.yaml in the working folder if there is one. It tells which file was
// read, "" if none was.
func Load(path string, defaults []byte) (c *Config, read string, err error) {
	if c, err = Default(defaults); err != nil {
		return nil, "", fmt.Errorf("default configuration: %w", err)
	}
	if path == "" {
		if _, err := os.Stat("config.yaml"); errors.Is(err, os.ErrNotExist) {
			return c, "", nil
		}
		path = "config.yaml"
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read configuration: %w", err)
	}
	f, err := strictyaml.Read(path, bytes.NewReader(raw), c)
	c.file = f
	return c, path, errors.Join(err, c.check(f))
}

// Problem is a mistake at a path of the file ("outlets.define[2].hosts[0]")
// that shows only where its meaning is known.
func (c *Config) Problem(path, format string, args ...any) error {
	return c.file.Problem(path, format, args...)
}

// leastRetention keeps a slip of the pen from emptying the archive.
const leastRetention = 24 * time.Hour

// maxBody is the largest body that can be kept, with its header and some room.
const maxBody = 200 << 20

func (c *Config) check(f *strictyaml.File) error {
	var errs []error
	bad := func(path, format string, args ...any) { errs = append(errs, f.Problem(path, format, args...)) }
	if c.Data == "" {
		bad("data", "must name a folder")
	}
	if _, _, err := net.SplitHostPort(c.Server.Listen); err != nil {
		bad("server.listen", "%q is not an address: write 127.0.0.1:8080", c.Server.Listen)
	}
	if c.Collect.Proxy != "" && !webURL(c.Collect.Proxy, "http", "https", "socks5", "socks5h") {
		bad("collect.proxy", "%q is not a proxy: write socks5://host:port or http://host:port", c.Collect.Proxy)
	}
	if strings.TrimSpace(c.Collect.UserAgent) == "" || strings.ContainsAny(c.Collect.Agent(), "\r\n") {
		bad("collect.user_agent", "must be one line that says who is asking")
	}
	if c.Collect.Contact == "" {
		bad("collect.contact", "must be an address at which a webmaster can reach you")
	}
	atLeast := func(path string, n, least int64) {
		if n < least {
			bad(path, "must be at least %d", least)
		}
	}
	atLeast("collect.workers", int64(c.Collect.Workers), 1)
	atLeast("collect.max_items", int64(c.Collect.MaxItems), 1)
	atLeast("collect.max_redirects", int64(c.Collect.MaxRedirects), 0)
	atLeast("collect.retries", int64(c.Collect.Retries), 0)
	atLeast("extract.workers", int64(c.Extract.Workers), 0)
	for path, size := range map[string]Bytes{"collect.max_body": c.Collect.MaxBody, "collect.max_feed": c.Collect.MaxFeed} {
		atLeast(path, int64(size), 1<<10)
		if size > maxBody {
			bad(path, "must be at most %d MiB: a record of the archive takes no more", maxBody>>20)
		}
	}
	for i, n := range c.Social.Networks {
		if !n.Social() {
			bad(fmt.Sprintf("social.networks[%d]", i), "%q is no network: telegram, bluesky, mastodon, youtube, vk, x", n)
		}
	}
	atLeast("social.pages", int64(c.Social.Pages), 1)
	atLeast("social.x_posts", int64(c.Social.XPosts), 0)
	if a := c.Privacy.Authors; a != "pseudonym" && a != "named" && a != "none" {
		bad("privacy.authors", "%q is neither pseudonym, named nor none", a)
	}
	for kind, d := range c.Retention.Periods() {
		if d < 0 || d > 0 && d < leastRetention {
			bad("retention."+string(kind), "must be 0s, which keeps for ever, or at least %s: documents are looked at again, and removed for ever", leastRetention)
		}
	}
	atLeast("archive.segment", int64(c.Archive.Segment), 1<<20)
	for path, d := range map[string]time.Duration{"collect.timeout": c.Collect.Timeout, "collect.connect_timeout": c.Collect.ConnectTimeout, "extract.timeout": c.Extract.Timeout} {
		if d < time.Second {
			bad(path, "must be at least 1s")
		}
	}
	if c.Schedule.Poll.Text == "" {
		bad("schedule.poll", "must say when")
	}
	if t := c.Narratives.Threshold; t < 0 || t > 1 {
		bad("narratives.threshold", "must lie between 0 and 1")
	}
	if p := c.Index.Partition; p != "month" && p != "quarter" {
		bad("index.partition", "%q is neither month nor quarter", p)
	}
	if l := c.Log.Format; l != "text" && l != "json" {
		bad("log.format", "%q is neither text nor json", l)
	}
	return errors.Join(errs...)
}

func webURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return false
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			return true
		}
	}
	return false
}
